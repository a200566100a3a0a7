#include "generation.hpp"

#include "assemble.hpp"
#include "prompt_texts.hpp"

#include <spawnai/core/id.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace spawnai::claude {
namespace {

constexpr int k_continuations = 3;
constexpr std::size_t k_little_text = 200;          // characters that are not worth continuing
constexpr std::int64_t k_output_tokens = 96000;     // of one reply with its continuations
constexpr std::size_t k_reply_limit = 8U << 20U;    // bytes of one reply
constexpr std::size_t k_raw_limit = 16U << 20U;     // bytes of earlier replies that are kept
constexpr std::size_t k_long_line = 2000;           // a cut line from this length on is kept
constexpr std::size_t k_quoted_reply = 48U << 10U;  // a longer unusable reply is not sent back
constexpr std::int64_t k_least_output = 256;        // tokens; less is not worth a call

std::string joined(const std::vector<std::string>& parts) {
    std::string all;
    for (const std::string& part : parts) all += (all.empty() ? "" : ", ") + part;
    return all;
}

std::string right_trimmed(std::string_view text) {
    return std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
}

bool cut_by_length(const std::string& stop_reason) {
    return stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded";
}

}  // namespace

Generation::Generation(const GenerationRequest& request, GenerationObserver& observer, MessagesClient& client,
                       const ModelSettings& settings, const ModelPrices& prices, const Log& log, std::stop_token stop)
    : request_(request),
      observer_(observer),
      client_(client),
      settings_(settings),
      prices_(prices),
      log_(log),
      stop_(std::move(stop)),
      model_(request.model.empty() ? settings.model : request.model) {
    nonce_ = choose_nonce(request, [] { return random_token(6); });
    spec_.model = model_;
    spec_.effort = default_effort(model_, prices);
    spec_.system = system_prompt(request.type);
    ordinary_max_tokens_ = settings.max_output.value_or(default_max_tokens(model_, prices));
    base_ = original();
    resolved_model_ = model_;
    if (const ModelInfo* info = prices.find(model_)) characters_per_token_ = info->characters_per_token;
}

// Asking and reading.

Outcome Generation::run() {
    const std::vector<Turn> turns{
        {Turn::Role::user, first_message(request_, nonce_, wants_edit_blocks(request_, model_))}};
    std::vector<Turn> asked = turns;
    CallPurpose purpose = CallPurpose::first;
    bool edits_repaired = false;
    while (true) {
        const End end = converse(asked, purpose);
        if (end != End::complete && end != End::unusable) return ended(end);
        const std::string objection = end == End::complete             ? build()
                                      : parser_->reply().fatal.empty() ? too_long_
                                                                       : parser_->reply().fatal;
        if (objection.empty()) return generated();
        log_.write(LogLevel::debug, "model.unusable_reply", Json{{"reason", objection}, {"reply", reply_}});
        // One more request for edits that do not fit, one for the whole app, then the caller has to decide.
        if (!edit_failures_.empty() && !edits_repaired) {
            edits_repaired = true;
            purpose = CallPurpose::edit_repair;
        } else if (!reformatted_) {
            reformatted_ = true;
            purpose = CallPurpose::reformat;
            edit_failures_.clear();
            base_ = original();
            observer_.on_restart();
        } else {
            return not_generated(NoAppReason::unparsable,
                                 fmt::format("the reply could not be used: {}", one_line(objection, 500)));
        }
        note(ModelNote::Kind::reformatting, objection);
        asked = with_objection(turns, objection);
    }
}

std::vector<GeneratedFile> Generation::original() const {
    return request_.simpler ? std::vector<GeneratedFile>{} : request_.previous;
}

std::vector<Turn> Generation::with_objection(std::vector<Turn> turns, const std::string& objection) const {
    const std::string wish =
        edit_failures_.empty()
            ? render_prompt("reformat.md", {{"nonce", nonce_}, {"reason", one_line(objection, 500)}})
            : render_prompt("edit_repair.md", {{"nonce", nonce_}, {"failures", describe_failures(edit_failures_)}});
    if (trim(reply_).empty() || reply_.size() > k_quoted_reply) {
        turns.back().text += "\n\n" + wish;
    } else {
        turns.push_back({Turn::Role::assistant, right_trimmed(reply_)});
        turns.push_back({Turn::Role::user, wish});
    }
    return turns;
}

