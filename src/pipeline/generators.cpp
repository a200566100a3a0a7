#include "generators.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/starters.hpp>

#include <fmt/format.h>

#include <utility>

namespace spawnai::pipeline {
namespace {

class StarterGenerator : public Generator {
 public:
    explicit StarterGenerator(const Starter& starter) : starter_(starter) {}
    std::variant<Draft, NoDraft> write(const Attempt&, FileSink& files, const std::stop_token&) override {
        for (const GeneratedFile& file : starter_.app.files) files.add(file);
        return Draft{.app = starter_.app, .origin = "starter"};
    }

 private:
    const Starter& starter_;
};

class StoreGenerator : public Generator {
 public:
    StoreGenerator(const store::Store& store, SessionId session, int version)
        : store_(store), session_(std::move(session)), version_(version) {}
    std::variant<Draft, NoDraft> write(const Attempt&, FileSink& files, const std::stop_token&) override {
        store::StoredApp stored = store_.app(session_, version_);
        for (const GeneratedFile& file : stored.app.files) files.add(file);
        return Draft{.app = std::move(stored.app), .data_files = std::move(stored.data_files), .origin = "reuse"};
    }

 private:
    const store::Store& store_;
    SessionId session_;
    int version_;
};

std::string note_text(const claude::ModelNote& note) {
    using Kind = claude::ModelNote::Kind;
    switch (note.kind) {
        case Kind::retrying:
            return fmt::format("{}; trying again in {:.1f} s", note.detail,
                               static_cast<double>(note.wait.count()) / 1000);
        case Kind::continuing:
            return fmt::format("{}; asking for the rest", note.detail);
        case Kind::reformatting:
            return fmt::format("the reply could not be used ({}); asking for it once more", note.detail);
        case Kind::degraded:
            return fmt::format("the server refused an option ({}); going on without it", note.detail);
        case Kind::repaired:
            return note.detail;
    }
    return note.detail;
}

class ModelGenerator : public Generator, private claude::GenerationObserver {
 public:
    ModelGenerator(claude::Model& model, claude::GenerationRequest base, store::Store& store, SessionId session,
                   EventStream& events)
        : model_(model), base_(std::move(base)), store_(store), session_(std::move(session)), events_(events) {}

    std::variant<Draft, NoDraft> write(const Attempt& attempt, FileSink& files, const std::stop_token& stop) override {
        claude::GenerationRequest request = base_;
        request.model = attempt.model;
        request.budget = attempt.budget;
        request.simpler = attempt.simpler;
        request.previous = attempt.previous;
        request.change = attempt.change;
        if (attempt.evidence) request.evidence = attempt.evidence->for_model();
        files_ = &files;
        attempt_ = attempt.number;
        spent_before_ = spent_;
        auto reply = model_.generate(request, *this, stop);
        if (auto* generated = std::get_if<claude::Generated>(&reply))
            return Draft{.app = std::move(generated->app),
                         .origin = !attempt.change.empty() ? "edit"
                                   : attempt.number > 0    ? "repair"
                                                           : "generated",
                         .model = std::move(generated->model)};
        auto& missing = std::get<claude::NotGenerated>(reply);
        keep_reply(missing.raw_reply);
        NoDraft none{missing.reason, {}};
        none.evidence.kind = missing.reason == claude::NoAppReason::over_budget ? ErrorKind::limit : ErrorKind::no_app;
        none.evidence.what = missing.explanation.empty()
                                 ? fmt::format("the model gave no usable app ({})", claude::to_string(missing.reason))
                                 : missing.explanation;
        return none;
    }
    Money spent() const override { return spent_; }
    bool can_repair() const override { return true; }

 private:
    void on_file(const GeneratedFile& file) override { files_->add(file); }
    void on_restart() override { files_->restart(); }
    void on_progress(const claude::Usage& usage, std::size_t reply_bytes) override {
        progress_.usage = usage;
        progress_.reply_bytes = reply_bytes;
        events_.emit(progress_);
    }
    void on_cost(Money so_far) override { progress_.cost = spent_before_ + so_far; }
    void on_call(const claude::ModelCall& call) override {
        std::vector<store::CostLine> lines;
        const auto add = [&](const std::string& item, std::int64_t tokens, Money amount) {
            if (tokens == 0) return;
            store::CostLine line;
            line.category = "model";
            line.item = item;
            line.model = call.model;
            line.unit = "tokens";
            line.quantity = tokens;
            line.amount = amount;
            line.attempt = attempt_;
            lines.push_back(std::move(line));
        };
        if (call.cost) {
            for (const TokenCharge& charge : call.charges) add(charge.kind, charge.tokens, charge.amount);
            spent_ += *call.cost;
        } else {
            add("input", call.usage.input, {});
            add("output", call.usage.output, {});
            add("cache_write", call.usage.cache_write, {});
            add("cache_read", call.usage.cache_read, {});
        }
        if (lines.empty()) return;
        store_.book(session_, lines);
        events_.emit(CostBooked{store_.get(session_).actual_cost});
    }
    void on_note(const claude::ModelNote& note) override { events_.emit(Note{note_text(note)}); }

    // What the model said instead of an app was paid for, and is the only thing that explains itself.
    void keep_reply(const std::string& reply) {
        constexpr std::size_t k_kept = 64U << 10U;
        if (reply.empty()) return;
        store_.add_event(session_, store::Event{.kind = "reply", .message = reply.substr(0, k_kept)});
    }

    claude::Model& model_;
    claude::GenerationRequest base_;
    store::Store& store_;
    SessionId session_;
    EventStream& events_;
    FileSink* files_ = nullptr;
    int attempt_ = 0;
    Money spent_;
    Money spent_before_;
    Progress progress_;
};

}  // namespace

std::unique_ptr<Generator> make_starter_generator(const std::string& id) {
    const Starter* starter = find_starter(id);
    if (starter == nullptr)
        throw Error(ErrorKind::not_found, fmt::format("there is no starter '{}'", one_line(id, 60)));
    return std::make_unique<StarterGenerator>(*starter);
}

std::unique_ptr<Generator> make_store_generator(const store::Store& store, SessionId session, int version) {
    return std::make_unique<StoreGenerator>(store, std::move(session), version);
}

std::unique_ptr<Generator> make_model_generator(claude::Model& model, claude::GenerationRequest base,
                                                store::Store& store, SessionId session, EventStream& events) {
    return std::make_unique<ModelGenerator>(model, std::move(base), store, std::move(session), events);
}

}  // namespace spawnai::pipeline
