#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::validate::rules {
namespace {

/// Where a form's content goes that is not for the page itself; empty for ordinary targets.
std::string suspicious_target(const std::string& action) {
    const std::string low = ascii_lower(action);
    const std::string path = low.substr(0, low.find_first_of("?#"));
    if (is_external(action)) return host_of(action);
    if (ends_with(path, ".php") || contains(path, ".php/") || ends_with(path, ".asp") || ends_with(path, ".aspx") ||
        ends_with(path, ".cgi") || ends_with(path, ".pl"))
        return action;
    if (starts_with(low, "mailto:")) return action;
    return {};
}

/// A form's action as the browser reads it below <base href>.
std::string resolved(const std::string& base, const std::string& action) {
    if (action.empty() || !host_of(action).empty() || contains(action.substr(0, action.find_first_of("/?#")), ":"))
        return action;
    return base.substr(0, base.rfind('/') + 1) + action;
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        std::vector<std::string> targets;
        std::vector<std::size_t> buttons;  // that lead elsewhere, by their place
        for (const Form& form : page.forms) {
            targets.push_back(suspicious_target(page.base.empty() ? form.action : resolved(page.base, form.action)));
            if (!targets.back().empty() && form.method == "post") buttons.push_back(targets.size() - 1);
        }
        for (const Field& field : page.fields) {
            if (field.kind == "other" || field.form < 0 || static_cast<std::size_t>(field.form) >= targets.size())
                continue;
            std::string target = targets[static_cast<std::size_t>(field.form)];
            // A button of the form may lead elsewhere.
            if (target.empty()) {
                const auto button = std::find_if(buttons.begin(), buttons.end(), [&](std::size_t index) {
                    return page.forms[index].offset > field.offset;
                });
                if (button != buttons.end()) target = targets[*button];
            }
            if (target.empty()) continue;
            judge.block(&file, field.offset,
                        "a " + std::string(field.kind == "phrase" ? "secret" : field.kind) + " field is posted to " +
                            show(target),
                        "handle the form in the page's own script, or in the app's own server");
        }
    }
    // Scripts that give the form its target.
    each_event(app, Act::assign, [&](const FileView& file, const Event& event) {
        if (!ends_with(event.name, ".action") || !is_external(event.data.text)) return;
        for (const Field& field : file.facts.page.fields)
            if (field.kind != "other") {
                judge.block(&file, event.offset,
                            "a form with a " + field.kind + " field is posted to " + host_of(event.data.text),
                            "handle the form in the page's own script");
                return;
            }
    });
}

}  // namespace

const Rule credential_form{{"credential-form", Severity::block, "harm",
                            "A form with a password, card or recovery phrase field whose action is another host, a "
                            ".php file or a mail address.",
                            "A generated page has no login elsewhere: this is what a phishing page looks like. A "
                            "password field by itself is normal."},
                           Scope::file,
                           check};

}  // namespace spawnai::validate::rules