void Generation::begin_reply() {
    if (earlier_.size() + reply_.size() <= k_raw_limit) earlier_ += reply_;
    if (!earlier_.empty() && !earlier_.ends_with('\n')) earlier_.push_back('\n');
    reply_.clear();
    too_long_.clear();
    joiner_.reset();
    parser_.emplace(nonce_, [this](const GeneratedFile& file) { observer_.on_file(file); });
}

Generation::End Generation::converse(const std::vector<Turn>& turns, CallPurpose purpose) {
    begin_reply();
    std::vector<Turn> asked = turns;
    int continuations = 0;
    int cuts = 0;
    bool enlarged = false;
    const std::int64_t output_before = spent_usage_.output;
    spec_.max_tokens = ordinary_max_tokens_;
    while (true) {
        if (!affordable(asked)) return End::over_budget;
        const std::size_t before = reply_.size();
        ask(asked, purpose);
        const Message& message = result_.attempt.message;
        if (over_budget_) return End::over_budget;
        if (parser_->failed() || !too_long_.empty()) return End::unusable;
        if (message.stop_reason == "refusal") return End::refused;
        const bool by_length = cut_by_length(message.stop_reason);
        const bool by_transport = result_.cut.has_value();
        if (!by_length && !by_transport) {
            parser_->finish();
            if (parser_->failed()) return End::unusable;
            if (!reply_.ends_with('\n')) reply_.push_back('\n');
            const bool open = !all_there() && !parser_->open_path().empty();
            if (open && continuations == k_continuations) return End::truncated;
            // What is missing is asked for once; a reply without a single file needs another treatment.
            if (!open && (all_there() || continuations > 0 || !parser_->reply().any())) return End::complete;
        } else if (all_there()) {
            return End::complete;
        }
        if (by_transport && ++cuts > 1) throw *result_.cut;
        if (by_length && capped_by_budget_) return End::over_budget;

        // A line that was cut is written again, unless it is so long that it would be cut again.
        const std::size_t last_line = reply_.rfind('\n') == std::string::npos ? 0 : reply_.rfind('\n') + 1;
        const bool mid_line = reply_.size() - last_line > k_long_line;
        if (!mid_line) {
            reply_.resize(last_line);
            (void)parser_->drop_partial_line();
        }
        const bool little = reply_.size() < k_little_text && continuations == 0;
        if (trim(reply_).empty() || (by_length && little)) {
            // Nothing to continue: hidden thoughts took the room, or the connection went before the first line.
            if (by_length) {
                if (enlarged) return End::truncated;
                enlarged = true;
                const ModelInfo* info = prices_.find(model_);
                spec_.max_tokens =
                    std::min(2 * spec_.max_tokens, info == nullptr ? 2 * spec_.max_tokens : info->max_output);
                spec_.effort = lower_effort(spec_.effort, model_, prices_);
            }
            if (!parser_->reply().files.empty()) observer_.on_restart();
            begin_reply();
            note(ModelNote::Kind::continuing, "the reply broke off at its beginning", 1);
            continue;
        }
        const ModelInfo* info = prices_.find(model_);
        if (message.stop_reason == "model_context_window_exceeded" && info != nullptr &&
            tokens(result_.attempt.request_bytes + reply_.size()) + k_least_output > info->context)
            return End::truncated;
        const bool nothing_new = continuations > 0 && (reply_.size() < before + k_little_text);
        if (continuations == k_continuations || (by_length && nothing_new) ||
            spent_usage_.output - output_before > k_output_tokens)
            return End::truncated;
        ++continuations;
        note(ModelNote::Kind::continuing,
             by_length      ? "the reply reached its length limit"
             : by_transport ? result_.cut->what()
                            : "the reply ended before its last tag",
             continuations);
        asked = continuation(turns);
        purpose = CallPurpose::continuation;
        joiner_.emplace(
            Joint{reply_, mid_line, nonce_, parser_->editing() ? std::string_view() : parser_->open_path(),
                  parser_->open_content()},
            [this](std::string_view text) { consume(text); }, [this] { forget_open_file(); });
    }
}

