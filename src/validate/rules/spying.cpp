#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

struct Watched {
    std::uint32_t taint;
    std::string_view what;
};
constexpr Watched k_watched[] = {{t_keys, "key strokes are"},
                                 {t_cookie, "cookies are"},
                                 {t_clipboard, "the clipboard is"},
                                 {t_sensor, "camera, microphone, screen or position are"}};

/// Whether nobody asked for it just then: while the page loads, by a timer, because the window got the focus or something was copied.
bool is_unasked(const Event& event) {
    return event.at_load || starts_with(event.handler, "interval") ||
           is_one_of(event.handler,
                     {"timer", "load", "DOMContentLoaded", "focus", "blur", "visibilitychange", "copy", "cut", "paste",
                      "selectionchange", "mousemove", "scroll", "beforeunload", "unload"});
}

bool is_wallet_address(std::string_view text) {
    text = trim(text);
    const auto all = [&](std::string_view rest, std::string_view alphabet) {
        return rest.find_first_not_of(alphabet) == std::string_view::npos;
    };
    if (text.size() == 42 && starts_with(text, "0x")) return all(text.substr(2), "0123456789abcdefABCDEF");
    if (text.size() >= 26 && text.size() <= 35 && (text[0] == '1' || text[0] == '3'))
        return all(text, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") &&
               text.find_first_of("0123456789", 1) != std::string_view::npos;
    if (text.size() >= 42 && text.size() <= 62 && starts_with(text, "bc1"))
        return all(text.substr(3), "023456789acdefghjklmnpqrstuvwxyz");
    return text.size() == 95 && text[0] == '4' &&
           all(text, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");
}

/// The same in a longer text, between parts that are not known.
bool holds_wallet_address(std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(k_hole, begin), text.size());
        if (is_wallet_address(text.substr(begin, end - begin))) return true;
        begin = end + 1;
    }
    return false;
}

void check(const AppView& app, Judge& judge) {
    each_event(app, [&](const FileView& file, const Event& event) {
        const bool sends =
            event.act == Act::send || event.act == Act::mail || event.act == Act::navigate || event.act == Act::window;
        if (sends) {
            const std::uint32_t taint = event.data.taint | event.target.taint;
            const bool external =
                is_external(event.target.text) || is_drop_box(event.target.text) || event.act == Act::mail;
            for (const Watched& one : k_watched) {
                if ((taint & one.taint) == 0 || !external) continue;
                // A map or a weather service is asked about the position.
                if (one.taint == t_sensor && !is_drop_box(event.target.text) &&
                    !is_public_address(host_of(event.target.text)) && !starts_with(event.handler, "interval"))
                    continue;
                // Text that the visitor pasted goes where a button of the page says.
                if (one.taint == t_clipboard && !is_drop_box(event.target.text) &&
                    !is_public_address(host_of(event.target.text)) && !is_unasked(event))
                    continue;
                judge.block(&file, event.offset, std::string(one.what) + " sent to " + show(host_of(event.target.text)),
                            "keep them in the page");
                return;
            }
            if ((taint & t_storage) != 0 && (taint & (t_cookie | t_host)) != 0 && external)
                judge.block(&file, event.offset, "stored data is sent to " + show(host_of(event.target.text)),
                            "keep it in the page");
            // Files and the machine's identity, sent to a drop box from a server or script.
            if (file.runs() && event.act == Act::send && is_drop_box(event.target.text) &&
                (event.data.taint & (t_file | t_host | t_host_secret | t_shell)) != 0)
                judge.block(&file, event.offset, "data of the machine is sent to " + show(host_of(event.target.text)),
                            "an app has nobody to send it to");
            else if (file.runs() && event.act == Act::send && (event.data.taint & t_host) != 0 &&
                     (event.data.taint & (t_file | t_shell | t_environment | t_variable)) != 0 && external)
                judge.block(&file, event.offset, "data of the machine is sent to " + show(host_of(event.target.text)),
                            "an app has nobody to send it to");
            else if (file.runs() && event.act == Act::send && (event.data.taint & (t_file | t_shell)) != 0 &&
                     external && is_public_address(host_of(event.target.text)))
                judge.block(&file, event.offset, "data of the machine is sent to " + show(host_of(event.target.text)),
                            "an app has nobody to send it to");
            // Data as part of a name to be looked up.
            else if (file.runs() && contains_any(event.name, {"dns.", "gethostbyname"}) &&
                     (event.data.taint & (t_file | t_host | t_variable | t_environment | t_shell)) != 0)
                judge.block(&file, event.offset, "data is smuggled out in the names that are looked up",
                            "an app has nobody to send it to");
        }
        // Whoever copies an address gets another one.
        if (event.act == Act::clipboard) {
            const bool swapped =
                is_one_of(event.handler, {"copy", "cut", "paste", "selectionchange", "focus", "visibilitychange"}) ||
                starts_with(event.handler, "interval:");
            if (swapped && (holds_wallet_address(event.data.text) || has_taint(event.data, t_clipboard)))
                judge.block(&file, event.offset, "what is copied is replaced by something else",
                            "copy what the user selected");
            if (event.handler == "copy" && event.data.exact &&
                contains_any(event.data.text, {"curl ", "wget ", "powershell", "| sh", "|sh", "| bash", "mshta"}))
                judge.block(&file, event.offset, "what is copied is replaced by a command",
                            "copy what the user selected");
        }
        if (event.act == Act::listener && contains_any(event.name, {"pynput", "keyboard.on_press", "keyboard.hook"}))
            judge.block(&file, event.offset, "every key stroke on the machine is recorded",
                        "read input of the app itself only");
    });
    // Copying a command under a pretext: press Win+R and paste.
    for (const FileView& file : app.files) {
        const std::string low = ascii_lower(file.facts.page.text);
        if (!contains_any(low, {"win + r", "win+r", "windows + r", "windows key + r", "windows+r", "open terminal"}) ||
            !contains_any(low, {"ctrl + v", "ctrl+v", "paste"}))
            continue;
        for (const Event& event : file.facts.code.events)
            if (event.act == Act::clipboard &&
                contains_any(ascii_lower(event.data.text),
                             {"powershell", "mshta", "cmd ", "curl ", "iex", "msiexec", "wget "}))
                judge.block(&file, event.offset, "the visitor is led to run a command", "remove it");
    }
    // Strokes that are gathered first and sent later.
    for (const FileView& file : app.files) {
        if (file.runs() || file.test) continue;
        bool every_key = false;
        for (const Event& event : file.facts.code.events)
            every_key = every_key || (event.act == Act::listener &&
                                      contains_any(event.target.text, {"keydown", "keypress", "keyup"}) &&
                                      contains_any(event.name, {"document", "addEventListener", "window"}));
        if (!every_key) continue;
        for (const Event& event : file.facts.code.events)
            if (event.act == Act::send && is_drop_box(event.target.text) &&
                (starts_with(event.handler, "interval") ||
                 is_one_of(event.handler, {"beforeunload", "unload", "keydown", "keypress", "keyup"}))) {
                judge.block(&file, event.offset,
                            "key strokes are gathered and sent to " + show(host_of(event.target.text)),
                            "keep them in the page");
                break;
            }
    }
}

}  // namespace

const Rule spying{{"spying", Severity::block, "harm",
                   "Key strokes, cookies, clipboard, sensors or data of the machine that go to another host; a "
                   "clipboard whose content is exchanged.",
                   "The visitor gave them to the page, not to somebody else."},
                  Scope::file,
                  check};

}  // namespace spawnai::validate::rules
