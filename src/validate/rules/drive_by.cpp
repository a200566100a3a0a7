#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool is_program_file(std::string_view url) {
    std::string low = ascii_lower(url);
    low = low.substr(0, low.find_first_of("?#"));
    for (const std::string_view ending :
         {".exe", ".scr", ".msi", ".bat", ".cmd", ".ps1", ".vbs", ".hta", ".apk", ".jar", ".dmg", ".pkg", ".iso",
          ".lnk", ".js.exe", ".com.exe", ".pif", ".wsf"})
        if (ends_with(low, ending)) return true;
    return false;
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "offer a link that the visitor may follow";
    for (const FileView& file : app.files) {
        if (file.runs() || file.test) continue;
        bool clicks = false;
        for (const Event& event : file.facts.code.events)
            clicks = clicks || ends_with(event.name, ".click") || ends_with(event.name, ".dispatchEvent");
        clicks = clicks || contains(file.text(), ".click()");
        for (const Element& meta : file.facts.page.metas)
            if (is_program_file(meta.url))
                judge.block(&file, meta.offset, "a program is downloaded as soon as the page is open", hint);
        for (const Element& frame : file.facts.page.frames)
            if (is_program_file(frame.url))
                judge.block(&file, frame.offset, "a program is downloaded as soon as the page is open", hint);
        for (const Event& event : file.facts.code.events) {
            const bool program = is_program_file(event.target.text) || is_program_file(event.data.text);
            if ((event.act == Act::navigate || event.act == Act::window) && is_program_file(event.target.text) &&
                (event.at_load || is_one_of(event.handler, {"load", "DOMContentLoaded", "timer"})))
                judge.block(&file, event.offset, "a program is downloaded without being asked for", hint);
            else if (event.act == Act::assign && program && clicks &&
                     (ends_with(event.name, ".download") || ends_with(event.name, ".href")))
                judge.block(&file, event.offset,
                            "a program is downloaded without being asked for: " + show(event.data.text), hint);
        }
        // A Windows program as base64 or bytes.
        for (const Located& one : file.facts.code.strings)
            if ((starts_with(one.text, "TVqQAAMAAAAEAAAA") || starts_with(one.text, "TVpQAAIAAAAEAA8A") ||
                 starts_with(one.text, "data:application/x-msdownload") || contains(one.text, "base64,TVqQAA")))
                judge.block(&file, one.offset, "the page holds a Windows program", hint);
        for (const Element& anchor : file.facts.page.anchors)
            if (contains(anchor.url, "base64,TVqQAA") || starts_with(anchor.url, "data:application/x-msdownload"))
                judge.block(&file, anchor.offset, "the page holds a Windows program", hint);
    }
}

}  // namespace

const Rule drive_by{
    {"drive-by", Severity::block, "harm",
     "Programs (.exe, .msi, .hta, .apk ...) that are downloaded without a click, or are hidden in the page.",
     "Visitors would get malware for opening a URL. Downloads of the app's own data are fine."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
