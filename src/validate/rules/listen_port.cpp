#include "helpers.hpp"

#include <cctype>

namespace spawnai::validate::rules {
namespace {

bool is_digits(std::string_view text) {
    if (text.empty() || text.size() > 5) return false;
    for (const char c : text)
        if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
    return true;
}

/// The one place where the number stands in the program text.
std::size_t place_of(const FileView& file, const std::string& number, std::size_t listen) {
    const std::string_view text = file.text();
    const auto alone = [&](std::size_t at) {
        const auto word = [&](std::size_t index) {
            return index < text.size() && (std::isalnum(static_cast<unsigned char>(text[index])) != 0 ||
                                           text[index] == '_' || text[index] == '.' || text[index] == '"' ||
                                           text[index] == '\'' || text[index] == '`' || text[index] == ':');
        };
        const bool left = at > 0 && word(at - 1) && text[at - 1] != ':';
        return !left && !word(at + number.size());
    };
    // In the call itself.
    const std::size_t end = text.find_first_of(";\n", listen);
    for (std::size_t at = text.find(number, listen); at != std::string_view::npos && at < end;
         at = text.find(number, at + 1))
        if (alone(at)) return at;
    std::size_t only = Judge::k_nowhere;
    for (std::size_t at = text.find(number); at != std::string_view::npos; at = text.find(number, at + 1)) {
        if (!alone(at)) continue;
        if (only != Judge::k_nowhere) return Judge::k_nowhere;
        only = at;
    }
    return only;
}

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.type() != AppType::api) return;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        for (const Event& event : file.facts.code.events) {
            if (event.act != Act::listen || !event.reached) continue;
            if (event.target.path == "process.env.PORT" || !event.target.exact || !is_digits(event.target.text))
                continue;
            const int port = std::stoi(event.target.text);
            if (port == app.app->port) continue;
            const std::string message = "the server listens on port " + event.target.text + ", where nobody asks";
            if (port == 3000 || port == 8000 || port == 8080) {
                // As good as any, once it is known.
                if (app.app->port == 3000) {
                    Mend mend;
                    mend.port = port;
                    judge.note(&file, event.offset, "the server listens on port " + event.target.text,
                               "the app's port was set to it");
                    judge.adopt(std::move(mend));
                }
                continue;
            }
            const std::string hint = "listen on process.env.PORT, with 3000 as the default";
            const std::size_t at = place_of(file, event.target.text, event.offset);
            if (at == Judge::k_nowhere) {
                judge.block(&file, event.offset, message, hint);
                continue;
            }
            Mend mend;
            const std::string fixed = std::to_string(app.app->port);
            mend.edits.push_back({file.path(), at, event.target.text.size(),
                                  file.kind == FileKind::python ? fixed : "(process.env.PORT || " + fixed + ")"});
            judge.mend(&file, event.offset, message, hint, std::move(mend));
        }
    }
}

}  // namespace

const Rule listen_port{
    {"listen-port", Severity::block, "api",
     "A server that listens on a fixed port other than 3000, 8000 or 8080. Put right where the number stands once.",
     "The sandbox forwards the agreed port, or the one in PORT, and no other."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
