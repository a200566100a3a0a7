#include "helpers.hpp"

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// The old way to include a script: document.write(unescape("%3Cscript src=...")).
bool is_script_include(const Value& value) {
    return value.exact && value.text.size() < 400 && contains(value.text, "<script") && contains(value.text, "src=") &&
           !contains(value.text, "eval(");
}

/// A long literal of encoded text.
bool has_encoded_blob(const FileView& file) {
    for (const Located& one : file.facts.code.strings) {
        if (one.text.size() < 300) continue;
        std::size_t plain = 0;
        for (const char c : one.text)
            if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '=' || c == '%' ||
                c == ',' || c == '\\' || c == 'x')
                ++plain;
        if (plain * 100 > one.text.size() * 98 && one.text.find(' ') == std::string::npos &&
            one.text.substr(0, 5) != "data:")
            return true;
    }
    return false;
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "write the code in the open";
    each_event(app, [&](const FileView& file, const Event& event) {
        // Only where the address can be read: what is escaped there is the tag.
        if (event.act == Act::markup && is_script_include(event.data) &&
            (!has_taint(event.data, t_decoded) || contains_any(file.text(), {"script src=", "script type="})))
            return;
        if (event.act == Act::code && has_taint(event.data, t_decoded)) {
            // Decoded by the app from what its own user gives, for example a saved project in the address.
            if (has_taint(event.data, t_user | t_form | t_storage) && !event.data.exact) return;
            if (contains(event.name, "WebAssembly") && !event.data.exact) {
                judge.warn(&file, event.offset, "binary code is decoded from text and run", hint);
                return;
            }
            judge.block(&file, event.offset, "text that is hidden in an encoding is decoded and run as code", hint);
        } else if (event.act == Act::markup && has_taint(event.data, t_decoded) &&
                   contains(event.name, "document.write")) {
            if (!event.data.exact || contains_any(event.data.text, {"<script", "<form", "<iframe", "onerror", "onload",
                                                                    "<html", "<body", "password"}))
                judge.block(&file, event.offset, "a page that is hidden in an encoding is decoded and written", hint);
        } else if (event.act == Act::markup && has_taint(event.data, t_decoded) && event.data.exact &&
                   contains_any(event.data.text, {"<script", "<form", "<iframe", "onerror=", "onload=", "password"})) {
            judge.block(&file, event.offset, "markup that is hidden in an encoding is decoded into the page", hint);
        } else if (event.act == Act::module && has_taint(event.target, t_decoded)) {
            judge.block(&file, event.offset, "the name of what is loaded is hidden in an encoding", hint);
        } else if ((event.act == Act::shell || event.act == Act::program) &&
                   has_taint(event.act == Act::program ? event.target : event.data, t_decoded)) {
            judge.block(&file, event.offset, "a command that is hidden in an encoding is decoded and run", hint);
        } else if (event.act == Act::code && event.at_load && !event.data.exact && has_encoded_blob(file) &&
                   !has_taint(event.data, t_user | t_form)) {
            judge.block(&file, event.offset, "code is put together at run time from a long encoded text", hint);
        } else if (event.act == Act::code && event.data.exact && event.data.text.size() > 2000 &&
                   is_one_of(event.name, {"eval", "Function", "exec"})) {
            judge.block(&file, event.offset, "a long text is run as code", hint);
        }
    });
    for (const FileView& file : app.files)
        if (!file.test)
            for (const Located& one : file.facts.code.packed)
                judge.block(&file, one.offset, "the code is made unreadable: " + one.text, hint);
}

}  // namespace

const Rule hidden_code{{"hidden-code", Severity::block, "harm",
                        "Text that is decoded (base64, hex, character codes, escapes, XOR) and then run as code, as a "
                        "command or written as a page; programs made unreadable by a tool.",
                        "Nobody hides what an app is supposed to do. Decoding data, and eval by itself, are fine."},
                       Scope::file,
                       check};

}  // namespace spawnai::validate::rules
