#include "rules/rule.hpp"

#include <spawnai/validate/report_json.hpp>
#include <spawnai/validate/rules.hpp>

#include <array>
#include <vector>

namespace spawnai::validate {
namespace rules {
namespace {

constexpr std::array k_table{&path,
                             &empty,
                             &not_text,
                             &markdown_fence,
                             &json_wrapper,
                             &prose,
                             &not_code,
                             &patch_markers,
                             &placeholder,
                             &stub,
                             &wrong_language,
                             &js_syntax,
                             &python_syntax,
                             &newer_syntax,
                             &not_checked,
                             &json_syntax,
                             &css_braces,
                             &secret,
                             &page_document,
                             &page_unclosed,
                             &page_truncated,
                             &page_missing_file,
                             &page_import,
                             &page_external,
                             &page_redirect,
                             &undefined_name,
                             &missing_element,
                             &template_markers,
                             &entry_missing,
                             &package_json,
                             &dependency_missing,
                             &module_missing,
                             &module_kind,
                             &no_listen,
                             &listen_port,
                             &listen_host,
                             &local_database,
                             &script_modules,
                             &script_browser,
                             &script_silent,
                             &script_asks,
                             &endless_loop,
                             &lifecycle_script,
                             &dependency_source,
                             &lookalike_package,
                             &credential_form,
                             &credential_theft,
                             &reverse_shell,
                             &crypto_miner,
                             &hidden_code,
                             &remote_code,
                             &environment_theft,
                             &host_secrets,
                             &script_host,
                             &fork_bomb,
                             &destruction,
                             &ransom,
                             &spying,
                             &web_shell,
                             &flood,
                             &browser_trap,
                             &drive_by,
                             &persistence,
                             &escape,
                             &wallet_drain,
                             &hidden_frame};

}  // namespace

std::span<const Rule* const> table() {
    return k_table;
}

}  // namespace rules

std::span<const RuleInfo> all_rules() {
    static const std::vector<RuleInfo> infos = [] {
        std::vector<RuleInfo> list;
        for (const rules::Rule* rule : rules::table()) list.push_back(rule->info);
        return list;
    }();
    return infos;
}

std::string rules_markdown() {
    std::string out =
        "# Validation rules\n\n"
        "Every generated app goes through these before it is deployed; `spawnai validate FILE|DIR` runs the same "
        "checks. The table is generated from\n"
        "the code (`rules_markdown()`), and a test compares the two.\n\n"
        "*block*: the app is refused. *warn*: shown, and deployed. *note*: something was mended, or is worth knowing. "
        "The severity here is the strongest\n"
        "that a rule gives.\n\n"
        "JavaScript is read by acorn, pages by gumbo, in a process of their own that runs nothing of what it reads. "
        "Rules about harm look at what the\n"
        "program does (which values reach which calls), not at words: `eval`, `child_process`, writing files or "
        "`process.exit` are never by themselves a\n"
        "reason to refuse.\n";
    std::string_view group;
    for (const RuleInfo& rule : all_rules()) {
        if (rule.group != group) {
            group = rule.group;
            const std::string_view title = group == "text"     ? "All files"
                                           : group == "page"   ? "Pages"
                                           : group == "api"    ? "Servers"
                                           : group == "script" ? "Scripts"
                                                               : "Harm";
            out += "\n## " + std::string(title) + "\n\n| rule | severity | looks for | why |\n|---|---|---|---|\n";
        }
        const auto cell = [](std::string_view text) {
            std::string escaped;
            for (const char c : text) {
                if (c == '|') escaped += '\\';
                if (c == '<')
                    escaped += "&lt;";
                else
                    escaped += c;
            }
            return escaped;
        };
        out += "| `" + std::string(rule.id) + "` | " + std::string(to_string(rule.severity)) + " | " + cell(rule.what) +
               " | " + cell(rule.why) + " |\n";
    }
    return out;
}

}  // namespace spawnai::validate
