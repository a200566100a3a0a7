#pragma once

#include "support/temp_dir.hpp"

#include <spawnai/core/environment.hpp>
#include <spawnai/core/paths.hpp>
#include <spawnai/engine/engine.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

namespace spawnai::testing {

/// An engine of one test's own, with its sandboxes: all of it is gone with the object.
class LocalEngine {
 public:
    /// `binaries` holds the built executables. @throws Error{no_sandbox} when this machine cannot make sandboxes.
    explicit LocalEngine(const std::filesystem::path& binaries) {
        // The engine of root runs under another uid, which has to pass through.
        std::filesystem::permissions(home_.path(), std::filesystem::perms(0711));
        std::map<std::string, std::string> variables = Environment::of_process().all();
        variables["SPAWNAI_HOME"] = home_.path().string();
        const Environment environment(std::move(variables));
        options_.location = engine::state_location(Paths::resolve(environment), environment, ::geteuid());
        options_.executable = binaries / "spawnai";
        options_.agent = binaries / "spawnai-agent";
        options_.environment = environment;
        options_.version = "test";
        address_ = engine::ensure_engine(options_, {});
    }
    ~LocalEngine() {
        try {
            engine::stop_engine(options_.location, true);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "the engine of a test was left over: %s\n", error.what());
        }
        std::error_code ignored;
        std::filesystem::remove_all(options_.location.state_dir, ignored);
        std::filesystem::remove_all(options_.location.runtime_dir, ignored);
    }
    LocalEngine(const LocalEngine&) = delete;
    LocalEngine& operator=(const LocalEngine&) = delete;

    [[nodiscard]] const engine::EngineAddress& address() const noexcept { return address_; }
    [[nodiscard]] const engine::EngineOptions& options() const noexcept { return options_; }

 private:
    test::TempDir home_;
    engine::EngineOptions options_;
    engine::EngineAddress address_;
};

}  // namespace spawnai::testing
