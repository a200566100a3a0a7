#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.type() != AppType::api) return;
    const FileView* unreached = nullptr;
    std::size_t at = 0;
    bool any_code = false;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        // What was not understood may well listen.
        if (!file.facts.complete) return;
        for (const Syntax& syntax : file.facts.code.syntax)
            if (syntax.status != "good") return;
        any_code = true;
        for (const Event& event : file.facts.code.events) {
            if (event.act == Act::listen) {
                if (event.reached) return;
                unreached = &file;
                at = event.offset;
            }
            // Servers that start in ways of their own.
            if (contains_any(event.name, {"serve_forever", "http-server", "serve-handler", "next", "@adonisjs",
                                          "moleculer", "loopback", "json-server", "restify", "strapi", "NestFactory"}))
                return;
        }
    }
    if (!any_code) return;
    // uvicorn, gunicorn, flask run: the start command listens.
    if (contains_any(app.app->start, {"uvicorn", "gunicorn", "hypercorn", "flask run", "fastapi", "waitress-serve",
                                      "http.server", "serve ", "http-server"}))
        return;
    if (unreached != nullptr)
        judge.block(unreached, at, "the server listens only in a function that nothing calls",
                    "call it, or listen at the top level of " + app.app->entry);
    else
        judge.block(app.entry(), Judge::k_nowhere, "the server never listens on a port",
                    "end " + (app.app->entry.empty() ? std::string("server.js") : app.app->entry) +
                        " with a listen call on process.env.PORT; if the file was cut off, give it complete");
}

}  // namespace

const Rule no_listen{{"no-listen", Severity::block, "api",
                      "A server without a call that listens, or with one in a function that nothing calls.",
                      "No request is ever answered. Files that are cut off often show by this alone."},
                     Scope::app,
                     check};

}  // namespace spawnai::validate::rules
