#pragma once

#include "support/fake_provider.hpp"
#include "support/manual_clock.hpp"
#include "support/temp_dir.hpp"

#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/pipeline/spawn.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace spawnai::pipeline::testing {

using spawnai::testing::FakeProvider;
using spawnai::testing::ManualClock;

/// A model that answers from a list, file by file, and books what each answer says it cost.
class FakeModel : public claude::Model {
 public:
    using Reply = std::variant<claude::Generated, claude::NotGenerated>;

    void answer(GeneratedApp app, Money cost = Money::nano(1'000'000)) {
        replies_.push_back({claude::Generated{.app = std::move(app), .model = "claude-haiku-5-5"}, cost, {}});
    }
    void answer_nothing(claude::NoAppReason reason, Money cost = Money::nano(1'000'000)) {
        replies_.push_back(
            {claude::NotGenerated{.reason = reason, .explanation = "no app", .raw_reply = "sorry"}, cost, {}});
    }
    void fail(std::function<void()> action) {
        replies_.push_back({claude::NotGenerated{}, Money{}, std::move(action)});
    }
    /// Called after each file was handed over.
    std::function<void(const GeneratedFile&)> after_file;
    std::vector<claude::GenerationRequest> requests;

    Reply generate(const claude::GenerationRequest& request, claude::GenerationObserver& observer,
                   std::stop_token stop) override {
        requests.push_back(request);
        if (replies_.empty()) throw Error(ErrorKind::internal, "the fake model has no further answer");
        const Scripted next = replies_.front();
        replies_.pop_front();
        if (next.action) next.action();
        if (const auto* generated = std::get_if<claude::Generated>(&next.reply)) {
            for (const GeneratedFile& file : generated->app.files) {
                if (stop.stop_requested()) throw Interrupted(SIGINT);
                observer.on_file(file);
                observer.on_progress({.output = 10}, file.content.size());
                if (after_file) after_file(file);
            }
        }
        claude::ModelCall call;
        call.model = request.model;
        call.usage.output = 100;
        call.charges = {{"output", 100, next.cost}};
        call.cost = next.cost;
        observer.on_call(call);
        if (stop.stop_requested()) throw Interrupted(SIGINT);
        return next.reply;
    }

 private:
    struct Scripted {
        Reply reply;
        Money cost;
        std::function<void()> action;
    };
    std::deque<Scripted> replies_;
};

/// Answers URLs of a FakeProvider as its static server and apps would.
class FakeProber : public UrlProber {
 public:
    explicit FakeProber(FakeProvider& provider) : provider_(provider) {}
    /// When set, decides instead; may throw.
    std::function<ProbeAnswer(const std::string& url)> decide;

    ProbeAnswer get(const std::string& url, std::stop_token stop) override {
        if (stop.stop_requested()) throw Interrupted(SIGINT);
        if (decide) return decide(url);
        const std::size_t dash = url.find('-');
        const SandboxId id = SandboxId::parse(url.substr(dash + 1, url.find('.') - dash - 1));
        const auto files = provider_.files(id);
        const auto pointer = files.find("/home/user/.spawnai/served");
        if (pointer == files.end()) return {200, "application/json", "{\"ok\":true}"};
        const std::size_t line = pointer->second.find('\n');
        const std::string name =
            pointer->second.substr(0, line) + "/" + pointer->second.substr(line + 1, pointer->second.size() - line - 2);
        const auto page = files.find(name);
        if (page == files.end()) return {404, "text/plain", "nothing"};
        return {200, "text/html; charset=utf-8", page->second};
    }

 private:
    FakeProvider& provider_;
};

class Recorder : public Observer {
 public:
    void on_event(const SpawnEvent& event) noexcept override {
        if (on) on(event);
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
    }
    std::function<void(const SpawnEvent&)> on;
    template <class T>
    [[nodiscard]] std::vector<T> all() const {
        const std::lock_guard lock(mutex_);
        std::vector<T> found;
        for (const SpawnEvent& event : events_)
            if (const T* body = std::get_if<T>(&event.body)) found.push_back(*body);
        return found;
    }

 private:
    mutable std::mutex mutex_;
    std::vector<SpawnEvent> events_;
};

inline GeneratedApp page_app(const std::string& heading = "Todo") {
    GeneratedApp app;
    app.type = AppType::webapp;
    app.title = heading;
    app.entry = "index.html";
    app.files = {{"index.html",
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + heading +
                      "</title></head>\n<body><main><h1>" + heading +
                      "</h1><p>Write down what is to be done today.</p></main></body>\n</html>\n",
                  false}};
    return app;
}

inline GeneratedApp api_app(const std::string& word = "ok") {
    GeneratedApp app;
    app.type = AppType::api;
    app.title = "Api";
    app.entry = "server.js";
    app.start = "node server.js";
    app.files = {{"server.js",
                  "const http = require('http');\nhttp.createServer((request, response) => {\n  "
                  "response.setHeader('Content-Type', "
                  "'application/json');\n  response.end(JSON.stringify({word: '" +
                      word + "'}));\n}).listen(process.env.PORT || 3000, '0.0.0.0');\n",
                  false},
                 {"package.json",
                  "{\"name\": \"api\", \"version\": \"1.0.0\", \"dependencies\": {\"express\": \"4.19.2\"}}\n", false}};
    return app;
}

inline GeneratedApp script_app() {
    GeneratedApp app;
    app.type = AppType::script;
    app.title = "Count";
    app.entry = "count.py";
    app.start = "python3 count.py";
    app.files = {{"count.py", "for number in range(3):\n    print(number)\n", false}};
    return app;
}

/// A store, a provider, a model and a prober that know nothing of the world, and one clock for all.
struct World {
    test::TempDir directory;
    ManualClock clock;
    store::Store store{directory.path() / "spawnai.db", clock};
    FakeProvider provider{clock};
    FakeModel model;
    FakeProber prober{provider};
    Log log;
    Recorder recorder;
    PlanLimits plan = PriceTable::built_in().plan("hobby");

    [[nodiscard]] Surroundings with() {
        return Surroundings{.store = store,
                            .provider = provider,
                            .place = {.provider = "e2b", .address = "https://api.example", .plan = plan},
                            .run_dir = directory.path() / "run",
                            .prober = prober,
                            .model = &model,
                            .clock = clock,
                            .log = log};
    }
    [[nodiscard]] static SpawnRequest request(const std::string& prompt = "a todo page") {
        SpawnRequest wanted;
        wanted.prompt = prompt;
        wanted.user_tag = "ada";
        wanted.model = "claude-haiku-5-5";
        return wanted;
    }
    SpawnResult spawn_it(const SpawnRequest& wanted, std::stop_token stop = {}) {
        return spawn(wanted, with(), recorder, stop);
    }
    [[nodiscard]] store::Session only_row() {
        const auto rows = store.list({});
        if (rows.size() != 1) throw std::runtime_error("there is not one row");
        return rows.front();
    }
};

}  // namespace spawnai::pipeline::testing
