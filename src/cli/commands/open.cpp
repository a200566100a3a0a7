#include "../arguments.hpp"
#include "../browser.hpp"
#include "../context.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/store/session.hpp>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    if (session.status != store::Status::ready || session.app_url.empty())
        throw Error(ErrorKind::not_found,
                    "session " + session.name + " is not running: it is " + std::string(to_string(session.status)),
                    session.status == store::Status::paused ? "wake it with: spawnai resume " + session.name
                    : is_live(session.status)               ? "see 'spawnai show " + session.name + "'"
                                                            : "start it again with: spawnai respawn " + session.name);
    context.wake_local_engine({session});
    if (!open_in_browser(session.app_url, context.environment()) || !context.terminal().out_is_tty())
        context.terminal().result(session.app_url + "\n");
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_open() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
