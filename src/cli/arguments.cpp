#include "arguments.hpp"

#include "suggest.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

namespace spawnai::cli {

namespace {

bool looks_like_option(const std::string& word) {
    return word.size() > 1 && word.front() == '-';
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
    std::string joined;
    for (const std::string& word : words) {
        if (!joined.empty()) joined += separator;
        joined += word;
    }
    return joined;
}

std::string checked_choice(const std::vector<std::string>& choices, const std::string& given) {
    if (std::find(choices.begin(), choices.end(), given) != choices.end()) return given;
    const auto near = closest(given, choices);
    throw Error(ErrorKind::usage, "'" + given + "' is not one of " + join(choices, ", "),
                near ? "did you mean '" + *near + "'?" : "");
}

std::vector<std::string> split_names(const std::string& names) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t comma = names.find(','); comma != std::string::npos; comma = names.find(',', start)) {
        parts.push_back(names.substr(start, comma - start));
        start = comma + 1;
    }
    parts.push_back(names.substr(start));
    return parts;
}

// A command's own flag takes a name from the flag of every command.
std::string names_left(const std::string& wanted, const std::vector<ArgumentSpec>& taken) {
    std::vector<std::string> left = split_names(wanted);
    for (const ArgumentSpec& spec : taken)
        for (const std::string& name : split_names(spec.names))
            left.erase(std::remove(left.begin(), left.end(), name), left.end());
    return join(left, ",");
}

}  // namespace

std::string ArgumentSpec::main_name() const {
    const auto comma = names.rfind(',');
    return comma == std::string::npos ? names : names.substr(comma + 1);
}

void Arguments::declare(ArgumentSpec spec, Take take) {
    spec.global = global_;
    if (global_) {
        spec.names = names_left(spec.names, specs_);
        if (spec.names.empty()) return;
    }
    specs_.push_back(std::move(spec));
    takes_.push_back(std::move(take));
}

void Arguments::flag(std::string names, bool& target, std::string help) {
    declare({.names = std::move(names), .value = {}, .help = std::move(help), .choices = {}},
            [&target](const std::string&) { target = true; });
}

void Arguments::option(std::string names, std::string value, std::optional<std::string>& target, std::string help) {
    declare({.names = std::move(names), .value = std::move(value), .help = std::move(help), .choices = {}},
            [&target](const std::string& text) { target = text; });
}

void Arguments::option(std::string names, std::string value, std::vector<std::string>& target, std::string help) {
    declare({.names = std::move(names),
             .value = std::move(value),
             .help = std::move(help),
             .choices = {},
             .repeatable = true},
            [&target](const std::string& text) { target.push_back(text); });
}

void Arguments::option(std::string names, std::optional<std::chrono::seconds>& target, std::string help) {
    declare({.names = std::move(names), .value = "DURATION", .help = std::move(help), .choices = {}},
            [&target](const std::string& text) { target = parse_duration(text); });
}

void Arguments::option(std::string names, std::optional<Money>& target, std::string help) {
    declare({.names = std::move(names), .value = "USD", .help = std::move(help), .choices = {}},
            [&target](const std::string& text) {
                const Money amount = Money::parse(text);
                if (amount < Money()) throw Error(ErrorKind::usage, "an amount cannot be negative: '" + text + "'");
                target = amount;
            });
}

void Arguments::option(std::string names, std::string value, std::optional<int>& target, int least, int most,
                       std::string help) {
    declare({.names = std::move(names), .value = std::move(value), .help = std::move(help), .choices = {}},
            [&target, least, most](const std::string& text) {
                int number = 0;
                const char* const end = text.data() + text.size();
                const auto [stopped, error] = std::from_chars(text.data(), end, number);
                if (error != std::errc() || stopped != end || number < least || number > most)
                    throw Error(ErrorKind::usage, "'" + text + "' is not a whole number from " + std::to_string(least) +
                                                      " to " + std::to_string(most));
                target = number;
            });
}

void Arguments::choice(std::string names, const std::vector<std::string>& choices, std::optional<std::string>& target,
                       std::string help) {
    std::string placeholder = join(choices, "|");
    declare({.names = std::move(names), .value = std::move(placeholder), .help = std::move(help), .choices = choices},
            [&target, choices](const std::string& text) { target = checked_choice(choices, text); });
}

