#include "helpers.hpp"

#include <spawnai/core/text.hpp>

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

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        for (const Field& field : page.fields) {
            if (field.kind == "other") continue;
            const std::string action = field.form >= 0 && static_cast<std::size_t>(field.form) < page.forms.size()
                                           ? page.forms[static_cast<std::size_t>(field.form)].action
                                           : "";
            std::string target = suspicious_target(action);
            // A button of the form may lead elsewhere.
            if (target.empty())
                for (const Form& form : page.forms)
                    if (form.offset > field.offset && suspicious_target(form.action).size() > 0 &&
                        form.action != action && form.method == "post" && field.form >= 0)
                        target = suspicious_target(form.action);
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
