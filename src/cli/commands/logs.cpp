#include "../arguments.hpp"
#include "../context.hpp"
#include "../site.hpp"
#include "factories.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/store/store.hpp>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    bool follow = false;
    std::optional<int> lines;
    bool raw = false;
};

constexpr int k_most_lines = 1000000;
constexpr int k_usual_lines = 100;

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.flag("-f,--follow", options.follow, "go on until the app ends or Ctrl-C");
    arguments.option("-n,--lines", "N", options.lines, 0, k_most_lines,
                     "the last N lines only (with -f: begin with the last N; default 100)");
    arguments.flag("--raw", options.raw, "bytes as they are, escape sequences included");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    Terminal& terminal = context.terminal();
    if (options.follow && session.status == store::Status::ready) {
        // A character may be cut in two between pieces; its beginning waits for the rest.
        std::string held;
        bool reader_gone = false;
        std::stop_source stop;
        const std::stop_callback passed_on(context.stop(), [&stop] { stop.request_stop(); });
        pipeline::follow_log(
            context.site(session.provider).surroundings(), session.id,
            static_cast<std::size_t>(options.lines.value_or(k_usual_lines)),
            [&](std::string_view piece) {
                held += piece;
                const std::size_t whole = options.raw ? held.size() : complete_utf8_prefix(held);
                const std::string_view ready = std::string_view(held).substr(0, whole);
                try {
                    terminal.result(options.raw ? std::string(ready) : sanitize_for_terminal(ready));
                } catch (const BrokenPipe&) {
                    reader_gone = true;
                    stop.request_stop();
                }
                held.erase(0, whole);
            },
            stop.get_token());
        if (reader_gone) throw BrokenPipe();
        if (!held.empty()) terminal.result(sanitize_for_terminal(held));
        return context.signal() != 0 ? 128 + context.signal() : 0;
    }
    std::string text;
    if (is_live(session.status)) {
        text = pipeline::read_log(context.site(session.provider).surroundings(), session.id, context.stop());
    } else if (const auto kept = context.store().kept_log(session.id)) {
        text = kept->text;
    }
    std::string_view shown = text;
    if (options.lines) shown = last_lines(text, static_cast<std::size_t>(*options.lines));
    std::string output = options.raw ? std::string(shown) : sanitize_for_terminal(shown);
    if (output.empty()) {
        terminal.say("the app has printed nothing");
        return 0;
    }
    if (output.back() != '\n') output += '\n';
    terminal.result(output);
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_logs() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