void Arguments::required(const std::string& name, std::string& target, std::string help,
                         const std::vector<std::string>& choices) {
    declare({.names = name,
             .value = name,
             .help = std::move(help),
             .choices = choices,
             .positional = true,
             .required = true},
            [&target, choices](const std::string& text) {
                target = choices.empty() ? text : checked_choice(choices, text);
            });
}

void Arguments::optional(const std::string& name, std::optional<std::string>& target, std::string help,
                         const std::vector<std::string>& choices) {
    declare({.names = name, .value = name, .help = std::move(help), .choices = choices, .positional = true},
            [&target, choices](const std::string& text) {
                target = choices.empty() ? text : checked_choice(choices, text);
            });
}

void Arguments::rest(const std::string& name, std::vector<std::string>& target, bool needed, std::string help) {
    declare({.names = name,
             .value = name,
             .help = std::move(help),
             .choices = {},
             .positional = true,
             .required = needed,
             .repeatable = true},
            [&target](const std::string& text) { target.push_back(text); });
}

void Arguments::fail(const std::string& message, const std::string& hint) const {
    throw Error(ErrorKind::usage, message, hint.empty() ? "see 'spawnai " + command_ + " --help'" : hint);
}

void Arguments::unknown_option(const std::string& given) const {
    const std::string name = given.substr(0, given.find('='));
    std::vector<std::string> known;
    for (const ArgumentSpec& spec : specs_)
        if (!spec.positional) known.push_back(spec.main_name());
    const auto near = closest(name, known);
    const std::string where = command_.empty() ? "" : " for '" + command_ + "'";
    fail("unknown option '" + name + "'" + where, near ? "did you mean '" + *near + "'?" : "");
}

void Arguments::take_positionals(const std::vector<std::string>& words) const {
    std::size_t next = 0;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
        const ArgumentSpec& spec = specs_[i];
        if (!spec.positional) continue;
        if (next == words.size()) {
            if (spec.required) fail("'" + command_ + "' needs " + spec.names);
            continue;
        }
        const std::size_t last = spec.repeatable ? words.size() : next + 1;
        for (; next < last; ++next) {
            try {
                takes_[i](words[next]);
            } catch (const Error& error) {
                throw error.within(spec.names);
            }
        }
    }
    if (next == words.size()) return;
    if (surplus_ != nullptr) {
        surplus_->assign(words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
        return;
    }
    fail("'" + one_line(words[next], 60) + "' is one argument too many for '" + command_ + "'");
}

// CLI11 splits the words into options and the rest. The rest is dealt out here, because CLI11 reads a positional such as
// "[a,b]" as a list and reports a missing argument before a misspelt option, which is usually its cause.
void Arguments::parse(const std::vector<std::string>& arguments) {
    CLI::App parser;
    parser.set_help_flag();
    parser.allow_extras();
    for (std::size_t i = 0; i < specs_.size(); ++i) {
        const ArgumentSpec& spec = specs_[i];
        if (spec.positional) continue;
        if (spec.value.empty()) {
            parser.add_flag_callback(spec.names, [this, i] { takes_[i](""); });
            continue;
        }
        CLI::Option* const option = parser.add_option(spec.names, [this, i](const CLI::results_t& values) {
            try {
                for (const std::string& value : values) takes_[i](value);
            } catch (const Error& error) {
                throw error.within(specs_[i].main_name());
            }
            return true;
        });
        option->allow_extra_args(false);
        if (spec.repeatable) {
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
        } else {
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
    }
    for (const std::string& word : arguments) {
        if (word == "--") break;
        if (word.starts_with("--") && word.ends_with('=') && word.find('=') == word.size() - 1)
            fail("'" + word.substr(0, word.size() - 1) + "' needs a value");
    }
    try {
        parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string_view text = error.what();
        fail("'" + std::string(text.substr(0, text.find(':'))) + "' needs a value");
    } catch (const CLI::Error& error) {
        fail(error.what());
    }
    std::vector<std::string> words;
    bool options_ended = false;
    for (const std::string& word : parser.remaining()) {
        if (!options_ended && word == "--") {
            options_ended = true;
            continue;
        }
        if (!options_ended && looks_like_option(word)) unknown_option(word);
        words.push_back(word);
    }
    take_positionals(words);
}

std::size_t Arguments::parse_leading_flags(const std::vector<std::string>& arguments) {
    std::size_t index = 0;
    while (index < arguments.size() && looks_like_option(arguments[index]) && arguments[index] != "--") ++index;
    parse({arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(index)});
    return index;
}

}  // namespace spawnai::cli
