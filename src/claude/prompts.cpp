#include "clean_text.hpp"
#include "prompt_texts.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/embedded.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_terse = 160;            // bytes: a longer prompt says itself what it wants
constexpr std::size_t k_evidence_kept = 20000;  // bytes: the end of a log says most
constexpr std::size_t k_whole_files = 8192;     // bytes up to which an app is cheaper sent again than edited
constexpr std::size_t k_data_shown = 2000;

// The templates that a first generation, a repair or an edit of any type may send.
constexpr std::array<std::string_view, 11> k_templates{
    "request.md",       "fallback.md",      "repair.md",           "edit.md",     "how_whole.md",  "how_edits.md",
    "continue_file.md", "continue_edit.md", "continue_between.md", "reformat.md", "edit_repair.md"};

std::string type_file(AppType type) {
    return std::string(to_string(type)) + ".md";
}

std::string with_line_end(std::string_view text) {
    return text.empty() || text.ends_with('\n') ? std::string(text) : std::string(text) + "\n";
}

std::string tail_of(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    text.remove_prefix(text.size() - limit);
    const std::size_t line = text.find('\n');
    return "(beginning left out)\n" + valid_utf8(text.substr(line == std::string_view::npos ? 0 : line + 1));
}

std::string current_files(const std::vector<GeneratedFile>& files, std::string_view nonce) {
    std::string blocks;
    for (const GeneratedFile& file : files)
        blocks += fmt::format("<current-{} path=\"{}\">\n{}</current-{}>\n", nonce, file.path,
                              with_line_end(file.content), nonce);
    if (!blocks.empty()) blocks.pop_back();
    return blocks;
}

std::string data_files(const std::vector<DataFile>& files, std::string_view nonce) {
    std::string blocks;
    for (const DataFile& file : files) {
        const std::string_view cut = std::string_view(file.beginning).substr(0, k_data_shown);
        const std::string shown = redact(valid_utf8(cut.substr(0, complete_utf8_prefix(cut))));
        blocks += fmt::format("<data-{} path=\"{}\" bytes=\"{}\">\n{}</data-{}>\n", nonce, file.path, file.size,
                              with_line_end(shown), nonce);
    }
    if (!blocks.empty()) blocks.pop_back();
    return blocks;
}

bool contains_word(std::string_view text, std::string_view word) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        std::size_t end = at + word.size();
        if (end < text.size() && text[end] == 's') ++end;
        if ((at == 0 || !is_letter(text[at - 1])) && (end >= text.size() || !is_letter(text[end]))) return true;
    }
    return false;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(separator);
        parts.push_back(trim(text.substr(0, end)));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

std::string_view prompt_file(std::string_view name) {
    for (std::size_t i = 0; i < embedded_tables::prompts_size; ++i) {
        const EmbeddedEntry& entry = embedded_tables::prompts[i];
        if (std::string_view(entry.path).substr(std::string_view("prompts/").size()) != name) continue;
        const std::string_view text = entry.content();
        return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    }
    throw Error(ErrorKind::internal, fmt::format("the prompt '{}' is not part of this program", name));
}

std::string render_prompt(std::string_view name, const PromptValues& values) {
    const auto value = [&](std::string_view key) -> const std::string& {
        const auto found = values.find(key);
        if (found == values.end())
            throw Error(ErrorKind::internal, fmt::format("the prompt '{}' wants a value for '{}'", name, key));
        return found->second;
    };
    std::string out;
    std::string skipped_section;
    for (const std::string_view line : split_lines(prompt_file(name))) {
        if (line.starts_with("{{#") || line.starts_with("{{/")) {
            const std::string_view key = line.substr(3, line.find("}}") - 3);
            if (line[2] == '/') {
                if (skipped_section == key) skipped_section.clear();
            } else if (skipped_section.empty() && value(key).empty()) {
                skipped_section = key;
            }
            continue;
        }
        if (!skipped_section.empty()) continue;
        std::string_view rest = line;
        for (std::size_t open = rest.find("{{"); open != std::string_view::npos; open = rest.find("{{")) {
            const std::size_t close = rest.find("}}", open);
            out.append(rest.substr(0, open)).append(value(rest.substr(open + 2, close - open - 2)));
            rest.remove_prefix(close + 2);
        }
        out.append(rest).push_back('\n');
    }
    out.resize(out.find_last_not_of('\n') + 1);
    return out;
}

std::string system_prompt(AppType type) {
    return fmt::format("{}\n\n{}\n", prompt_file("common.md"), prompt_file(type_file(type)));
}

