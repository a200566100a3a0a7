#include "progress.hpp"

#include "json_shape.hpp"

#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/validate/report_json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace spawnai::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_frame{100};
constexpr std::size_t k_bar_width = 20;
constexpr double k_nearly_done = 0.97;

std::string seconds_text(milliseconds span) {
    return fmt::format("{:.1f}s", static_cast<double>(span.count()) / 1000);
}

std::string_view stage_of(pipeline::Step step) {
    switch (step) {
        case pipeline::Step::generate:
            return "writing the app";
        case pipeline::Step::create:
            return "making a sandbox";
        case pipeline::Step::install:
            return "installing dependencies";
        case pipeline::Step::validate:
            return "checking the code";
        case pipeline::Step::upload:
            return "uploading";
        case pipeline::Step::build:
            return "building";
        case pipeline::Step::start:
            return "starting the app";
        case pipeline::Step::probe_inside:
            return "waiting for the app";
        case pipeline::Step::probe_outside:
            return "opening its URL";
        case pipeline::Step::run:
            return "running the script";
    }
    return "";
}

std::string safe(std::string_view text) {
    constexpr std::size_t k_longest_line = 300;
    return one_line(redact(text), k_longest_line);
}

}  // namespace

double progress_fraction(const ProgressState& state, store::Status status) {
    if (status == store::Status::ready) return 1;
    if (state.expected && state.expected->count() > 0) {
        const double share = static_cast<double>(state.elapsed.count()) / static_cast<double>(state.expected->count());
        // Beyond four fifths it creeps: an estimate that is overrun must not stand at the end.
        const double shown = share <= 0.8 ? share : 1 - 0.2 * std::exp(-(share - 0.8) * 2.5);
        return std::min(shown, k_nearly_done);
    }
    switch (status) {
        case store::Status::creating:
            return 0.05;
        case store::Status::generating: {
            constexpr double k_usual_tokens = 6000;
            return 0.1 + 0.6 * (1 - std::exp(-static_cast<double>(state.tokens) / k_usual_tokens));
        }
        case store::Status::deploying:
            return 0.8;
        case store::Status::ready:
        case store::Status::paused:
        case store::Status::error:
        case store::Status::expired:
        case store::Status::stopped:
        case store::Status::lost:
            return 1;
    }
    return 0;
}

std::string progress_line(const ProgressState& state, double fraction, std::size_t width, unsigned frame) {
    constexpr std::string_view k_spinner = "|/-\\";
    const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(k_bar_width));
    std::string line = fmt::format("{} ", k_spinner[frame % k_spinner.size()]);
    if (width >= 60) line += fmt::format("[{}{}] ", std::string(filled, '#'), std::string(k_bar_width - filled, '.'));
    line += state.stage;
    if (state.repair > 0) line += fmt::format(" (repair {})", state.repair);
    line += "  " + seconds_text(state.elapsed);
    if (state.expected)
        line += fmt::format(" of about {:.0f}s", std::ceil(static_cast<double>(state.expected->count()) / 1000));
    if (state.tokens > 0) line += fmt::format("  {} tokens", state.tokens);
    if (state.cost > Money()) line += "  " + state.cost.display();
    // The last column stays free: some terminals wrap when it is written.
    return one_line(line, width > 1 ? width - 1 : 1);
}

Progress::Progress(Terminal& terminal, Options options)
    : terminal_(terminal), options_(std::move(options)), started_(std::chrono::steady_clock::now()) {
    if (!terminal_.can_redraw() || terminal_.quiet()) return;
    ticker_ = std::jthread([this](const std::stop_token& stop) {
        unsigned frame = 0;
        std::unique_lock lock(mutex_);
        while (!stop.stop_requested() && !finished_) {
            draw(frame++);
            ended_.wait_for(lock, stop, k_frame, [this] { return finished_; });
        }
    });
}

Progress::~Progress() {
    finish();
}

void Progress::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (finished_) return;
        finished_ = true;
        terminal_.live("");
    }
    ended_.notify_all();
}

std::optional<std::string> Progress::session() const {
    const std::lock_guard lock(mutex_);
    return session_;
}

bool Progress::reader_gone() const {
    const std::lock_guard lock(mutex_);
    return reader_gone_;
}

void Progress::on_event(const pipeline::SpawnEvent& event) noexcept {
    const std::lock_guard lock(mutex_);
    try {
        session_ = event.session.str();
        handle(event);
        if (options_.events && !reader_gone_) emit(event);
    } catch (const std::exception&) {
        reader_gone_ = true;
        if (options_.on_reader_gone) options_.on_reader_gone();
    }
}

void Progress::on_waiting() noexcept {
    const std::lock_guard lock(mutex_);
    try {
        stage("another command is writing the same app, waiting for it");
    } catch (const std::exception&) {
        // Out of memory for one line: the wait goes on without it.
    }
}

void Progress::stage(const std::string& text) {
    state_.stage = text;
    if (finished_ || terminal_.can_redraw() || text == last_stage_) return;
    last_stage_ = text;
    terminal_.say(text + " ...");
}

void Progress::draw(unsigned frame) {
    state_.elapsed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
    last_fraction_ = std::max(last_fraction_, progress_fraction(state_, status_));
    terminal_.live(progress_line(state_, last_fraction_, terminal_.err_width(), frame));
}

