#include <spawnai/core/config.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/money.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace spawnai {

namespace {

using Type = SettingSpec::Type;

constexpr std::array k_settings{
    SettingSpec{"type", "", "auto", "app type when none is given", Type::choice, "auto|webapp|api|script"},
    SettingSpec{"provider", "SPAWNAI_PROVIDER", "auto", "where apps run", Type::choice, "auto|local|e2b"},
    SettingSpec{"model", "CLAUDE_MODEL", "claude-haiku-5-5", "model that writes the app", Type::text, ""},
    SettingSpec{"plan", "E2B_PLAN", "hobby", "plan of the E2B account", Type::choice, "hobby|pro|self-hosted"},
    SettingSpec{"template", "", "base", "sandbox template", Type::text, ""},
    SettingSpec{"ttl", "SPAWNAI_TTL", "", "lifetime of an app; empty means the type's own default", Type::duration, ""},
    SettingSpec{"max-cost", "SPAWNAI_MAX_COST", "0.50", "most that one spawn may cost, in dollars", Type::money, ""},
    SettingSpec{"daily-cap", "", "", "most to spend in a day (UTC), in dollars; empty means no cap", Type::money, ""},
    SettingSpec{"monthly-cap", "", "", "most to spend in a month (UTC), in dollars; empty means no cap", Type::money,
                ""},
    SettingSpec{"max-repairs", "", "2", "repair attempts before a spawn gives up", Type::integer, ""},
    SettingSpec{"prices", "SPAWNAI_PRICES", "", "file with prices and limits that replace the built-in ones",
                Type::text, ""},
    SettingSpec{"local.max-sandboxes", "", "20", "live sandboxes of the local engine", Type::integer, ""},
    SettingSpec{"local.max-lifetime", "", "24h", "longest lifetime of a local sandbox, paused or not", Type::duration, ""},
    SettingSpec{"local.idle-exit", "", "5m", "the local engine ends itself after so long without work", Type::duration,
                ""},
};

const SettingSpec* find_spec(std::string_view name) {
    for (const SettingSpec& spec : k_settings)
        if (spec.name == name) return &spec;
    return nullptr;
}

/// @throws Error{usage} when `value` does not have the type of `spec`.
void check(const SettingSpec& spec, const std::string& value, const std::string& where) {
    try {
        switch (spec.type) {
            case Type::text:
                break;
            case Type::duration:
                if (!value.empty()) (void)parse_duration(value);
                break;
            case Type::money:
                if (!value.empty() || !spec.default_value.empty()) (void)Money::parse(value);
                break;
            case Type::integer: {
                std::int64_t number = 0;
                const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
                if (failure != std::errc() || end != value.data() + value.size() || number < 0)
                    throw Error(ErrorKind::usage, fmt::format("'{}' is not a whole number", value));
                break;
            }
            case Type::boolean:
                if (value != "true" && value != "false")
                    throw Error(ErrorKind::usage, fmt::format("'{}' is neither true nor false", value));
                break;
            case Type::choice: {
                const std::string list = "|" + std::string(spec.choices) + "|";
                if (value.empty() || list.find("|" + value + "|") == std::string::npos)
                    throw Error(ErrorKind::usage, fmt::format("'{}' is not one of {}", value, spec.choices));
                break;
            }
        }
    } catch (const Error& error) {
        throw error.within(fmt::format("{}: {}", where, spec.name));
    }
}

Error unknown_setting(std::string_view name, const std::string& where) {
    std::string nearest;
    std::size_t best = 4;
    for (const SettingSpec& spec : k_settings)
        if (const std::size_t distance = edit_distance(spec.name, name); distance < best)
            best = distance, nearest = spec.name;
    return Error(ErrorKind::usage, fmt::format("{}: there is no setting '{}'", where, name.substr(0, 60)),
                 nearest.empty() ? "`spawnai config list` shows them all" : fmt::format("did you mean '{}'?", nearest));
}

Json read_settings(const std::filesystem::path& file) {
    const auto text = read_file_if_exists(file, 1U << 20U);
    if (!text || trim(*text).empty()) return Json::object();
    Json json = parse_json(*text, file.string(), ErrorKind::usage);
    if (!json.is_object())
        throw Error(ErrorKind::usage, file.string() + " must hold one JSON object",
                    "remove it, or see `spawnai config path`");
    return json;
}

std::string as_text(const Json& value, const std::string& where) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean() || value.is_number_integer() || value.is_number_float()) return value.dump();
    throw Error(ErrorKind::usage, where + " must be a text, a number or true/false");
}

}  // namespace

std::span<const SettingSpec> setting_specs() noexcept {
    return k_settings;
}

std::string_view to_string(Origin origin) noexcept {
    switch (origin) {
        case Origin::built_in:
            return "default";
        case Origin::file:
            return "file";
        case Origin::environment:
            return "environment";
        case Origin::flag:
            return "flag";
    }
    return {};
}

Config Config::load(const std::filesystem::path& file, const Environment& environment,
                    const std::map<std::string, std::string>& flags) {
    Config config;
    for (const SettingSpec& spec : k_settings)
        config.settings_[std::string(spec.name)] = {std::string(spec.default_value), Origin::built_in};
    const Json stored = read_settings(file);
    for (const auto& [name, value] : stored.items()) {
        const SettingSpec* spec = find_spec(name);
        if (spec == nullptr) throw unknown_setting(name, file.string());
        const std::string text = as_text(value, file.string() + ": " + name);
        check(*spec, text, file.string());
        config.settings_[name] = {text, Origin::file};
    }
    for (const SettingSpec& spec : k_settings) {
        if (spec.environment.empty()) continue;
        if (const auto value = environment.get(std::string(spec.environment))) {
            check(spec, *value, std::string(spec.environment));
            config.settings_[std::string(spec.name)] = {*value, Origin::environment};
        }
    }
    for (const auto& [name, value] : flags) {
        const SettingSpec* spec = find_spec(name);
        if (spec == nullptr) throw Error(ErrorKind::internal, "a flag names the unknown setting " + name);
        check(*spec, value, "--" + name);
        config.settings_[name] = {value, Origin::flag};
    }
    return config;
}

const Setting& Config::get(std::string_view name) const {
    const auto found = settings_.find(name);
    if (found == settings_.end()) throw Error(ErrorKind::internal, "unknown setting " + std::string(name));
    return found->second;
}

std::int64_t Config::integer(std::string_view name) const {
    const std::string& value = get(name).value;
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
}

bool Config::boolean(std::string_view name) const {
    return get(name).value == "true";
}

void Config::set(const std::filesystem::path& file, std::string_view name, const std::optional<std::string>& value) {
    const SettingSpec* spec = find_spec(name);
    if (spec == nullptr) throw unknown_setting(name, "config");
    if (value) check(*spec, *value, "config");
    make_private_directories(file.parent_path());
    const FileLock lock = FileLock::acquire(file.string() + ".lock");
    Json json = read_settings(file);
    if (value)
        json[std::string(name)] = *value;
    else
        json.erase(std::string(name));
    write_file_atomic(file, json.dump(2) + "\n");
}

}  // namespace spawnai
