#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// "TODO: implement the remaining handlers", "add your validation logic here": a verb that asks, and what is to be there.
bool asks_for_code(std::string_view comment) {
    std::string low = ascii_lower(comment.substr(0, 200));
    for (char& c : low)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = ' ';
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < low.size();) {
        const std::size_t begin = low.find_first_not_of(' ', at);
        if (begin == std::string::npos) break;
        const std::size_t end = std::min(low.find(' ', begin), low.size());
        words.push_back(std::string_view(low).substr(begin, end - begin));
        at = end;
    }
    std::size_t at = 0;
    while (at < words.size() &&
           is_one_of(words[at], {"todo", "fixme", "note", "please", "you", "should", "can", "now", "here"}))
        ++at;
    if (at >= words.size()) return false;
    const auto says = [&](std::initializer_list<std::string_view> any, std::size_t from) {
        for (std::size_t index = from; index < std::min(words.size(), from + 7); ++index)
            if (is_one_of(words[index], any)) return true;
        return false;
    };
    const bool verb = is_one_of(words[at], {"implement", "add", "insert", "put", "write", "complete", "fill"});
    if (!verb) return false;
    const bool code = says({"logic", "code", "implementation", "functions", "function", "methods", "handlers", "routes",
                            "endpoints", "body"},
                           at + 1);
    // "implement the remaining ..", "add the rest of ..": what comes after was left out.
    const bool remaining =
        says({"remaining", "rest"}, at + 1) && is_one_of(words[at], {"implement", "add", "complete", "write"});
    // "add your .. logic here": the reader is to write it.
    const bool yours = says({"your", "actual", "real"}, at + 1) && code && says({"here"}, at + 2);
    return (remaining && code) || yours;
}

/// What a comment says instead of code. In comments only: the same words are common in the text of pages.
std::string_view missing_part(std::string_view comment) {
    const std::string low = ascii_lower(comment);
    for (const std::string_view phrase : {"rest of the code",
                                          "rest of your code",
                                          "rest of code",
                                          "rest of the file",
                                          "rest of the html",
                                          "rest of the css",
                                          "rest of the script",
                                          "rest of the javascript",
                                          "rest of the functions",
                                          "rest of the implementation",
                                          "rest of the logic",
                                          "rest of implementation",
                                          "rest of the app",
                                          "rest of the page",
                                          "rest of the component",
                                          "rest of the methods",
                                          "rest of the styles",
                                          "rest of the server",
                                          "rest of the routes",
                                          "rest remains the same",
                                          "rest stays the same",
                                          "rest unchanged",
                                          "rest is unchanged",
                                          "existing code",
                                          "previous code",
                                          "code remains the same",
                                          "code unchanged",
                                          "remaining code",
                                          "remaining functions",
                                          "remaining implementation",
                                          "remaining methods",
                                          "remaining routes",
                                          "same as before",
                                          "same as above code",
                                          "code goes here",
                                          "implementation goes here",
                                          "logic goes here",
                                          "your code here",
                                          "your logic here",
                                          "add your code",
                                          "insert code here",
                                          "code here...",
                                          "implement this function",
                                          "implementation here",
                                          "add implementation",
                                          "unchanged code",
                                          "omitted for brevity",
                                          "truncated for brevity",
                                          "shortened for brevity",
                                          "abbreviated for brevity",
                                          "code omitted",
                                          "continue with the",
                                          "... other functions",
                                          "... other methods",
                                          "... other routes",
                                          "... more functions",
                                          "... more code",
                                          "etc. for the other",
                                          "[truncated]",
                                          "(truncated)",
                                          "<truncated>",
                                          "to be implemented",
                                          "not implemented yet",
                                          "left as an exercise"})
        if (contains(low, phrase)) return phrase;
    if (asks_for_code(comment)) return "asks for code";
    // "// ..." alone on its line, after code was left out.
    std::string_view body = comment;
    while (!body.empty() && (body.front() == '/' || body.front() == '*' || body.front() == '#' || body.front() == '<' ||
                             body.front() == '!' || body.front() == '-' || body.front() == ' '))
        body.remove_prefix(1);
    while (!body.empty() &&
           (body.back() == '/' || body.back() == '*' || body.back() == '>' || body.back() == '-' || body.back() == ' '))
        body.remove_suffix(1);
    if (body == "..." || body == "\xE2\x80\xA6" || body == "... (more)" || body == "... existing ...") return "...";
    return {};
}

/// Weak words: what the comment stands before may be complete.
bool is_weak(std::string_view phrase) {
    return is_one_of(phrase, {"same as before", "continue with the", "not implemented yet", "...", "to be implemented",
                              "previous code", "add implementation", "your logic here", "remaining methods"});
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.test) continue;
        std::vector<const std::vector<Located>*> lists{&file.facts.code.comments};
        if (file.kind == FileKind::page) lists.push_back(&file.facts.page.comments);
        for (const auto* list : lists)
            for (const Located& comment : *list) {
                const std::string_view phrase = missing_part(comment.text);
                if (phrase.empty()) continue;
                const std::string message = "a comment stands in for code: \"" + show(comment.text) + "\"";
                if (is_weak(phrase))
                    judge.warn(&file, comment.offset, message, "write the part out in full, or drop the comment");
                else
                    judge.block(&file, comment.offset, message, "write the part out in full");
            }
        // Style sheets have comments too.
        for (const Located& style : file.facts.page.styles)
            for (std::size_t at = style.text.find("/*"); at != std::string::npos; at = style.text.find("/*", at + 2)) {
                const std::size_t end = style.text.find("*/", at + 2);
                if (end == std::string::npos) break;
                const std::string_view phrase = missing_part(std::string_view(style.text).substr(at, end + 2 - at));
                if (phrase.empty() || is_weak(phrase)) continue;
                judge.block(&file, style.offset + at, "a comment stands in for styles", "write the styles out in full");
            }
    }
}

}  // namespace

const Rule placeholder{{"placeholder", Severity::block, "text",
                        "A comment in place of code: \"rest of the code\", \"existing code\", \"goes here\".",
                        "The part is missing, and what uses it fails when somebody clicks on it."},
                       Scope::file,
                       check};

}  // namespace spawnai::validate::rules
