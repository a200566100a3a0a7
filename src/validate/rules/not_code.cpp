#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool is_broken(const FileView& file) {
    for (const Syntax& syntax : file.facts.code.syntax)
        if (syntax.status == "broken") return true;
    return false;
}

bool refuses(std::string_view text) {
    const std::string low = ascii_lower(text.substr(0, 400));
    return contains_any(low, {"i'm sorry", "i am sorry", "i cannot ", "i can't ", "i\xE2\x80\x99m sorry",
                              "i can\xE2\x80\x99t ", "i'm not able to", "i am not able to", "i'm unable to",
                              "i am unable to", "as an ai", "i won't ", "i will not ", "unable to assist",
                              "can't help with", "cannot help with", "can't assist", "cannot assist"});
}

bool talks(std::string_view text) {
    const std::string low = ascii_lower(trim(text).substr(0, 120));
    for (const std::string_view opening :
         {"sure",       "certainly", "of course", "here is",  "here's",       "here are",  "could you", "can you",
          "what kind",  "which ",    "to create", "to build", "great",        "before i",  "i need",    "i'd be happy",
          "i'll ",      "i will ",   "i would",   "let me",   "this is",      "this app",  "the app",   "okay",
          "absolutely", "thanks",    "thank you", "please ",  "do you",       "would you", "below is",  "you can",
          "i have",     "i've",      "yes",       "no,",      "unfortunately"})
        if (starts_with(low, opening)) return true;
    return false;
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.path() != app.app->entry && app.whole) continue;
        const std::string_view body = trim(file.text());
        if (body.empty()) continue;
        if (file.kind == FileKind::page) {
            const PageFacts& page = file.facts.page;
            if (!page.parsed) continue;
            const std::string_view visible = trim(page.text);
            const bool alone = page.inline_scripts == 0 && page.scripts.empty() && page.fields.empty();
            if (alone && visible.size() < 1200 && refuses(visible))
                judge.block(&file, Judge::k_nowhere, "the page refuses instead of being the app",
                            "write the app; if it must not be written, say so outside of any file");
            else if (body.front() != '<' && !page.has_document && (refuses(body) || talks(body)))
                judge.block(&file, 0, "the file is an explanation or a question, not a page",
                            "give the complete page and nothing else");
        } else if ((file.kind == FileKind::javascript || file.kind == FileKind::python) && is_broken(file)) {
            if (refuses(body) || talks(body))
                judge.block(&file, 0, "the file is an explanation or a question, not code",
                            "give the complete code and nothing else");
        }
    }
}

}  // namespace

const Rule not_code{
    {"not-code", Severity::block, "text", "A refusal, a question or an explanation where the app should be.",
     "There is nothing to deploy, and the visitor would be told so by the page itself."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
