#pragma once

#include "event_stream.hpp"
#include "evidence.hpp"

#include <spawnai/core/generated_app.hpp>
#include <spawnai/pipeline/surroundings.hpp>
#include <spawnai/sandbox/provider.hpp>

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spawnai::pipeline {

/// How an app is to run.
struct DeployOptions {
    AppType type = AppType::webapp;
    std::optional<int> port{};  ///< the user insists on it
    std::chrono::seconds script_limit{300};
    bool internet = true;  ///< false: dependencies cannot be installed
    bool local = true;     ///< false: the way from outside may take a while to open
};

/// What a sandbox holds of an app, and the steps that make it run. One thread at a time. What is the app's fault comes back as
/// Evidence; what is the sandbox's or the provider's fault is thrown.
class Deployment {
 public:
    Deployment(sandbox::Sandbox& sandbox, DeployOptions options, EventStream& events)
        : sandbox_(sandbox), options_(options), events_(events) {}

    /// Directories, and for what is served as a page the static server, which answers 503 for now.
    void prepare(const std::stop_token& stop);
    /// Marks what was deployed before, by an earlier process.
    void assume(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files);

    /// Writes files to their places at once. They are not served before deploy().
    void upload(const std::vector<GeneratedFile>& files, const std::stop_token& stop);
    /// Installs dependencies if these are other than the installed ones.
    [[nodiscard]] std::optional<Evidence> install(const GeneratedApp& app, const std::stop_token& stop);

    /// Brings the sandbox in line with `app` and runs it. For a page this is the moment when it is served.
    [[nodiscard]] std::optional<Evidence> deploy(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files,
                                                 const std::stop_token& stop);
    /// Replaces the deployed app `old` by `app`. A page is switched at once, and only to one that answers; whatever fails, `old` is
    /// deployed when this returns evidence.
    [[nodiscard]] std::optional<Evidence> replace(const store::StoredApp& old, const store::StoredApp& next,
                                                  UrlProber& prober, const Clock& clock, const std::stop_token& stop);
    /// Asks the app through its URL until it answers properly.
    [[nodiscard]] std::optional<Evidence> probe_outside(const GeneratedApp& app, UrlProber& prober, const Clock& clock,
                                                        const std::stop_token& stop);

    /// Whether the sandbox's own Node parses the file, as CommonJS or as a module. False when it has no Node.
    [[nodiscard]] bool node_parses(const GeneratedFile& file, const std::stop_token& stop);

    [[nodiscard]] int port(const GeneratedApp& app) const;
    [[nodiscard]] std::string url(const GeneratedApp& app) const { return sandbox_.url(port(app)); }
    /// Of a script, after deploy().
    [[nodiscard]] const std::string& output() const noexcept { return output_; }
    [[nodiscard]] std::optional<int> exit_code() const noexcept { return exit_code_; }

 private:
    /// @throws Error{not_found} when the sandbox is known to be gone.
    void require_sandbox(const std::stop_token& stop);
    struct Ran {
        sandbox::ExitStatus status;
        std::string output;
    };
    Ran run(const std::string& shell, std::chrono::milliseconds timeout, const GeneratedApp* app,
            const std::stop_token& stop);
    void sync(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files, const std::stop_token& stop);
    [[nodiscard]] std::optional<Evidence> replace_page(const store::StoredApp& old, const store::StoredApp& next,
                                                       UrlProber& prober, const Clock& clock,
                                                       const std::stop_token& stop);
    void serve(const std::string& root, const std::string& entry, const std::stop_token& stop);
    [[nodiscard]] std::optional<Evidence> build(const GeneratedApp& app, const std::stop_token& stop);
    [[nodiscard]] std::optional<Evidence> start_api(const GeneratedApp& app, const std::stop_token& stop);
    [[nodiscard]] std::optional<Evidence> run_script(const GeneratedApp& app, const std::stop_token& stop);

    sandbox::Sandbox& sandbox_;
    DeployOptions options_;
    EventStream& events_;
    std::map<std::string, std::string> present_;  ///< path to fingerprint of what lies in /app
    std::string installed_;                       ///< fingerprint of what the installed dependencies were named by
    std::string page_;                            ///< the bytes that the URL must answer with
    std::string output_;
    std::optional<int> exit_code_;
};

/// The page that shows what a script printed. Safe whatever the output holds.
[[nodiscard]] std::string script_page(std::string_view title, int exit_code, std::string_view output);

/// What an answer from outside says against the app, if anything (pure). `page`: the bytes a webapp must answer with.
[[nodiscard]] std::optional<std::string> judge_answer(AppType type, const ProbeAnswer& answer, std::string_view page);

}  // namespace spawnai::pipeline
