#include "check.hpp"

#include "flow.hpp"
#include "page.hpp"
#include "py_tree.hpp"

#include <deque>

namespace spawnai::validate::checker {
namespace {

std::string_view name_of(Goal goal) {
    return goal == Goal::module ? "module" : goal == Goal::function ? "function" : "script";
}

Syntax syntax_of(const Parsed& parsed, std::string_view goal, std::size_t begin) {
    Syntax made;
    made.status = parsed.status == Parsed::Status::good     ? "good"
                  : parsed.status == Parsed::Status::broken ? "broken"
                                                            : "not-checked";
    made.goal = goal;
    made.message = parsed.message;
    made.begin = begin;
    made.offset = begin + parsed.at;
    made.newer = parsed.tree.newer;
    return made;
}

void report(const Reports& reports, Syntax syntax) {
    CodeFacts facts;
    facts.syntax.push_back(std::move(syntax));
    reports.syntax(facts);
}

void check_page(std::string_view text, JsParser& javascript, const Reports& reports) {
    std::vector<ScriptText> scripts;
    const PageFacts page = read_page(text, scripts);
    reports.page(page);
    PageContext context;
    for (const Field& field : page.fields) {
        if (field.kind == "other") continue;
        if (!field.id.empty()) context.credential_keys.insert(field.id);
        if (!field.name.empty()) context.credential_keys.insert(field.name);
    }
    Arena arena;
    std::vector<Tree> trees;
    for (const ScriptText& script : scripts) {
        Parsed parsed = javascript.parse(script.text, script.goal, arena);
        // The place of an attribute's error is the attribute: its entities were decoded.
        report(reports, syntax_of(parsed, name_of(script.goal), script.offset));
        if (parsed.status != Parsed::Status::good) continue;
        parsed.tree.base = script.offset;
        if (!script.in_place) parsed.tree.root->flags |= f_attribute;
        trees.push_back(std::move(parsed.tree));
    }
    CodeFacts code;
    analyse(arena, trees, Language::javascript, context, code);
    reports.code(code);
}

/// Whether a line begins with import or export. Only a hint which goal to try first: each may also stand in a string.
bool looks_like_module(std::string_view text) {
    for (std::size_t at = 0; at != std::string_view::npos; at = text.find('\n', at)) {
        at = text.find_first_not_of(" \t\r\n;", at);
        if (at == std::string_view::npos) return false;
        for (const std::string_view word : {"import", "export"}) {
            if (text.substr(at, word.size()) != word || at + word.size() >= text.size()) continue;
            const char next = text[at + word.size()];
            if (next == ' ' || next == '{' || next == '*' || next == '"' || next == '\'') return true;
        }
    }
    return false;
}

void check_file(char kind, std::string_view text, JsParser& javascript, const Reports& reports) {
    Arena arena;
    Goal goal = kind == 'M' || (kind == 'J' && looks_like_module(text)) ? Goal::module : Goal::function;
    Parsed parsed = javascript.parse(text, goal, arena);
    if (kind == 'J' && parsed.status == Parsed::Status::broken) {
        const Goal other = goal == Goal::module ? Goal::function : Goal::module;
        Parsed second = javascript.parse(text, other, arena);
        // Of two errors, the one that is reached later is about the text and not about the goal.
        if (second.status != Parsed::Status::broken || second.at > parsed.at) {
            parsed = std::move(second);
            goal = other;
        }
    }
    report(reports, syntax_of(parsed, name_of(goal), 0));
    if (parsed.status != Parsed::Status::good) return;
    CodeFacts code;
    std::vector<Tree> trees;
    trees.push_back(std::move(parsed.tree));
    analyse(arena, trees, Language::javascript, {}, code);
    reports.code(code);
}

void check_python(std::string_view text, const Reports& reports) {
    Arena arena;
    Parsed parsed = parse_python(text, arena);
    report(reports, syntax_of(parsed, "python", 0));
    if (parsed.status != Parsed::Status::good) return;
    CodeFacts code;
    std::vector<Tree> trees;
    trees.push_back(std::move(parsed.tree));
    analyse(arena, trees, Language::python, {}, code);
    reports.code(code);
}

}  // namespace

void check(char kind, std::string_view text, JsParser& javascript, const Reports& reports) {
    if (kind == 'P')
        check_page(text, javascript, reports);
    else if (kind == 'Y')
        check_python(text, reports);
    else
        check_file(kind, text, javascript, reports);
}

}  // namespace spawnai::validate::checker
