#include "check.hpp"

#include "bulk.hpp"
#include "deadline.hpp"
#include "flow.hpp"
#include "page.hpp"
#include "py_tree.hpp"
#include "surface.hpp"

#include <algorithm>
#include <iterator>
#include <set>

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

constexpr std::uint32_t k_page_milliseconds = 600;

/// What is left of one request's share of the machine.
struct Limits {
    std::uint32_t work;  ///< for parsing, see JsParser::parse
    Deadline deadline;
};

/// Code that has no tree: the verdict says so, and the surface is read.
void skip(Parsed& parsed, std::string_view text, std::size_t base, Language language, CodeFacts& code) {
    parsed.tree.root = nullptr;
    read_surface(text, base, language, code);
}

/// Analyses what was parsed and adds what was found of the rest.
void finish(Arena& arena, const std::vector<Tree>& trees, Language language, const PageContext& context,
            const Limits& limits, CodeFacts code, const Reports& reports) {
    CodeFacts found;
    if (!analyse(arena, trees, language, context, limits.deadline, found)) {
        Syntax stopped;
        stopped.status = "not-checked";
        stopped.goal = language == Language::python ? "python" : "script";
        stopped.message = "it takes too long to analyse";
        report(reports, std::move(stopped));
        for (const Tree& tree : trees) read_surface(tree.source, tree.base, language, code);
    }
    const auto append = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
    };
    append(found.events, code.events);
    append(found.strings, code.strings);
    append(found.comments, code.comments);
    reports.code(found);
}

/// Scripts of a page that is too large for a tree, by their tags alone.
std::vector<ScriptText> scripts_by_tag(std::string_view text) {
    std::vector<ScriptText> scripts;
    const auto find = [&](std::string_view tag, std::size_t from) {
        for (std::size_t at = text.find('<', from); at != std::string_view::npos; at = text.find('<', at + 1)) {
            bool same = at + tag.size() <= text.size();
            for (std::size_t index = 1; same && index < tag.size(); ++index)
                same = (text[at + index] | 0x20) == (tag[index] | 0x20);
            if (same) return at;
        }
        return std::string_view::npos;
    };
    for (std::size_t at = find("<script", 0); at != std::string_view::npos; at = find("<script", at)) {
        const std::size_t begin = text.find('>', at);
        if (begin == std::string_view::npos) break;
        const std::size_t end = std::min(find("</script", begin), text.size());
        scripts.push_back({std::string(text.substr(begin + 1, end - begin - 1)), begin + 1, Goal::script, true});
        at = end;
    }
    return scripts;
}