bool wants_edit_blocks(const GenerationRequest& request, std::string_view model) {
    const std::size_t slash = model.rfind('/');
    if (slash != std::string_view::npos) model.remove_prefix(slash + 1);
    // Small and foreign models slip too often when they have to quote lines exactly.
    if (!model.starts_with("claude-") || model.starts_with("claude-3") || model.starts_with("claude-haiku-4"))
        return false;
    const std::string wish = ascii_lower(request.change);
    for (const std::string_view word : {"redesign", "rewrite", "convert", "from scratch", "start over"})
        if (wish.find(word) != std::string::npos) return false;
    std::size_t size = 0;
    for (const GeneratedFile& file : request.previous) size += file.content.size();
    return size > k_whole_files && !request.simpler;
}

std::string first_message(const GenerationRequest& request, std::string_view nonce, bool edit_blocks) {
    std::string environment;
    for (const std::string& name : request.environment_names) environment += (environment.empty() ? "" : ", ") + name;
    PromptValues values{
        {"nonce", std::string(nonce)},
        {"type", std::string(to_string(request.type))},
        {"port", request.port ? std::to_string(*request.port) : ""},
        {"internet", request.internet ? "yes" : ""},
        {"environment", environment},
        {"data", data_files(request.data_files, nonce)},
        {"prompt", optimise_prompt(request.prompt)},
        {"hints", usual_features(request.prompt, request.type)},
        {"current", current_files(request.previous, nonce)},
        {"evidence", redact(valid_utf8(tail_of(request.evidence, k_evidence_kept)))},
        {"change", optimise_prompt(request.change)},
    };
    if (request.simpler || (request.previous.empty() && request.evidence.empty()))
        return render_prompt(request.simpler ? "fallback.md" : "request.md", values);
    values["how"] = render_prompt(edit_blocks ? "how_edits.md" : "how_whole.md", values);
    return render_prompt(request.change.empty() ? "repair.md" : "edit.md", values);
}

std::string choose_nonce(const GenerationRequest& request, const std::function<std::string()>& random) {
    const auto occurs = [&request](const std::string& nonce) {
        const auto in = [&nonce](const std::string& text) { return text.find(nonce) != std::string::npos; };
        return in(request.prompt) || in(request.evidence) || in(request.change) ||
               std::any_of(request.previous.begin(), request.previous.end(),
                           [&](const GeneratedFile& file) { return in(file.content) || in(file.path); }) ||
               std::any_of(request.data_files.begin(), request.data_files.end(),
                           [&](const DataFile& file) { return in(file.beginning) || in(file.path); });
    };
    std::string nonce = random();
    while (occurs(nonce)) nonce = random();
    return nonce;
}

std::string usual_features(std::string_view prompt, AppType type) {
    if (prompt.size() > k_terse) return {};
    const std::string lower = ascii_lower(prompt);
    std::string features;
    std::size_t count = 0;
    for (const std::string_view line : split_lines(prompt_file("hints.txt"))) {
        const std::vector<std::string_view> columns = split(line, '|');
        if (line.starts_with('#') || columns.size() != 3 || columns[0] != to_string(type) || count == 2) continue;
        const std::vector<std::string_view> words = split(columns[1], ',');
        if (std::none_of(words.begin(), words.end(), [&](std::string_view word) { return contains_word(lower, word); }))
            continue;
        features += fmt::format("{}- {}", count == 0 ? "" : "\n", columns[2]);
        ++count;
    }
    return features;
}

std::string prompt_version(AppType type) {
    std::string all = system_prompt(type);
    for (const std::string_view name : k_templates) all += fmt::format("\n--- {}\n{}", name, prompt_file(name));
    all += prompt_file("hints.txt");
    return fmt::format("{}-{}", prompt_file("version.txt"), sha256_hex(all).substr(0, 12));
}

std::string describe_prompts(AppType type) {
    std::string text = fmt::format("# Prompts for {} (version {})\n\n## System prompt\n\n{}", to_string(type),
                                   prompt_version(type), system_prompt(type));
    for (const std::string_view name : k_templates) text += fmt::format("\n## {}\n\n{}\n", name, prompt_file(name));
    return text;
}

std::string optimise_prompt(std::string_view prompt) {
    const std::string clean = valid_utf8(prompt);
    std::string out;
    std::size_t line_feeds = 2;  // none are kept at the beginning
    std::string blanks;
    for (const char c : clean) {
        if (c == '\n') {
            blanks.clear();
            if (++line_feeds <= 2) out.push_back('\n');
        } else if (c == ' ' || c == '\t') {
            blanks.push_back(c);
        } else if (static_cast<unsigned char>(c) >= ' ' && c != '\x7F') {
            out.append(blanks).push_back(c);
            blanks.clear();
            line_feeds = 0;
        }
    }
    out.resize(out.find_last_not_of('\n') + 1);
    const std::size_t first = out.find_first_not_of(" \t\n");
    return first == std::string::npos ? std::string() : out.substr(first);
}

}  // namespace spawnai::claude