void Progress::handle(const pipeline::SpawnEvent& event) {
    namespace pl = pipeline;
    const auto remark = [this](const std::string& text) {
        if (!finished_) terminal_.say(text);
    };
    if (const auto* admitted = std::get_if<pl::Admitted>(&event.body)) {
        if (admitted->expected) state_.expected = *admitted->expected;
        if (options_.verbose) remark("session " + admitted->session.name + " " + admitted->session.id.str());
    } else if (const auto* changed = std::get_if<pl::StatusChanged>(&event.body)) {
        status_ = changed->status;
    } else if (const auto* source = std::get_if<pl::SourceChosen>(&event.body)) {
        source_ = source->source;
        if (source_ != store::Source::model || options_.verbose) remark(safe(source->explanation));
    } else if (const auto* step = std::get_if<pl::StepStarted>(&event.body)) {
        // An app that is there already is not being written.
        if (step->step != pl::Step::generate || source_ == store::Source::model)
            stage(std::string(stage_of(step->step)));
    } else if (const auto* done = std::get_if<pl::StepDone>(&event.body)) {
        if (options_.verbose) remark(fmt::format("  {} took {}", to_string(done->step), seconds_text(done->took)));
    } else if (const auto* file = std::get_if<pl::FileWritten>(&event.body)) {
        if (options_.verbose) remark(fmt::format("  {} ({} bytes)", safe(file->path), file->bytes));
    } else if (const auto* progress = std::get_if<pl::Progress>(&event.body)) {
        state_.tokens = progress->usage.output;
        if (progress->cost) state_.cost = *progress->cost;
    } else if (const auto* findings = std::get_if<pl::Findings>(&event.body)) {
        for (const validate::Finding& finding : findings->report.findings) {
            if (finding.severity == validate::Severity::note && !options_.verbose) continue;
            remark(safe(fmt::format("{}: {}{}: {} [{}]", validate::to_string(finding.severity), finding.file,
                                    finding.line > 0 ? fmt::format(":{}", finding.line) : "", finding.message,
                                    finding.rule)));
        }
    } else if (const auto* repair = std::get_if<pl::RepairStarted>(&event.body)) {
        state_.repair = repair->attempt;
        const std::string attempt = repair->simpler ? std::string("last attempt, with the simpler prompt")
                                                    : fmt::format("repair {} of {}", repair->attempt, repair->most);
        remark(
            safe(fmt::format("{}{}: {}", attempt, repair->escalated ? " with " + repair->model : "", repair->reason)));
    } else if (const auto* note = std::get_if<pl::Note>(&event.body)) {
        remark("note: " + safe(note->text));
    } else if (std::get_if<pl::Ready>(&event.body) != nullptr) {
        status_ = store::Status::ready;
    }
}

void Progress::emit(const pipeline::SpawnEvent& event) {
    namespace pl = pipeline;
    state_.elapsed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
    last_fraction_ = std::max(last_fraction_, progress_fraction(state_, status_));
    Json line{{"schemaVersion", k_schema_version},
              {"type", "session_update"},
              {"time", json_time(event.time)},
              {"session", event.session.str()},
              {"status", to_string(status_)},
              {"progress", std::round(last_fraction_ * 1000) / 1000},
              {"appUrl", Json()},
              {"message", state_.stage}};
    if (const auto* admitted = std::get_if<pl::Admitted>(&event.body)) {
        line["message"] = "admitted";
        line["name"] = admitted->session.name;
    } else if (const auto* changed = std::get_if<pl::StatusChanged>(&event.body)) {
        line["message"] = changed->message.empty() ? std::string(to_string(changed->status)) : changed->message;
    } else if (const auto* source = std::get_if<pl::SourceChosen>(&event.body)) {
        line["message"] = source->explanation;
        line["source"] = to_string(source->source);
    } else if (const auto* step = std::get_if<pl::StepStarted>(&event.body)) {
        line["step"] = to_string(step->step);
    } else if (const auto* done = std::get_if<pl::StepDone>(&event.body)) {
        line["message"] = std::string(to_string(done->step)) + " done";
        line["step"] = to_string(done->step);
        line["tookMs"] = done->took.count();
    } else if (const auto* file = std::get_if<pl::FileWritten>(&event.body)) {
        line["message"] = "file written";
        line["file"] = Json{{"path", file->path}, {"bytes", file->bytes}};
    } else if (const auto* progress = std::get_if<pl::Progress>(&event.body)) {
        line["outputTokens"] = progress->usage.output;
        if (progress->cost) line["cost"] = json_money(*progress->cost);
    } else if (const auto* findings = std::get_if<pl::Findings>(&event.body)) {
        line["message"] = "checked";
        line["findings"] = validate::to_json(findings->report).at("findings");
    } else if (const auto* booked = std::get_if<pl::CostBooked>(&event.body)) {
        line["message"] = "cost booked";
        line["cost"] = json_money(booked->total);
    } else if (const auto* repair = std::get_if<pl::RepairStarted>(&event.body)) {
        line["message"] = repair->reason;
        line["repair"] = repair->attempt;
        line["model"] = repair->model;
    } else if (const auto* note = std::get_if<pl::Note>(&event.body)) {
        line["message"] = note->text;
    } else if (const auto* ready = std::get_if<pl::Ready>(&event.body)) {
        line["status"] = to_string(ready->session.status);
        line["message"] = "ready";
        line["progress"] = 1;
        line["appUrl"] = ready->session.app_url;
    } else if (const auto* failed = std::get_if<pl::Failed>(&event.body)) {
        line["type"] = "session_error";
        line["error"] = redact(failed->message);
        line["kind"] = failed->kind;
        line["recoverable"] = failed->recoverable;
        line.erase("progress");
    }
    line["message"] = redact(line.at("message").get<std::string>());
    terminal_.result(dump_json(line) + "\n");
}

}  // namespace spawnai::cli
