#include "model_request.hpp"
#include "names.hpp"
#include "shell.hpp"

#include <spawnai/billing/cost.hpp>
#include <spawnai/billing/limits.hpp>
#include <spawnai/claude/estimate.hpp>
#include <spawnai/claude/prompts.hpp>
#include <spawnai/core/digest.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/pipeline/starters.hpp>
#include <spawnai/validate/secrets.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace spawnai::pipeline {
namespace {

void require(const billing::Verdict& verdict, ErrorKind kind = ErrorKind::limit) {
    if (!verdict.allowed) throw Error(kind, verdict.message, verdict.hint);
}

std::string checked_prompt(const std::string& raw) {
    if (!is_valid_utf8(raw) || raw.find('\0') != std::string::npos)
        throw Error(ErrorKind::usage, "the prompt is not text (it is no valid UTF-8)",
                    "describe the app in a sentence or two");
    std::string prompt = claude::optimise_prompt(raw);
    if (trim(prompt).empty())
        throw Error(ErrorKind::usage, "the prompt is empty",
                    "describe the app, for example: spawnai spawn \"todo app\"");
    const std::size_t length = utf8_length(prompt);
    if (length > k_longest_prompt)
        throw Error(ErrorKind::usage,
                    fmt::format("the prompt has {} characters, and at most {} are taken", length, k_longest_prompt),
                    "shorten it, or put data into a file and pass that with --file");
    for (const validate::SecretHit& hit : validate::scan_secrets(prompt))
        if (hit.certain)
            throw Error(ErrorKind::usage, fmt::format("the prompt holds what looks like a secret ({})", hit.kind),
                        "leave it out; what the app needs to know at run time is passed with --env NAME=VALUE");
    return prompt;
}

void check_files(const std::vector<GeneratedFile>& files) {
    constexpr std::size_t k_most_bytes = 64U << 20U;
    std::size_t total = 0;
    std::set<std::string> seen;
    for (const GeneratedFile& file : files) {
        if (const std::string problem = check_relative_path(file.path); !problem.empty())
            throw Error(ErrorKind::usage, fmt::format("the file '{}' cannot be placed beside the app: {}",
                                                      one_line(file.path, 80), problem));
        if (!seen.insert(file.path).second)
            throw Error(ErrorKind::usage, fmt::format("two files would be placed as '{}'", file.path),
                        "rename one of them");
        total += file.content.size();
    }
    if (total > k_most_bytes)
        throw Error(ErrorKind::usage,
                    fmt::format("the files have {} MiB, and at most {} are taken", total >> 20U, k_most_bytes >> 20U));
}

void check_environment(const std::map<std::string, std::string>& environment) {
    for (const auto& [name, value] : environment) {
        const auto fits = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        };
        if (name.empty() || !std::all_of(name.begin(), name.end(), fits) ||
            (name.front() >= '0' && name.front() <= '9'))
            throw Error(ErrorKind::usage, fmt::format("'{}' cannot be the name of a variable", one_line(name, 60)),
                        "use --env NAME=VALUE");
        if (value.find('\0') != std::string::npos || !is_valid_utf8(value))
            throw Error(ErrorKind::usage, fmt::format("the value of {} is not text", name));
        if (name == "PORT") throw Error(ErrorKind::usage, "PORT is set by spawnai", "choose the port with --port");
    }
}

std::string request_key(const SpawnRequest& request, const SpawnPlan& plan) {
    Json files = Json::array();
    for (const GeneratedFile& file : request.data_files) files.push_back({file.path, sha256_hex(file.content)});
    Json names = Json::array();
    for (const auto& [name, value] : request.environment) names.push_back(name);
    return sha256_hex(dump_json({{"prompt", plan.prompt},
                                 {"type", to_string(plan.type)},
                                 {"model", request.model},
                                 {"prompts", plan.prompt_version},
                                 {"port", request.port.value_or(0)},
                                 {"internet", request.internet ? Json(*request.internet) : Json()},
                                 {"files", files},
                                 {"environment", names}}));
}

std::string starter_list() {
    std::string list;
    for (const Starter& starter : list_starters()) list += fmt::format("{}: {}\n", starter.id, starter.description);
    return list;
}

[[noreturn]] void fail_for_lack_of_a_writer(const SpawnRequest& request, const Surroundings& with) {
    if (request.offline && with.model != nullptr)
        throw Error(ErrorKind::not_found,
                    "no built-in starter does what the prompt asks for, and --offline asks no model",
                    "leave out --offline, or ask for one of the starters", starter_list());
    throw Error(
        ErrorKind::auth,
        fmt::format("no model can be asked ({}), and no built-in starter does what the prompt asks for",
                    with.why_no_model.empty() ? "no key is set" : with.why_no_model),
        "set a key with 'spawnai keys set claude' or the variable CLAUDE_API_KEY, or ask for one of the starters",
        starter_list());
}