void check_page(std::string_view text, JsParser& javascript, const Reports& reports, Limits limits) {
    std::vector<ScriptText> scripts;
    PageFacts page;
    if (text.size() <= k_max_parsed && limits.work > 0) {
        // Some pages cost the HTML parser the square of their size: thousands of open elements, or of attributes in one.
        page = read_page(text, Deadline(k_page_milliseconds), scripts);
        reports.page(page);
    } else {
        limits.work = 0;
    }
    if (!page.parsed) {
        scripts = scripts_by_tag(text);
        Syntax unread;
        unread.status = "not-checked";
        unread.goal = "page";
        unread.message = "the page is beyond the limits of the checks";
        report(reports, std::move(unread));
    }
    PageContext context;
    for (const Field& field : page.fields) {
        if (field.kind == "other") continue;
        if (!field.id.empty()) context.credential_keys.insert(field.id);
        if (!field.name.empty()) context.credential_keys.insert(field.name);
    }
    // The smallest first: a large library does not take the time that the page's own code needs. What an attribute says again
    // is said once.
    std::vector<std::size_t> order;
    std::set<std::string_view> said;
    for (std::size_t index = 0; index < scripts.size(); ++index)
        if (scripts[index].in_place || said.insert(scripts[index].text).second) order.push_back(index);
    std::vector<std::size_t> by_size = order;
    std::stable_sort(by_size.begin(), by_size.end(), [&](std::size_t left, std::size_t right) {
        return scripts[left].text.size() < scripts[right].text.size();
    });
    Arena arena;
    CodeFacts code;
    std::vector<Parsed> parsed(scripts.size());
    std::vector<std::string> thin(scripts.size());
    for (const std::size_t index : by_size) {
        const ScriptText& script = scripts[index];
        std::vector<Located> strings;
        thin[index] = without_bulk(script.text, Language::javascript, strings);
        for (Located& one : strings) code.strings.push_back({std::move(one.text), one.offset + script.offset});
        if (limits.deadline.passed()) limits.work = 0;
        parsed[index] = javascript.parse(thin[index], script.goal, arena, limits.deadline, limits.work);
    }
    std::vector<Tree> trees;
    for (const std::size_t index : order) {
        const ScriptText& script = scripts[index];
        Parsed& one = parsed[index];
        // The place of an attribute's error is the attribute: its entities were decoded.
        report(reports, syntax_of(one, name_of(script.goal), script.offset));
        if (one.status == Parsed::Status::broken) continue;
        if (one.status == Parsed::Status::not_checked) {
            skip(one, script.text, script.offset, Language::javascript, code);
            continue;
        }
        one.tree.base = script.offset;
        one.tree.source = script.text;
        if (!script.in_place) one.tree.root->flags |= f_attribute;
        trees.push_back(std::move(one.tree));
    }
    finish(arena, trees, Language::javascript, context, limits, std::move(code), reports);
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

void check_file(char kind, std::string_view text, JsParser& javascript, const Reports& reports, Limits limits) {
    Arena arena;
    CodeFacts code;
    if (text.size() > k_max_parsed) limits.work = 0;
    const std::string thin = limits.work > 0 ? without_bulk(text, Language::javascript, code.strings) : std::string();
    Goal goal = kind == 'M' || (kind == 'J' && looks_like_module(text)) ? Goal::module : Goal::function;
    Parsed parsed = javascript.parse(thin, goal, arena, limits.deadline, limits.work);
    if (kind == 'J' && parsed.status == Parsed::Status::broken) {
        const Goal other = goal == Goal::module ? Goal::function : Goal::module;
        Parsed second = javascript.parse(thin, other, arena, limits.deadline, limits.work);
        // Of two errors, the one that is reached later is about the text and not about the goal.
        if (second.status != Parsed::Status::broken || second.at > parsed.at) {
            parsed = std::move(second);
            goal = other;
        }
    }
    report(reports, syntax_of(parsed, name_of(goal), 0));
    if (parsed.status == Parsed::Status::broken) return;
    std::vector<Tree> trees;
    if (parsed.status == Parsed::Status::good) {
        parsed.tree.source = text;
        trees.push_back(std::move(parsed.tree));
    } else {
        skip(parsed, text, 0, Language::javascript, code);
    }
    finish(arena, trees, Language::javascript, {}, limits, std::move(code), reports);
}

void check_python(std::string_view text, const Reports& reports, const Limits& limits) {
    Arena arena;
    CodeFacts code;
    Parsed parsed;
    parsed.message = "it is too large to be parsed";
    std::string thin;
    if (text.size() <= k_max_parsed && limits.work > 0) {
        thin = without_bulk(text, Language::python, code.strings);
        parsed = parse_python(thin, arena);
    }
    report(reports, syntax_of(parsed, "python", 0));
    if (parsed.status == Parsed::Status::broken) return;
    std::vector<Tree> trees;
    if (parsed.status == Parsed::Status::good) {
        parsed.tree.source = text;
        trees.push_back(std::move(parsed.tree));
    } else {
        skip(parsed, text, 0, Language::python, code);
    }
    finish(arena, trees, Language::python, {}, limits, std::move(code), reports);
}

}  // namespace

void check(char kind, std::string_view text, JsParser& javascript, const Reports& reports, std::uint32_t milliseconds) {
    const Limits limits{milliseconds / JsParser::k_milliseconds_per_unit, Deadline(milliseconds + 1500)};
    if (kind == 'P')
        check_page(text, javascript, reports, limits);
    else if (kind == 'Y')
        check_python(text, reports, limits);
    else
        check_file(kind, text, javascript, reports, limits);
}

}  // namespace spawnai::validate::checker