// Whether everything came that was announced, or at least the one file that a page needs.
bool Generation::all_there() {
    if (!parser_->open_path().empty() && !parser_->editing() &&
        looks_whole(parser_->open_path(), parser_->open_content())) {
        note(ModelNote::Kind::repaired, fmt::format("the closing tag of '{}' was missing", parser_->open_path()));
        parser_->close_open_file();
    }
    if (!parser_->open_path().empty() || !parser_->reply().any()) return false;
    if (parser_->reply().manifest && !parser_->reply().manifest->files.empty()) {
        const std::vector<std::string> missing = parser_->missing();
        return std::all_of(missing.begin(), missing.end(), [this](const std::string& path) {
            return std::any_of(base_.begin(), base_.end(),
                               [&](const GeneratedFile& file) { return file.path == path; });
        });
    }
    return true;
}

void Generation::ask(const std::vector<Turn>& turns, CallPurpose purpose) {
    purpose_ = purpose;
    CallSpec spec = spec_;
    spec.turns = turns;
    result_ = client_.call(spec, *this, stop_);
    if (joiner_ && !over_budget_ && too_long_.empty() && !parser_->failed()) joiner_->finish();
    joiner_.reset();
    if (const std::size_t broken = result_.attempt.message.broken_events; broken > 0)
        note(ModelNote::Kind::repaired,
             fmt::format("{} events of the stream could not be read: text may be missing", broken));
}

std::vector<Turn> Generation::continuation(const std::vector<Turn>& turns) {
    std::vector<Turn> all = turns;
    all.push_back({Turn::Role::assistant, right_trimmed(reply_)});
    if (!parser_->open_path().empty()) {
        all.push_back(
            {Turn::Role::user, render_prompt(parser_->editing() ? "continue_edit.md" : "continue_file.md",
                                             {{"nonce", nonce_}, {"path", parser_->open_path()}, {"tail", tail()}})});
        return all;
    }
    std::vector<std::string> done;
    for (const GeneratedFile& file : parser_->reply().files) done.push_back(file.path);
    all.push_back({Turn::Role::user, render_prompt("continue_between.md", {{"nonce", nonce_},
                                                                           {"done", joined(done)},
                                                                           {"missing", joined(parser_->missing())}})});
    return all;
}

std::string Generation::tail() const {
    const std::string_view last = last_lines(reply_, 3);
    return right_trimmed(last.size() > 1000 ? last.substr(last.size() - 1000) : last);
}

void Generation::consume(std::string_view text) {
    if (reply_.size() + text.size() > k_reply_limit) {
        too_long_ = fmt::format("it is longer than {} bytes", k_reply_limit);
        return;
    }
    reply_.append(text);
    parser_->feed(text);
}

void Generation::forget_open_file() {
    parser_->restart_open_file();
    const std::size_t tag = reply_.rfind("<file-" + nonce_);
    if (tag != std::string::npos) reply_.resize(std::min(reply_.size(), reply_.find('\n', tag) + 1));
}

// From a reply to an app.

std::string Generation::build() {
    std::optional<Manifest> manifest = parser_->reply().manifest;
    if (!parser_->reply().any())
        if (std::string objection = read_loosely(); !objection.empty()) return objection;
    for (const std::string& flaw : parser_->reply().flaws) note(ModelNote::Kind::repaired, flaw);
    if (parser_->reply().manifest) manifest = parser_->reply().manifest;
    if (std::string objection = apply_reply(); !objection.empty()) return objection;
    return assemble(app_, std::move(base_), manifest, request_);
}

