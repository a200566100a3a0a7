#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

bool is_own_address(std::string_view host) {
    return is_one_of(host, {"127.0.0.1", "localhost", "::1"});
}

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.type() != AppType::api) return;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        for (const Event& event : file.facts.code.events) {
            if (event.act != Act::listen || !event.reached || !event.data.exact || !is_own_address(event.data.text))
                continue;
            const std::string message = "the server listens on " + event.data.text + " alone";
            const std::string hint = "listen on 0.0.0.0, or give no host at all";
            const std::string_view text = file.text();
            std::size_t at = Judge::k_nowhere;
            std::size_t length = 0;
            int count = 0;
            for (const char quote : {'\'', '"', '`'}) {
                const std::string literal = quote + event.data.text + quote;
                for (std::size_t found = text.find(literal); found != std::string_view::npos;
                     found = text.find(literal, found + 1)) {
                    ++count;
                    // The one in the call wins over any other.
                    if (at == Judge::k_nowhere || (found > event.offset && at < event.offset))
                        at = found, length = literal.size();
                }
            }
            const bool in_call = at != Judge::k_nowhere && at > event.offset && at - event.offset < 200;
            if (at == Judge::k_nowhere || (count > 1 && !in_call)) {
                if (file.kind == FileKind::python && count == 0) {
                    // Flask and uvicorn listen there by default; the host is an argument away.
                    const std::size_t close = text.find(')', event.offset);
                    const std::size_t open = text.find('(', event.offset);
                    if (close != std::string_view::npos && open != std::string_view::npos && open < close &&
                        contains_any(text.substr(event.offset, open - event.offset), {"run"})) {
                        Mend mend;
                        const bool first = open + 1 == close;
                        mend.edits.push_back(
                            {file.path(), close, 0, first ? "host=\"0.0.0.0\"" : ", host=\"0.0.0.0\""});
                        judge.mend(&file, event.offset, message, hint, std::move(mend));
                        continue;
                    }
                }
                judge.block(&file, event.offset, message, hint);
                continue;
            }
            Mend mend;
            mend.edits.push_back({file.path(), at, length, std::string(1, text[at]) + "0.0.0.0" + text[at]});
            judge.mend(&file, event.offset, message, hint, std::move(mend));
        }
    }
}

}  // namespace

const Rule listen_host{
    {"listen-host", Severity::block, "api",
     "A server that listens on 127.0.0.1 or localhost only. Put right where the address stands in the call.",
     "Requests reach the sandbox from outside. Without a host a server listens on all addresses."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
