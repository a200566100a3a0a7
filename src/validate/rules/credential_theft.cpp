#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

/// Where people sign in or try requests out.
bool is_login_service(std::string_view url) {
    const std::string host = host_of(url);
    return contains_any(
        host, {"googleapis.com", "firebaseio.com", "firebaseapp.com", "supabase.co", "auth0.com", "okta.com",
               "reqres.in", "dummyjson.com", "jsonplaceholder.typicode.com", "httpbin.org", "cognito", "clerk.",
               "stripe.com", "api.github.com", "fakestoreapi.com", "postman-echo.com"});
}

/// By a timer, with each key, or when the visitor leaves.
bool is_unasked(const Event& event) {
    return starts_with(event.handler, "interval") ||
           is_one_of(event.handler, {"timer", "input", "keyup", "keydown", "keypress", "change", "blur", "focusout",
                                     "beforeunload", "unload", "pagehide", "visibilitychange"});
}

/// A page about a recovery phrase, with fields to write it into that a script makes.
bool asks_for_phrase(const FileView& file) {
    const std::string low = ascii_lower(file.facts.page.text);
    return contains_any(low, {"recovery phrase", "seed phrase", "secret phrase", "backup phrase", "12-word", "24-word",
                              "12 words", "24 words", "secret recovery"}) &&
           contains_any(file.text(), {"createElement", "innerHTML", "<input", "<textarea", "insertAdjacentHTML"});
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.test || file.runs()) continue;
        bool has_credentials = false;
        for (const Field& field : file.facts.page.fields) has_credentials = has_credentials || field.kind != "other";
        for (const Event& event : file.facts.code.events) {
            const bool goes_out = event.act == Act::send || event.act == Act::mail || event.act == Act::navigate ||
                                  event.act == Act::window;
            if (!goes_out) continue;
            const std::uint32_t taint = event.data.taint | event.target.taint;
            const std::string& url = event.target.text;
            const bool unknown_mail = event.act == Act::mail;
            const bool external = is_external(url) || is_drop_box(url) || unknown_mail;
            if (!external) continue;
            if ((taint & t_credential) != 0 && !is_login_service(url)) {
                judge.block(&file, event.offset,
                            "what is typed into a password, card or phrase field is sent to " +
                                (unknown_mail ? std::string("a mailbox") : show(host_of(url))),
                            "keep it in the page: an app of one page has nobody to send it to");
            } else if (has_credentials && (taint & t_form) != 0 && (is_drop_box(url) || unknown_mail)) {
                judge.block(&file, event.offset,
                            "a form with a secret field is sent to " +
                                (unknown_mail ? std::string("a mailbox") : show(host_of(url))),
                            "keep it in the page: an app of one page has nobody to send it to");
            } else if (has_credentials && event.act == Act::mail && ends_with(event.name, "sendForm")) {
                judge.block(&file, event.offset, "a form with a secret field is sent to a mailbox",
                            "keep it in the page: an app of one page has nobody to send it to");
            } else if ((taint & t_form) != 0 && !is_login_service(url) && has_credentials && is_unasked(event)) {
                judge.block(
                    &file, event.offset,
                    "what is typed into the form is sent to " + show(host_of(url)) + " before anybody presses a button",
                    "keep it in the page, and send nothing that nobody sent off");
            } else if ((taint & t_form) != 0 && !is_login_service(url) && asks_for_phrase(file)) {
                judge.block(&file, event.offset, "the words of a recovery phrase are sent to " + show(host_of(url)),
                            "nobody but its owner's wallet may ask for them");
            } else if (has_credentials && contains_any(url, {"api.telegram.org/bot", "discord.com/api/webhooks",
                                                             "discordapp.com/api/webhooks"})) {
                judge.block(&file, event.offset, "a page with a secret field talks to a chat bot",
                            "keep what is typed in the page");
            }
        }
        // A page that asks for a secret and holds a drop box's address, however the request is put together.
        if (has_credentials)
            for (const Located& one : file.facts.code.strings)
                if (contains_any(one.text, {"api.telegram.org/bot", "discord.com/api/webhooks/",
                                            "discordapp.com/api/webhooks/", "webhook.site/"}))
                    judge.block(&file, one.offset, "a page with a secret field holds the address of a message drop",
                                "keep what is typed in the page");
    }
    // A server that collects logins and hands them on.
    each_event(app, Act::send, [&](const FileView& file, const Event& event) {
        if (!file.runs() || !is_drop_box(event.target.text)) return;
        if (has_taint(event.data, t_request) &&
            contains_any(file.text(), {"type=\"password\"", "type='password'", "req.body.password", "body.password",
                                       "form['password']", "form.get('password')", "form[\"password\"]"}))
            judge.block(&file, event.offset,
                        "passwords that visitors send are handed on to " + show(host_of(event.target.text)),
                        "do not pass them on");
    });
}

}  // namespace

const Rule credential_theft{{"credential-theft", Severity::block, "harm",
                             "Values of password, card or phrase fields that a script sends to another host, a chat "
                             "bot, a web hook or a mailbox.",
                             "That is phishing by script. Well-known sign-in and test services are excepted."},
                            Scope::file,
                            check};

}  // namespace spawnai::validate::rules
