#include "edits.hpp"

#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>

namespace spawnai::claude {
namespace {

using Lines = std::vector<std::string_view>;

std::string_view right_trimmed(std::string_view line) {
    const std::size_t last = line.find_last_not_of(" \t\r");
    return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view indentation(std::string_view line) {
    return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

bool blank(std::string_view line) {
    return right_trimmed(line).empty();
}

using SameLine = std::function<bool(std::string_view, std::string_view)>;

std::vector<std::size_t> places(const Lines& file, const Lines& wanted, const SameLine& same) {
    std::vector<std::size_t> found;
    if (wanted.empty() || wanted.size() > file.size()) return found;
    for (std::size_t at = 0; at + wanted.size() <= file.size(); ++at)
        if (std::equal(wanted.begin(), wanted.end(), file.begin() + static_cast<std::ptrdiff_t>(at), same))
            found.push_back(at);
    return found;
}

/// The indentation to put before (or, when `removed`, to take from) each line of an edit whose own is off by the same amount
/// everywhere.
struct Shift {
    std::string text;
    bool removed = false;
};

std::optional<Shift> uniform_shift(const Lines& file, std::size_t at, const Lines& wanted) {
    std::optional<Shift> shift;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (blank(wanted[i])) continue;
        const std::string_view real = indentation(file[at + i]);
        const std::string_view said = indentation(wanted[i]);
        Shift here;
        if (real.ends_with(said))
            here = {std::string(real.substr(0, real.size() - said.size())), false};
        else if (said.ends_with(real))
            here = {std::string(said.substr(0, said.size() - real.size())), true};
        else
            return std::nullopt;
        if (shift && (shift->text != here.text || shift->removed != here.removed)) return std::nullopt;
        shift = here;
    }
    return shift;
}

std::string shifted(std::string_view line, const Shift& shift) {
    if (blank(line)) return std::string(line);
    if (!shift.removed) return shift.text + std::string(line);
    return std::string(line.starts_with(shift.text) ? line.substr(shift.text.size()) : line);
}

Lines without_blank_ends(Lines lines) {
    while (!lines.empty() && blank(lines.back())) lines.pop_back();
    while (!lines.empty() && blank(lines.front())) lines.erase(lines.begin());
    return lines;
}

/// Where the old lines stand, or why that is not known.
struct Place {
    std::size_t at = 0;
    std::size_t count = 0;
    Shift shift;
    std::string problem;
};

Place locate(const Lines& file, const Lines& wanted) {
    static const SameLine k_trailing = [](std::string_view a, std::string_view b) {
        return right_trimmed(a) == right_trimmed(b);
    };
    static const SameLine k_indented = [](std::string_view a, std::string_view b) { return trim(a) == trim(b); };
    const auto judge = [](const std::vector<std::size_t>& found, std::size_t count) -> std::optional<Place> {
        if (found.empty()) return std::nullopt;
        if (found.size() > 1) return Place{0, 0, {}, fmt::format("the old lines occur {} times", found.size())};
        return Place{found.front(), count, {}, {}};
    };
    if (const auto place = judge(places(file, wanted, std::equal_to<>()), wanted.size())) return *place;
    if (const auto place = judge(places(file, wanted, k_trailing), wanted.size())) return *place;
    std::vector<std::size_t> indented = places(file, wanted, k_indented);
    indented.erase(std::remove_if(indented.begin(), indented.end(),
                                  [&](std::size_t at) { return !uniform_shift(file, at, wanted).has_value(); }),
                   indented.end());
    if (auto place = judge(indented, wanted.size())) {
        if (place->problem.empty()) place->shift = *uniform_shift(file, place->at, wanted);
        return *place;
    }
    const Lines inner = without_blank_ends(wanted);
    if (inner.size() < wanted.size())
        if (const auto place = judge(places(file, inner, k_trailing), inner.size())) return *place;
    return Place{0, 0, {}, "the old lines are not in the file"};
}

std::string nearest_region(const Lines& file, const Lines& wanted) {
    std::unordered_set<std::string_view> said;
    for (const std::string_view line : wanted)
        if (!blank(line)) said.insert(trim(line));
    std::size_t best = 0;
    std::size_t best_at = 0;
    const std::size_t width = std::min(wanted.size(), file.size());
    std::size_t equal = 0;
    for (std::size_t end = 0; end < file.size(); ++end) {
        equal += said.count(trim(file[end]));
        if (end >= width) equal -= said.count(trim(file[end - width]));
        if (end + 1 >= width && equal > best) best = equal, best_at = end + 1 - width;
    }
    if (best == 0) return {};
    std::string region;
    const std::size_t from = best_at - std::min<std::size_t>(3, best_at);
    for (std::size_t i = from; i < std::min(file.size(), best_at + width + 3); ++i)
        region.append(file[i]).push_back('\n');
    return region;
}

std::optional<EditFailure> apply_pair(GeneratedFile& file, const EditPair& pair) {
    const bool crlf = file.content.find("\r\n") != std::string::npos;
    const Lines lines = split_lines(file.content);
    const Lines before = split_lines(pair.before);
    const Lines after = split_lines(pair.after);
    const bool fresh = without_blank_ends(before).empty();
    if (fresh && !trim(file.content).empty())
        return EditFailure{file.path, pair.before, "the old lines are empty, but the file is not", {}};
    if (pair.before == pair.after) return std::nullopt;
    const Place place = fresh ? Place{0, lines.size(), {}, {}} : locate(lines, before);
    if (!place.problem.empty())
        return EditFailure{file.path, pair.before, place.problem, nearest_region(lines, before)};
    const bool final_newline = file.content.empty() || file.content.ends_with('\n');
    const std::string line_end = crlf ? "\r\n" : "\n";
    std::string content;
    content.reserve(file.content.size() + pair.after.size());
    const auto add = [&](std::string_view line) { content.append(line).append(line_end); };
    for (std::size_t i = 0; i < place.at; ++i) add(lines[i]);
    for (const std::string_view line : after) add(shifted(line, place.shift));
    for (std::size_t i = place.at + place.count; i < lines.size(); ++i) add(lines[i]);
    if (!final_newline && content.ends_with(line_end)) content.resize(content.size() - line_end.size());
    file.content = std::move(content);
    return std::nullopt;
}

}  // namespace

std::vector<EditFailure> apply_edits(std::vector<GeneratedFile>& files, const std::vector<FileEdit>& edits) {
    std::vector<EditFailure> failures;
    for (const FileEdit& edit : edits) {
        const auto file =
            std::find_if(files.begin(), files.end(), [&](const GeneratedFile& each) { return each.path == edit.path; });
        if (file == files.end()) {
            failures.push_back({edit.path,
                                edit.pairs.empty() ? std::string() : edit.pairs.front().before,
                                "there is no such file",
                                {}});
            continue;
        }
        for (const EditPair& pair : edit.pairs)
            if (auto failure = apply_pair(*file, pair)) failures.push_back(std::move(*failure));
    }
    return failures;
}

std::string describe_failures(const std::vector<EditFailure>& failures) {
    std::string text;
    for (const EditFailure& failure : failures) {
        text += fmt::format("In {}: {}. The old lines were:\n<failed>\n{}</failed>\n", failure.path, failure.reason,
                            failure.before);
        if (!failure.nearest.empty())
            text += fmt::format("The file has, at the place that resembles them most:\n<actual>\n{}</actual>\n",
                                failure.nearest);
    }
    return text;
}

std::string elision(std::string_view content, std::string_view previous) {
    static constexpr std::array<std::string_view, 9> k_phrases{
        "rest of the code", "rest of your code", "remains unchanged", "remain unchanged", "existing code",
        "previous code",    "same as before",    "rest of the file",  "code unchanged"};
    for (const std::string_view line : split_lines(content)) {
        const std::string_view text = trim(line);
        const bool comment = text.starts_with("//") || text.starts_with('#') || text.starts_with("/*") ||
                             text.starts_with("<!--") || text.starts_with("{/*");
        if (!comment || text.size() > 200) continue;
        const std::string lower = ascii_lower(text);
        const bool dots = text == "// ..." || text == "# ..." || text == "/* ... */" || text == "<!-- ... -->";
        const bool trails = lower.find("...") != std::string::npos || lower.find("\xE2\x80\xA6") != std::string::npos;
        const bool phrase = trails && std::any_of(k_phrases.begin(), k_phrases.end(), [&](std::string_view each) {
                                return lower.find(each) != std::string::npos;
                            });
        if ((dots || phrase) && previous.find(text) == std::string_view::npos) return std::string(text);
    }
    return {};
}

}  // namespace spawnai::claude
