#include "helpers.hpp"

#include <cstdlib>

namespace spawnai::validate::rules {
namespace {

bool is_fast_interval(const std::string& handler) {
    if (!starts_with(handler, "interval:")) return false;
    return std::atoi(handler.c_str() + 9) <= 2000;
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "let the visitor close the page";
    for (const FileView& file : app.files) {
        if (file.runs() || file.test) continue;
        bool unload = false;
        bool fullscreen = false;
        bool history = false;
        for (const Event& event : file.facts.code.events) {
            const bool opens = event.act == Act::dialog || event.act == Act::window;
            if (opens && event.loop == Loop::endless)
                judge.block(&file, event.offset, "dialogs or windows are opened without end", hint);
            else if (event.act == Act::window && event.loop == Loop::bounded && event.guarded == false &&
                     (event.at_load ||
                      is_one_of(event.handler, {"load", "click", "mousemove", "beforeunload", "unload"})))
                judge.block(&file, event.offset, "many windows are opened", hint);
            else if (opens && is_fast_interval(event.handler) && !event.guarded &&
                     !contains(file.text(), "clearInterval"))
                judge.block(&file, event.offset, "dialogs or windows are opened again and again", hint);
            else if (opens && is_one_of(event.handler, {"beforeunload", "unload", "mousemove"}))
                judge.block(&file, event.offset, "a dialog or window is opened when the visitor leaves or moves", hint);
            if (event.act == Act::listener && event.target.text == "beforeunload") unload = true;
            if (event.act == Act::assign && contains(event.name, "onbeforeunload")) unload = true;
            if (contains(event.name, "equestFullscreen") || contains(event.name, "RequestFullScreen"))
                fullscreen = true;
            if (contains_any(event.name, {"history.pushState", "history.forward"}) &&
                (event.loop == Loop::endless || event.handler == "popstate" || is_fast_interval(event.handler)))
                history = true;
        }
        if (history && (unload || fullscreen))
            judge.block(&file, Judge::k_nowhere, "the page holds its visitor: no way back and no way to leave", hint);
    }
}

}  // namespace

const Rule browser_trap{{"browser-trap", Severity::block, "harm",
                         "Dialogs or windows without end, windows that open when the visitor leaves, pages that take "
                         "the screen, the way back and the way out.",
                         "It is how scam pages keep their victims. One question before unsaved work is lost is fine."},
                        Scope::file,
                        check};

}  // namespace spawnai::validate::rules
