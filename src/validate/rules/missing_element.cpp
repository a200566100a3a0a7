#include "helpers.hpp"

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// The id that a lookup asks for; empty when it asks for something else.
std::string id_of(const Event& event) {
    if (event.name == "document.getElementById") return event.target.text;
    if (event.target.text.size() < 2 || event.target.text[0] != '#') return {};
    const std::string id = event.target.text.substr(1);
    for (const char c : id)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') return {};
    return id;
}

bool has_whole_word(std::string_view text, std::string_view id) {
    const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; };
    for (std::size_t at = text.find(id); at != std::string_view::npos; at = text.find(id, at + 1)) {
        const std::size_t end = at + id.size();
        if ((at == 0 || !word(text[at - 1])) && (end >= text.size() || !word(text[end]))) return true;
    }
    return false;
}

/// Whether `text` has a word that ends in an unknown part and could become `id`: "answer-" and a number.
bool puts_together(std::string_view text, std::string_view id) {
    for (std::size_t at = text.find(k_hole); at != std::string_view::npos; at = text.find(k_hole, at + 1)) {
        std::size_t begin = at;
        while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0 || text[begin - 1] == '-' ||
                             text[begin - 1] == '_'))
            --begin;
        const std::string_view word = text.substr(begin, at - begin);
        if (!word.empty() && starts_with(id, word)) return true;
        if (word.empty() && begin > 3 && contains(text.substr(begin - 4, 4), "id=")) return true;
    }
    return false;
}

/// An element that the script makes itself: its id stands in one more string than the lookups have, or is put together.
bool may_be_made(const FileView& file, const std::string& id) {
    std::size_t lookups = 0;
    for (const Event& event : file.facts.code.events)
        if (event.act == Act::lookup && id_of(event) == id) ++lookups;
    std::size_t strings = 0;
    for (const Located& one : file.facts.code.strings) {
        if (has_whole_word(one.text, id)) ++strings;
        if (puts_together(one.text, id)) return true;
    }
    return strings > lookups || contains_any(file.text(), {".id = `", ".id=`"});
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        if (!page.parsed || !page.scripts.empty()) continue;
        for (const Event& event : file.facts.code.events) {
            if (event.act != Act::lookup || event.data.text != "used" || !event.at_load || event.guarded) continue;
            const std::string id = id_of(event);
            if (id.empty()) continue;
            const Located* element = nullptr;
            for (const Located& one : page.ids)
                if (one.text == id) element = &one;
            if (element == nullptr) {
                if (id.size() < 3 || may_be_made(file, id)) continue;
                judge.block(&file, event.offset,
                            "no element has the id \"" + show(id) + "\", and the script uses it at once",
                            "give an element this id, or correct the id in the script");
            } else if (element->offset > event.offset) {
                bool in_module = false;
                for (const Syntax& syntax : file.facts.code.syntax)
                    if (syntax.begin <= event.offset && syntax.goal == "module")
                        in_module = true;
                    else if (syntax.begin <= event.offset)
                        in_module = false;
                if (in_module) continue;
                judge.block(&file, event.offset,
                            "the script uses the element \"" + show(id) + "\" before the page has it",
                            "move the script to the end of the body, or wait for DOMContentLoaded");
            }
        }
    }
}

}  // namespace

const Rule missing_element{{"missing-element", Severity::block, "page",
                            "A script that, while the page loads, uses an element by an id that no element has, or "
                            "that comes later in the page.",
                            "The lookup gives null, the use of it throws, and the rest of the script never runs."},
                           Scope::file,
                           check};

}  // namespace spawnai::validate::rules
