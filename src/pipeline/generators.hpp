#pragma once

#include "event_stream.hpp"
#include "evidence.hpp"

#include <spawnai/claude/model.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/pipeline/surroundings.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace spawnai::pipeline {

/// What is asked of a generator: the first time, or again with what was wrong.
struct Attempt {
    int number = 0;  ///< 0 the first, n the n-th repair; costs are booked under it
    std::string model;
    bool simpler = false;
    std::optional<Evidence> evidence{};
    std::vector<GeneratedFile> previous{};
    std::string change{};  ///< for an edit
    Money budget;
};

struct Draft {
    GeneratedApp app;
    std::vector<GeneratedFile> data_files{};
    std::string origin;  ///< of the version: "generated", "repair", "starter", "reuse"
    std::string model{};
};
struct NoDraft {
    claude::NoAppReason reason = claude::NoAppReason::unparsable;
    Evidence evidence;
};

/// Takes files as they are finished, before the app is complete.
class FileSink {
 public:
    virtual ~FileSink() = default;
    virtual void add(const GeneratedFile& file) = 0;
    virtual void restart() = 0;  ///< all files so far are void
};

/// For attempts whose files are only looked at as a whole.
class NoFiles : public FileSink {
 public:
    void add(const GeneratedFile&) override {}
    void restart() override {}
};

/// Who writes the app.
class Generator {
 public:
    virtual ~Generator() = default;
    [[nodiscard]] virtual std::variant<Draft, NoDraft> write(const Attempt& attempt, FileSink& files,
                                                             const std::stop_token& stop) = 0;
    /// What was spent so far, as booked.
    [[nodiscard]] virtual Money spent() const { return {}; }
    [[nodiscard]] virtual bool can_repair() const { return false; }
};

/// A starter of the catalogue. @throws Error{not_found}
[[nodiscard]] std::unique_ptr<Generator> make_starter_generator(const std::string& id);
/// A version of a session in the store.
[[nodiscard]] std::unique_ptr<Generator> make_store_generator(const store::Store& store, SessionId session,
                                                              int version);
/// The model; books what every call costs on `session`.
[[nodiscard]] std::unique_ptr<Generator> make_model_generator(claude::Model& model, claude::GenerationRequest base,
                                                              store::Store& store, SessionId session,
                                                              EventStream& events);

}  // namespace spawnai::pipeline
