#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

/// Functions that put code into memory or another process, or take the keyboard; not those of the console, which programs call
/// for colours.
bool is_injection(std::string_view name) {
    return contains_any(name,
                        {"VirtualAlloc",     "VirtualProtect",     "WriteProcessMemory", "CreateRemoteThread",
                         "CreateThread",     "RtlMoveMemory",      "RtlCopyMemory",      "OpenProcess",
                         "QueueUserAPC",     "SetWindowsHook",     "GetAsyncKeyState",   "BlockInput",
                         "NtRaiseHardError", "RtlAdjustPrivilege", "RtlSetProcess",      "NtSetInformationProcess",
                         "LoadLibrary",      "CreateProcess",      "ShellExecute",       "CryptUnprotectData"});
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "write for current browsers and for Node: nothing here is Windows Script Host";
    each_event(app, Act::call, [&](const FileView& file, const Event& event) {
        // ActiveXObject("Microsoft.XMLHTTP") is an old fallback and harmless.
        if (contains_any(event.name, {"ActiveXObject", "WScript.CreateObject", "GetObject"}) &&
            contains_any(ascii_lower(event.data.text),
                         {"wscript.", "shell.application", "scripting.filesystemobject", "adodb.stream",
                          "wbemscripting", "internetexplorer.application", "mshta", "script:"}))
            judge.block(&file, event.offset, "a Windows script object is used: " + show(event.data.text), hint);
        else if (starts_with(event.name, "WScript."))
            judge.block(&file, event.offset, "a Windows script object is used: " + show(event.name), hint);
        else if (starts_with(event.name, "ctypes.windll") && is_injection(event.name))
            judge.block(&file, event.offset, "functions of Windows are called past the interpreter", hint);
    });
    each_event(app, [&](const FileView& file, const Event& event) {
        if (event.act != Act::shell && event.act != Act::program) return;
        const std::string low = ascii_lower(shell_text(event));
        if (contains(low, "powershell") &&
            contains_any(low, {"-enc", "-e ", "-encodedcommand", "-w hidden", "-windowstyle hidden", "bypass"}))
            judge.block(&file, event.offset, "a hidden PowerShell command is run", hint);
        if (contains_any(low, {"mshta ", "regsvr32 ", "certutil -urlcache", "bitsadmin ", "rundll32 ",
                               "vssadmin delete", "wmic shadowcopy", "bcdedit "}))
            judge.block(&file, event.offset, "a Windows system tool is misused: " + show(low), hint);
    });
    for (const FileView& file : app.files) {
        for (const Element& script : file.facts.page.scripts)
            if (script.type == "text/vbscript") judge.block(&file, script.offset, "the page holds VBScript", hint);
        if (contains(ascii_lower(std::string_view(file.text()).substr(0, 4000)), "<hta:application"))
            judge.block(&file, 0, "the page is a Windows HTML application", hint);
    }
}

}  // namespace

const Rule script_host{
    {"script-host", Severity::block, "harm",
     "Windows Script Host objects, VBScript, HTML applications, hidden PowerShell and system tools that load code.",
     "They have one use in a page: to get out of it. The old XMLHTTP fallback is excepted."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