// The nonce was left out or mistaken, or there are no tags at all.
std::string Generation::read_loosely() {
    const std::optional<std::string> suffix = find_any_tag_suffix(reply_);
    if (suffix) {
        note(ModelNote::Kind::repaired, "the tags had another nonce");
        parser_.emplace(*suffix, [this](const GeneratedFile& file) { observer_.on_file(file); });
        parser_->feed(reply_);
        parser_->finish();
        if (!parser_->failed() && !parser_->open_path().empty() && !parser_->editing()) parser_->close_open_file();
        return parser_->reply().fatal;
    }
    const std::optional<GeneratedFile> file = file_from_untagged(reply_, request_.type);
    if (!file) return trim(reply_).empty() ? "it is empty" : "it holds none of the tags that were asked for";
    note(ModelNote::Kind::repaired, fmt::format("the reply had no tags; its one file was taken as '{}'", file->path));
    // As if it had come in the form that was asked for, so that one way leads from here on.
    parser_.emplace(nonce_, [this](const GeneratedFile& each) { observer_.on_file(each); });
    parser_->feed(fmt::format("<file-{} path=\"{}\">\n", nonce_, file->path));
    parser_->feed(file->content);
    parser_->feed(fmt::format("{}</file-{}>\n", file->content.ends_with('\n') ? "" : "\n", nonce_));
    return parser_->reply().fatal;
}

// Puts what came over what was there. Edits apply all or none; those that did not are kept for one more request.
std::string Generation::apply_reply() {
    ParsedReply reply = parser_->take();
    std::vector<GeneratedFile> files = base_;
    for (const std::string& path : reply.deletions)
        files.erase(
            std::remove_if(files.begin(), files.end(), [&](const GeneratedFile& file) { return file.path == path; }),
            files.end());
    std::vector<std::string> replaced;
    for (GeneratedFile& file : reply.files) {
        replaced.push_back(file.path);
        const auto same =
            std::find_if(files.begin(), files.end(), [&](const GeneratedFile& each) { return each.path == file.path; });
        const std::string left_out = elision(file.content, same == files.end() ? std::string_view() : same->content);
        // It is said once; after that the checks of the app decide.
        if (!left_out.empty() && !reformatted_)
            return fmt::format("'{}' leaves out code (\"{}\"): every file has to be whole", file.path, left_out);
        if (same == files.end())
            files.push_back(std::move(file));
        else
            *same = std::move(file);
    }
    const std::vector<EditFailure> earlier = std::exchange(edit_failures_, apply_edits(files, reply.edits));
    const auto touched = [&reply, &replaced](const std::string& path) {
        return std::any_of(reply.edits.begin(), reply.edits.end(),
                           [&path](const FileEdit& edit) { return edit.path == path; }) ||
               std::find(replaced.begin(), replaced.end(), path) != replaced.end() ||
               std::find(reply.deletions.begin(), reply.deletions.end(), path) != reply.deletions.end();
    };
    for (const EditFailure& failure : earlier)
        if (!touched(failure.path)) edit_failures_.push_back(failure);
    base_ = std::move(files);
    if (!edit_failures_.empty()) return "some edits do not fit the files";
    for (const FileEdit& edit : reply.edits)
        for (const GeneratedFile& file : base_)
            if (file.path == edit.path) observer_.on_file(file);
    return {};
}

std::string Generation::raw_reply() {
    if (earlier_.empty()) return std::move(reply_);
    return std::move(earlier_) + reply_;
}

Outcome Generation::generated() {
    return Generated{std::move(app_), spent_usage_, resolved_model_, priced_ ? std::optional(spent_) : std::nullopt,
                     raw_reply()};
}

Outcome Generation::not_generated(NoAppReason reason, const std::string& explanation) {
    return NotGenerated{reason,       explanation,     raw_reply(),
                        spent_usage_, resolved_model_, priced_ ? std::optional(spent_) : std::nullopt};
}

Outcome Generation::ended(End end) {
    switch (end) {
        case End::refused: {
            const std::string& why = result_.attempt.message.refusal;
            return not_generated(NoAppReason::refusal,
                                 why.empty() ? "the model declined the request"
                                             : fmt::format("the model declined the request ({})", one_line(why, 300)));
        }
        case End::truncated:
            if (result_.attempt.message.stop_reason == "model_context_window_exceeded")
                return not_generated(NoAppReason::truncated,
                                     "the reply did not fit into the model's context window; a local server may need a "
                                     "larger context size");
            return not_generated(NoAppReason::truncated, "the reply was too long, also after it was continued");
        case End::over_budget:
            return not_generated(NoAppReason::over_budget,
                                 fmt::format("the budget of {} was reached", request_.budget.display()));
        case End::complete:
        case End::unusable:
            break;
    }
    throw Error(ErrorKind::internal, "a reply that ended well was treated as one that did not");
}

