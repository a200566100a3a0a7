#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/id.hpp>
#include <spawnai/core/money.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::store {

/// One version of a session's app, without the contents.
struct AppVersion {
    int number = 0;  ///< from 1
    WallTime created_at{};
    std::optional<WallTime> deployed_at;  ///< when it first answered; empty: it never did
    std::string origin;                   ///< "generated", "repair", "edit", "undo", "reuse", "starter"
    std::string note;                     ///< e.g. the edit's sentence
    std::string title;
    std::int64_t file_count = 0;
    std::int64_t bytes = 0;
};

/// The contents of one version. `data_files` were supplied by the user and lie beside the app.
struct StoredApp {
    GeneratedApp app;
    std::vector<GeneratedFile> data_files;
};

/// An app that an identical request gave before.
struct Reusable {
    SessionId session;
    int version = 0;
};

/// One booked amount. `quantity` is in `unit`: tokens, vcpu_ms (vCPU-milliseconds), mib_ms
/// (MiB-milliseconds).
struct CostLine {
    WallTime time{};
    std::string category;  ///< "model" or "sandbox"
    std::string item;      ///< "input", "output", "cache_write", "cache_read", "vcpu", "memory"
    std::string model;     ///< empty for the sandbox
    std::string unit;
    std::int64_t quantity = 0;
    Money amount;
    int attempt = 0;  ///< 0 the first generation, n the n-th repair: repairs are booked apart
};

/// One stretch of a sandbox's life.
struct UsageMetric {
    WallTime start{};
    WallTime end{};
    double cpu_seconds = 0;        ///< allocated vCPU times seconds
    double memory_gb_seconds = 0;  ///< allocated GiB times seconds
    double storage_gb = 0;
    Money actual_cost;
    std::string plan;
};

/// One finding of the checks, as recorded.
struct FindingRow {
    WallTime time{};
    int attempt = 0;
    std::string rule;
    std::string severity;  ///< "block", "warn", "note"
    std::string file;
    int line = 0;
    int column = 0;
    std::string message;
    std::string hint;
};

enum class CostGroup { none, model, type, provider, day };

struct CostSum {
    std::string group;  ///< model, type or provider name, or the day "2026-01-02" (UTC); empty for CostGroup::none
    std::int64_t sessions = 0;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    Money model;
    Money sandbox;
    Money repairs;  ///< part of `model` that repairs cost
};

/// What became of the sessions created since a time.
struct Outcomes {
    std::int64_t total = 0;
    std::int64_t became_ready = 0;
    std::int64_t failed = 0;
    std::int64_t working = 0;
    std::vector<std::pair<std::string, std::int64_t>> errors;  ///< error_kind to count, most frequent first
};

/// The app's own output as kept.
struct KeptLog {
    std::string text;
    bool truncated = false;  ///< earlier output was dropped
    WallTime time{};
};

}  // namespace spawnai::store
