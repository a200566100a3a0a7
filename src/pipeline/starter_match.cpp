#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/starters.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>

namespace spawnai::pipeline {
namespace {

// Words that say nothing about what the app must be able to do. Stemmed before use, like everything else.
constexpr std::string_view k_filler =
    "a an the some any my me i we our us you your he she it its they them this that these those which where "
    "when who what how "
    "there here after before while is are am be been can could should would will may might must do does did to of for "
    "in on at "
    "by with and or as "
    "from into onto up out off than then also just only so plus etc e g s t d m ve re ll very really quite "
    "too more most both "
    "each every all please pls kindly want need like love wish make build create give get write generate "
    "design "
    "develop code implement spawn show let lets help use have has able possible allow enable support include "
    "contain "
    "provide offer feature featuring kind_of sort_of type_of app application web webapp website site page "
    "webpage program tool "
    "utility project demo example sample thing something software online version simple basic nice small "
    "tiny "
    "little minimal minimalist minimalistic clean modern beautiful pretty cool awesome great good best "
    "lovely elegant sleek fancy "
    "fast quick quickly easy easily lightweight classic plain single one new interactive functional fully "
    "working stylish "
    "required needed necessary attractive gorgeous neat polished personal own quick_and_dirty user_friendly "
    "easy_to_use hello hi hey thanks thank "
    "everyday daily prototype mvp mini lite home kid child children myself today now";

// What every starter of a type lives up to.
constexpr std::array<std::string_view, 3> k_type_features = {
    "ui gui interface frontend front_end browser mobile phone tablet desktop screen responsive dark light "
    "mode theme toggle offline "
    "accessible keyboard self_contained client_side single_page_app one_page look feel style layout button "
    "click "
    "mobile_friendly no_dependencies html css html5 css3 vanilla javascript js",
    "api rest restful http json endpoint backend back_end server service microservice web_service route crud "
    "request response "
    "in_memory health_check",
    "script cli command_line terminal console print output run shell_tool stdout report table",
};

constexpr std::string_view k_node_features = "node nodejs node_js javascript js";
constexpr std::string_view k_python_features = "python python3 py";

using Words = std::vector<std::string>;

bool ends_with(const std::string& word, std::string_view suffix) {
    return word.size() > suffix.size() && word.compare(word.size() - suffix.size(), suffix.size(), suffix) == 0;
}

void undouble(std::string& word) {
    const std::size_t size = word.size();
    if (size > 3 && word[size - 1] == word[size - 2] &&
        std::string_view("lsz").find(word.back()) == std::string_view::npos)
        word.pop_back();
}

// Folds the inflections of one word together ("tasks", "saving", "saved", "categories"); the stem need not be
// a word.
std::string stem(std::string word) {
    if (word == "not") return "no";  // and so it is not the stem of "notes"
    if (word.size() > 4 && ends_with(word, "ies")) {
        word.replace(word.size() - 3, 3, "y");
    } else if (word.size() > 4 && (ends_with(word, "sses") || ends_with(word, "xes") || ends_with(word, "ches") ||
                                   ends_with(word, "shes"))) {
        word.resize(word.size() - 2);
    } else if (word.size() > 3 && ends_with(word, "s") && !ends_with(word, "ss") && !ends_with(word, "us") &&
               !ends_with(word, "is")) {
        word.pop_back();
    }
    if (word.size() > 5 && ends_with(word, "ing")) {
        word.resize(word.size() - 3);
        undouble(word);
    } else if (word.size() > 4 && ends_with(word, "ed") && !ends_with(word, "eed")) {
        word.resize(word.size() - 2);
        undouble(word);
    }
    if (word.size() > 3 && word.back() == 'e') word.pop_back();
    return word;
}

bool is_ascii_word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Bytes of punctuation, symbols and emoji (U+2000..U+2FFF, U+1F000..U+1FFFF, variation selectors) at `at`; 0
// for a letter's.
std::size_t symbol_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    if (byte(0) == 0xE2) return 3;
    if (byte(0) == 0xEF && byte(1) == 0xB8) return 3;
    if (byte(0) == 0xF0 && byte(1) == 0x9F) return 4;
    return 0;
}

Words words_of(std::string_view text) {
    const std::string lower = ascii_lower(text);
    Words result;
    std::string word;
    const auto finish = [&] {
        if (!word.empty()) result.push_back(stem(std::move(word)));
        word.clear();
    };
    for (std::size_t at = 0; at < lower.size();) {
        const auto c = static_cast<unsigned char>(lower[at]);
        if (const std::size_t symbol = symbol_length(lower, at); symbol > 0) {
            finish();
            at += symbol;
            continue;
        }
        if (is_ascii_word(c) || c >= 0x80) {
            word += lower[at];
        } else if (c != '\'') {
            finish();
        }
        ++at;
    }
    finish();
    return result;
}

struct Vocabulary {
    std::vector<Words> phrases;

