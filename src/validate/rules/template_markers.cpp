#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// Whether a browser-side engine may fill the page in: a script of its own from elsewhere, or code that reads the markers.
bool may_be_filled(const FileView& file) {
    for (const Element& script : file.facts.page.scripts)
        if (!script.url.empty()) return true;
    // Its own small engine: text.replace(/{{(\w+)}}/g, ..), Vue pasted in, ng-app, x-data, v-for.
    for (const Located& one : file.facts.code.strings)
        if (contains(one.text, "{{") || contains(one.text, "{%")) return true;
    return contains_any(file.text(), {"\\{\\{",
                                      "{{(",
                                      "\\{%",
                                      "'{{'",
                                      "\"{{\"",
                                      "`{{`",
                                      " v-if",
                                      " v-for",
                                      " v-model",
                                      " v-bind",
                                      " v-on",
                                      " v-html",
                                      " v-text",
                                      " v-cloak",
                                      " ng-",
                                      " data-ng-",
                                      " x-data",
                                      "data-bind",
                                      "createApp(",
                                      "text/template",
                                      "text/x-handlebars",
                                      "text/x-template",
                                      "<template"});
}

/// {{ name }} or {{ name.part | filter }} or {{#each ..}}: something that an engine would have replaced.
bool is_marker(std::string_view inside) {
    inside = trim(inside);
    if (inside.empty() || inside.size() > 120) return false;
    if (inside.front() == '#' || inside.front() == '/' || inside.front() == '>' || inside.front() == '&')
        inside.remove_prefix(1);
    inside = trim(inside);
    if (inside.empty() || (std::isalpha(static_cast<unsigned char>(inside.front())) == 0 && inside.front() != '_'))
        return false;
    for (const char c : inside)
        if (static_cast<unsigned char>(c) < 0x20 || c == '{' || c == '}') return false;
    return true;
}

/// The first word of {% .. %} that Jinja, Django, Twig, Liquid or Nunjucks know.
bool is_statement(std::string_view inside) {
    inside = trim(inside);
    while (!inside.empty() && (inside.front() == '-' || inside.front() == '+')) inside.remove_prefix(1);
    inside = trim(inside);
    const std::string_view word = inside.substr(0, inside.find_first_of(" \t\r\n-%("));
    return is_one_of(word, {"if",    "for",    "block",    "extends", "include", "set",    "with",       "macro",
                            "endif", "endfor", "endblock", "elif",    "else",    "elsif",  "csrf_token", "load",
                            "url",   "static", "import",   "from",    "raw",     "assign", "render",     "comment",
                            "trans", "filter", "call",     "endwith", "endmacro"});
}

/// Place in `text` of a pair of marks around something that `test` accepts; npos when there is none.
std::size_t find_marked(std::string_view text, std::string_view open, std::string_view close,
                        bool (*test)(std::string_view)) {
    for (std::size_t at = text.find(open); at != std::string_view::npos; at = text.find(open, at + open.size())) {
        const std::string_view rest = text.substr(at + open.size(), 200);
        const std::size_t end = rest.find(close);
        if (end != std::string_view::npos && test(rest.substr(0, end))) return at;
    }
    return std::string_view::npos;
}

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::webapp) return;
    const std::string hint = "write the content itself: nothing renders a template here";
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        if (file.kind != FileKind::page || !page.parsed) continue;
        const auto place = [&](std::string_view mark) {
            const std::size_t at = file.text().find(mark);
            return at == std::string::npos ? Judge::k_nowhere : at;
        };
        // A server's own language; an XML declaration is none.
        for (const Located& comment : page.comments)
            if (starts_with(comment.text, "<?php") || starts_with(comment.text, "<?="))
                judge.block(&file, comment.offset, "the page holds PHP, which a browser does not run", hint);
        const auto anything = [](std::string_view inside) { return !trim(inside).empty(); };
        if (find_marked(page.text, "<%", "%>", anything) != std::string_view::npos)
            judge.block(&file, place("<%"), "the page holds the tags of a server's template, which nothing fills in",
                        hint);
        if (may_be_filled(file)) continue;
        std::size_t statement = find_marked(page.text, "{%", "%}", &is_statement);
        std::size_t value = find_marked(page.text, "{{", "}}", &is_marker);
        bool in_address = false;
        for (const auto* list : {&page.links, &page.anchors, &page.media})
            for (const Element& element : *list)
                in_address = in_address || find_marked(element.url, "{{", "}}", &is_marker) != std::string_view::npos ||
                             find_marked(element.url, "{%", "%}", &is_statement) != std::string_view::npos;
        if (statement != std::string_view::npos)
            judge.block(&file, place("{%"),
                        "the page is a template that nothing fills in: {% .. %} is shown as it stands", hint);
        else if (in_address)
            judge.block(&file, place("{{"), "an address of the page is the marker of a template that nothing fills in",
                        hint);
        else if (value != std::string_view::npos) {
            // One may be an example in a text; several, or a title, are a page that was to be rendered.
            const std::string_view after = std::string_view(page.text).substr(value + 2);
            if (find_marked(after, "{{", "}}", &is_marker) != std::string_view::npos)
                judge.block(&file, place("{{"),
                            "the page is a template that nothing fills in: {{ .. }} is shown as it stands", hint);
            else
                judge.warn(&file, place("{{"), "a marker of a template is shown as it stands", hint);
        }
    }
}

}  // namespace

const Rule template_markers{
    {"template-markers", Severity::block, "page",
     "Marks of a template in a page with nothing that fills it in: {% if %}, {{ name }}, <?php ?>, <% %>.",
     "The visitor sees the marks. An engine in the page, or one that is loaded, is what they are for."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
