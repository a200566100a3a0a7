#include "names.hpp"

#include <spawnai/core/id.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/spawn.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace spawnai::pipeline {
namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : ascii_lower(text) + " ") {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

template <std::size_t N>
bool one_of(const std::array<std::string_view, N>& list, const std::string& word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 34> k_filler{
    "a",    "an",   "the",  "me",     "my",     "i",    "please", "make",    "build", "create", "write", "generate",
    "give", "want", "need", "would",  "like",   "with", "for",    "that",    "which", "and",    "of",    "to",
    "in",   "on",   "some", "simple", "little", "nice", "small",  "spawnai", "it",    "is"};

// Words that settle the type; what only sounds like a page ("game", "quiz") is one anyway unless something else is named.
constexpr std::array<std::string_view, 13> k_page_words{"page",     "website", "site",     "ui",      "dashboard",
                                                        "frontend", "html",    "webapp",   "landing", "css",
                                                        "browser",  "webpage", "interface"};
constexpr std::array<std::string_view, 13> k_api_words{"api",     "rest",         "graphql",  "endpoint", "endpoints",
                                                       "backend", "webhook",      "webhooks", "express",  "fastapi",
                                                       "flask",   "microservice", "crud"};
constexpr std::array<std::string_view, 7> k_script_words{"script", "cli",    "oneliner", "cron",
                                                         "batch",  "stdout", "cmdline"};

bool has_pair(const std::vector<std::string>& words, std::string_view first, std::string_view second) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
        if (words[i] == first && words[i + 1] == second) return true;
    return false;
}

}  // namespace

std::string make_name(std::string_view prompt) {
    constexpr std::size_t k_longest = 28;
    std::string name;
    int taken = 0;
    for (const std::string& word : words_of(prompt)) {
        if (one_of(k_filler, word)) continue;
        if (name.size() + word.size() > k_longest) break;
        name += word + "-";
        if (++taken == 3) break;
    }
    if (name.empty()) name = "app-";
    return name + random_token(4);
}

std::string check_name(std::string_view name) {
    constexpr std::size_t k_longest = 63;
    if (name.empty() || name.size() > k_longest) return "a name has 1 to 63 characters";
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (!std::all_of(name.begin(), name.end(), fits)) return "a name consists of a-z, 0-9 and '-'";
    if (name.front() == '-' || name.back() == '-') return "a name neither begins nor ends with '-'";
    return {};
}

AppType guess_type(std::string_view prompt) {
    const std::vector<std::string> words = words_of(prompt);
    const auto any = [&](const auto& list) {
        return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return one_of(list, word); });
    };
    const bool page = any(k_page_words) || has_pair(words, "web", "app") || has_pair(words, "single", "page");
    if (page) return AppType::webapp;
    if (any(k_api_words) || has_pair(words, "http", "server") || has_pair(words, "json", "server") ||
        has_pair(words, "web", "service"))
        return AppType::api;
    if (any(k_script_words) || has_pair(words, "command", "line") || has_pair(words, "python", "program") ||
        has_pair(words, "one", "off"))
        return AppType::script;
    return AppType::webapp;
}

}  // namespace spawnai::pipeline