// Decides who writes the app; for what needs no model also whether it wants packages.
const GeneratedApp* choose_source(const SpawnRequest& request, const Surroundings& with, SpawnPlan& plan,
                                  GeneratedApp& stored) {
    if (request.respawn_of) {
        const store::Session old = with.store.get(*request.respawn_of);
        if (old.app_version == 0)
            throw Error(ErrorKind::not_found, fmt::format("session {} has no app to start again", old.name),
                        "spawn it anew with its prompt");
        plan.source = store::Source::store;
        plan.source_name = old.id.str();
        plan.explanation = fmt::format("the app of {} again, $0.00", old.name);
        stored = with.store.app(old.id, old.app_version).app;
        return &stored;
    }
    if (!request.fresh) {
        if (const auto known = with.store.find_reusable(plan.request_key)) {
            plan.source = store::Source::store;
            plan.source_name = known->session.str();
            plan.explanation = "reused, $0.00";
            stored = with.store.app(known->session, known->version).app;
            return &stored;
        }
    }
    if (with.model != nullptr && !request.offline) {
        plan.source = store::Source::model;
        plan.source_name = request.model;
        plan.explanation = fmt::format("written by {}", request.model);
        return nullptr;
    }
    const Starter* starter = match_starter(plan.prompt, request.type);
    if (starter == nullptr) fail_for_lack_of_a_writer(request, with);
    plan.source = store::Source::starter;
    plan.source_name = starter->id;
    plan.explanation = fmt::format("built-in starter \"{}\", no model was asked", starter->id);
    return &starter->app;
}

bool wants_internet(const SpawnRequest& request, const Surroundings& with, const SpawnPlan& plan,
                    const GeneratedApp* app) {
    if (request.internet) return *request.internet;
    if (!with.place.local()) return true;
    if (plan.type != AppType::api) return false;
    // What a model will want is not known yet, and packages are the rule for an api.
    return app == nullptr || !shell::install(*app).empty();
}

void estimate(const SpawnRequest& request, const Surroundings& with, SpawnPlan& plan) {
    const billing::SandboxSize size{with.prices.usual_vcpu(), with.prices.usual_memory_mib()};
    plan.sandbox_estimate = billing::bill_sandbox(size, plan.ttl, with.place.plan.rates).total();
    if (plan.source != store::Source::model) return;
    const claude::Usage usage = claude::estimate_usage(model_request(request, plan), with.model_prices);
    const auto cost = with.model_prices.cost(request.model, usage);
    plan.model_priced = cost.has_value();
    plan.model_estimate = cost.value_or(Money{});
}

}  // namespace

claude::GenerationRequest model_request(const SpawnRequest& request, const SpawnPlan& plan) {
    constexpr std::size_t k_beginning = 4096;
    claude::GenerationRequest asked;
    asked.prompt = plan.prompt;
    asked.type = plan.type;
    asked.model = request.model;
    asked.internet = plan.internet;
    asked.port = request.port;
    for (const GeneratedFile& file : request.data_files) {
        const std::string_view start = std::string_view(file.content).substr(0, k_beginning);
        const std::string_view whole = start.substr(0, complete_utf8_prefix(start));
        const bool text = is_valid_utf8(whole) && whole.find('\0') == std::string_view::npos;
        asked.data_files.push_back({file.path, file.content.size(), text ? std::string(whole) : std::string()});
    }
    for (const auto& [name, value] : request.environment) asked.environment_names.push_back(name);
    return asked;
}

SpawnPlan plan_spawn(const SpawnRequest& request, const Surroundings& with) {
    if (with.store.read_only())
        throw Error(ErrorKind::usage,
                    fmt::format("the store {} is on a read-only disk, and an app that is not recorded is not made",
                                with.store.file().string()),
                    "make the disk writable, or name another place with SPAWNAI_HOME");
    SpawnPlan plan;
    SpawnRequest asked = request;
    if (request.respawn_of) {
        const store::Session old = with.store.get(*request.respawn_of);
        asked.prompt = old.prompt;
        asked.type = old.app_type;
        plan.prompt = old.prompt;
    } else {
        plan.prompt = checked_prompt(request.prompt);
    }
    if (!request.name.empty())
        if (const std::string problem = check_name(request.name); !problem.empty())
            throw Error(ErrorKind::usage,
                        fmt::format("'{}' cannot be a session's name: {}", one_line(request.name, 80), problem),
                        "for example --name todo-1");
    if (request.port && *request.port != 3000 && *request.port != 8000 && *request.port != 8080)
        throw Error(ErrorKind::usage, fmt::format("an app cannot be given port {}", *request.port),
                    "use --port 3000, 8000 or 8080");
    if (with.place.local() && request.template_id != k_base_template)
        throw Error(ErrorKind::usage,
                    fmt::format("there is no template '{}' on this machine", one_line(request.template_id, 80)),
                    fmt::format("the only one here is '{}'; others need --provider e2b", k_base_template));
    check_files(request.data_files);
    check_environment(request.environment);

    plan.type = asked.type.value_or(guess_type(plan.prompt));
    plan.prompt_version = claude::prompt_version(plan.type);
    if (!request.respawn_of) plan.request_key = request_key(asked, plan);
    GeneratedApp stored;
    const GeneratedApp* app = choose_source(asked, with, plan, stored);
    if (app != nullptr) plan.type = app->type;
    // Only what a model wrote is reused: a starter must not stand in for a model that can be asked tomorrow.
    if (plan.source != store::Source::model) plan.request_key.clear();

    plan.ttl = request.ttl.value_or(billing::default_lifetime(plan.type, with.place.plan));
    require(billing::check_lifetime(plan.type, plan.ttl, with.place.plan));
    plan.internet = wants_internet(asked, with, plan, app);
    estimate(asked, with, plan);
    require(billing::check_budget(plan.estimate(), request.max_cost));
    return plan;
}

}  // namespace spawnai::pipeline