// Watching a call.

bool Generation::on_text(std::string_view text, const Attempt& so_far) {
    if (joiner_)
        joiner_->feed(text);
    else
        consume(text);
    // Ended before the piece that would pass the budget, as far as the last one tells how large that is.
    Usage next = usage_of(so_far);
    next.output += tokens(text.size());
    const std::optional<Money> cost = prices_.cost(model_, next);
    over_budget_ = cost && spent_ + *cost > request_.budget && so_far.message.stop_reason.empty();
    return !over_budget_ && too_long_.empty() && !parser_->failed();
}

bool Generation::on_message(const Attempt& so_far) {
    const Usage current = usage_of(so_far);
    Usage usage = spent_usage_;
    usage += current;
    observer_.on_progress(usage, earlier_.size() + reply_.size());
    if (const std::optional<Money> cost = prices_.cost(model_, current)) {
        observer_.on_cost(spent_ + *cost);
        // Hidden thoughts cost as well.
        over_budget_ = spent_ + *cost > request_.budget && so_far.message.stop_reason.empty();
    }
    return !over_budget_;
}

void Generation::on_attempt(const Attempt& attempt) {
    ModelCall call;
    call.purpose = purpose_;
    call.model = attempt.message.model.empty() ? model_ : attempt.message.model;
    call.usage = usage_of(attempt);
    // The API may answer with a dated name, or a gateway with its own: the model that was asked for has the price then.
    const std::string& billed = prices_.find(call.model) != nullptr ? call.model : model_;
    call.charges = prices_.charge(billed, call.usage).value_or(std::vector<TokenCharge>{});
    call.cost = prices_.cost(billed, call.usage);
    call.stop_reason = attempt.message.stop_reason;
    call.request_id = attempt.request_id;
    call.until_text = attempt.until_text;
    call.duration = attempt.duration;
    spent_usage_ += call.usage;
    if (call.cost)
        spent_ += *call.cost;
    else
        priced_ = false;
    resolved_model_ = call.model;
    observer_.on_call(call);
}

void Generation::on_note(const ModelNote& note) {
    observer_.on_note(note);
}

void Generation::note(ModelNote::Kind kind, const std::string& detail, int attempt) {
    log_.write(LogLevel::info, "model.note", Json{{"detail", detail}, {"attempt", attempt}});
    observer_.on_note(ModelNote{kind, detail, attempt, std::chrono::milliseconds(0)});
}

// What a server has not counted (yet) is guessed from the length of the texts.
std::int64_t Generation::tokens(std::size_t bytes) const {
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(bytes) / characters_per_token_));
}

Usage Generation::usage_of(const Attempt& attempt) const {
    const Message& message = attempt.message;
    Usage usage = message.usage;
    if (!message.output_final) {
        usage.output = std::max(usage.output, tokens(message.text_bytes + message.thinking_bytes));
        usage.certainty = Usage::Certainty::estimated;
    }
    if (usage.total_input() == 0) {
        usage.input = tokens(attempt.request_bytes);
        usage.certainty = Usage::Certainty::estimated;
    }
    return usage;
}

// Caps the next call at what the budget still allows. False when that is not worth a call.
bool Generation::affordable(const std::vector<Turn>& turns) {
    capped_by_budget_ = false;
    std::size_t size = spec_.system.size();
    for (const Turn& turn : turns) size += turn.text.size();
    Usage probe;
    probe.input = static_cast<std::int64_t>(static_cast<double>(size) / 2.5);
    probe.output = 1'000'000;
    const std::optional<Money> million = prices_.cost(model_, probe);
    if (!million) return true;
    probe.output = 0;
    const Money left = request_.budget - spent_ - *prices_.cost(model_, probe);
    const std::int64_t per_token = (*million - *prices_.cost(model_, probe)).nano() / 1'000'000;
    const std::int64_t tokens = per_token > 0 ? left.nano() / per_token : spec_.max_tokens;
    if (tokens < k_least_output) return false;
    if (tokens < spec_.max_tokens) {
        spec_.max_tokens = tokens;
        capped_by_budget_ = true;
    }
    return true;
}

}  // namespace spawnai::claude
