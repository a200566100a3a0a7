#pragma once

#include "../app_view.hpp"

#include <spawnai/validate/rules.hpp>

namespace spawnai::validate::rules {

/// When a rule can be asked.
enum class Scope : std::uint8_t {
    file,  ///< one file alone is enough
    app,   ///< only the whole app says it
};

struct Rule {
    RuleInfo info;
    Scope scope;
    void (*check)(const AppView& app, Judge& judge);
};

// text
extern const Rule path, empty, not_text, markdown_fence, json_wrapper, prose, not_code, patch_markers, placeholder,
    stub, wrong_language, js_syntax, python_syntax, newer_syntax, not_checked, json_syntax, css_braces, secret;
// page
extern const Rule page_document, page_unclosed, page_truncated, page_missing_file, page_import, page_external,
    page_redirect, undefined_name, missing_element, template_markers;
// server and script
extern const Rule entry_missing, package_json, dependency_missing, module_missing, module_kind, no_listen, listen_port,
    listen_host, local_database, script_modules, script_browser, script_silent, script_asks, endless_loop;
// harm
extern const Rule lifecycle_script, dependency_source, lookalike_package, credential_form, credential_theft,
    reverse_shell, crypto_miner, hidden_code, remote_code, environment_theft, host_secrets, script_host, fork_bomb,
    destruction, ransom, spying, web_shell, flood, browser_trap, drive_by, persistence, escape, wallet_drain,
    hidden_frame;

/// Every rule, in the order in which they run.
[[nodiscard]] std::span<const Rule* const> table();

}  // namespace spawnai::validate::rules