    void add(std::string_view phrase) {
        if (Words words = words_of(phrase); !words.empty()) phrases.push_back(std::move(words));
    }
    // A space-separated list; '_' joins the words of one phrase.
    void add_list(std::string_view list) {
        while (!list.empty()) {
            const std::size_t end = std::min(list.find(' '), list.size());
            add(list.substr(0, end));
            list.remove_prefix(std::min(end + 1, list.size()));
        }
    }
    // How many words from `at` on the longest phrase covers.
    [[nodiscard]] std::size_t match(const Words& words, std::size_t at) const {
        std::size_t best = 0;
        for (const Words& phrase : phrases)
            if (phrase.size() > best && phrase.size() <= words.size() - at &&
                std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<std::ptrdiff_t>(at)))
                best = phrase.size();
        return best;
    }
};

const Vocabulary& filler() {
    static const Vocabulary vocabulary = [] {
        Vocabulary result;
        result.add_list(k_filler);
        return result;
    }();
    return vocabulary;
}

Vocabulary features_of(const Starter& starter) {
    Vocabulary result;
    result.add_list(k_type_features.at(static_cast<std::size_t>(starter.app.type)));
    if (ends_with(starter.app.entry, ".js")) result.add_list(k_node_features);
    if (ends_with(starter.app.entry, ".py")) result.add_list(k_python_features);
    for (const std::string& feature : starter.features) result.add(feature);
    return result;
}

Vocabulary keywords_of(const Starter& starter) {
    Vocabulary result;
    result.add(starter.id);
    for (const std::string& keyword : starter.keywords) result.add(keyword);
    return result;
}

// "no login", "without any sign up": what is not wanted need not be there.
bool is_negation(const std::string& word) {
    return word == "no" || word == "without";
}

// Words of the prompt that are covered by keywords; 0 when the starter does not cover the whole prompt.
std::size_t keyword_cover(const Words& prompt, const Starter& starter) {
    const Vocabulary keywords = keywords_of(starter);
    const Vocabulary features = features_of(starter);
    std::size_t covered = 0;
    bool negated = false;
    for (std::size_t at = 0; at < prompt.size();) {
        const std::size_t keyword = keywords.match(prompt, at);
        const std::size_t other = std::max(features.match(prompt, at), filler().match(prompt, at));
        if (negated && other == 0) {
            negated = false;
            ++at;
        } else if (keyword > 0 && keyword >= other) {
            covered += keyword;
            at += keyword;
        } else if (other > 0) {
            at += other;
        } else if (is_negation(prompt[at])) {
            negated = true;
            ++at;
        } else {
            return 0;
        }
    }
    return covered;
}

}  // namespace

const Starter* match_starter(std::string_view prompt, std::optional<AppType> type, std::span<const Starter> catalogue) {
    const Words words = words_of(prompt);
    const Starter* best = nullptr;
    std::size_t best_cover = 0;
    for (const Starter& starter : catalogue) {
        if (type && starter.app.type != *type) continue;
        const std::size_t cover = keyword_cover(words, starter);
        // The enumerators of AppType stand in the order of preference.
        const bool better =
            best == nullptr || std::tuple(cover, best->app.type) > std::tuple(best_cover, starter.app.type);
        if (cover > 0 && better) {
            best = &starter;
            best_cover = cover;
        }
    }
    return best;
}

}  // namespace spawnai::pipeline
