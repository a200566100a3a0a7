#include "addresses.hpp"
#include "control_plane.hpp"
#include "envd.hpp"
#include "failure.hpp"
#include "process.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/net/url.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <fmt/format.h>

namespace spawnai::sandbox {

namespace {

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

class E2bSandbox final : public Sandbox {
 public:
    E2bSandbox(Envd envd, std::string scheme, std::string domain)
        : envd_(std::move(envd)), scheme_(std::move(scheme)), domain_(std::move(domain)) {}

    const SandboxId& id() const override { return envd_.address().id; }
    std::string url(int port) const override {
        return fmt::format("{}://{}-{}.{}", scheme_, port, id().str(), domain_);
    }
    void write_files(std::span<const FileUpload> files, std::stop_token stop) override {
        envd_.write_files(files, stop);
    }
    std::string read_file(const std::string& path, std::size_t limit, std::stop_token stop) override {
        return envd_.read_file(path, limit, stop);
    }
    std::vector<FileEntry> list(const std::string& path, int depth, std::stop_token stop) override {
        return envd_.list(path, depth, stop);
    }
    void move(const std::string& source, const std::string& destination, std::stop_token stop) override {
        envd_.move(source, destination, stop);
    }
    void remove(const std::string& path, std::stop_token stop) override { envd_.remove(path, stop); }
    void watch(const std::string& path, bool recursive, const std::function<void()>& begun, const ChangeSink& change,
               std::stop_token stop) override {
        envd_.watch(path, recursive, begun, change, stop);
    }
    ExitStatus run(const Command& command, const OutputSink& output, std::stop_token stop) override {
        return run_to_end(envd_, command, output, stop);
    }
    std::unique_ptr<Process> start(const Command& command, std::stop_token stop) override {
        return start_process(envd_, command, stop);
    }
    std::unique_ptr<Process> connect(std::int64_t pid, std::stop_token stop) override {
        return connect_process(envd_, pid, stop);
    }
    std::vector<ProcessInfo> processes(std::stop_token stop) override { return envd_.processes(stop); }
    bool signal(std::int64_t pid, int signal, std::stop_token stop) override { return envd_.signal(pid, signal, stop); }
    bool alive(std::stop_token stop) override { return envd_.alive(stop); }

 private:
    Envd envd_;
    std::string scheme_;  ///< of the URLs of its apps
    std::string domain_;
};

class E2bProvider final : public Provider {
 public:
    E2bProvider(E2bOptions options, net::Transport& transport, const Clock& clock)
        : options_(std::move(options)), control_(options_, transport, clock), transport_(&transport), clock_(&clock) {}

    std::unique_ptr<Sandbox> create(const SandboxRequest& request, std::stop_token stop) override {
        return handle(control_.create(request, stop));
    }
    std::unique_ptr<Sandbox> attach(const SandboxId& id, std::stop_token stop) override {
        auto detail = control_.detail(id, stop);
        if (!detail) return nullptr;
        if (detail->info.state == SandboxState::paused)
            throw Error(ErrorKind::usage, "the sandbox " + id.str() + " is paused", "wake it with `spawnai resume`");
        if (!detail->access.envd_token.empty()) return handle(detail->access);
        // Older servers tell the token only to connect, which never shortens a lifetime.
        const auto access = control_.connect(id, std::chrono::seconds(1), stop);
        return access ? handle(secured(*access)) : nullptr;
    }
    std::optional<SandboxInfo> get(const SandboxId& id, std::stop_token stop) override {
        auto detail = control_.detail(id, stop);
        if (!detail) return std::nullopt;
        return std::move(detail->info);
    }
    std::vector<SandboxInfo> list(const std::map<std::string, std::string>& metadata, std::stop_token stop) override {
        return control_.list(metadata, stop);
    }
    bool kill(const SandboxId& id, std::stop_token stop) override { return control_.kill(id, stop); }
    bool set_timeout(const SandboxId& id, std::chrono::seconds lifetime, std::stop_token stop) override {
        return control_.set_timeout(id, lifetime, stop);
    }
    bool pause(const SandboxId& id, std::stop_token stop) override { return control_.pause(id, stop); }
    std::unique_ptr<Sandbox> resume(const SandboxId& id, std::chrono::seconds lifetime, std::stop_token stop) override {
        const auto access = control_.connect(id, lifetime, stop);
        return access ? handle(secured(*access)) : nullptr;
    }
    std::vector<SandboxMetrics> metrics(const SandboxId& id, std::stop_token stop) override {
        return control_.metrics(id, stop);
    }
    std::string retained_log(const SandboxId& id, std::stop_token stop) override { return control_.app_log(id, stop); }

 private:
    static const wire::Access& secured(const wire::Access& access) {
        if (access.envd_token.empty())
            throw Error(ErrorKind::unavailable, "the server gave no access token for the sandbox " + access.id.str() +
                                                    ", so it is not secured");
        return access;
    }

    std::unique_ptr<Sandbox> handle(const wire::Access& access) {
        const std::string domain = access.domain.empty() ? options_.domain : access.domain;
        EnvdAddress address{envd_url(options_, access.id.str(), domain),
                            access.id,
                            access.envd_token,
                            access.envd_version,
                            options_.user_agent,
                            options_.request_timeout};
        return std::make_unique<E2bSandbox>(Envd(std::move(address), *transport_, *clock_),
                                            app_scheme(options_, domain), domain);
    }

    E2bOptions options_;
    ControlPlane control_;
    net::Transport* transport_;
    const Clock* clock_;
};

}  // namespace

E2bOptions e2b_options(const Environment& environment, const Secret& api_key) {
    E2bOptions options;
    options.domain = ascii_lower(environment.get_or("E2B_DOMAIN", options.domain));
    options.api_url = without_slash(environment.get_or("E2B_API_URL", "https://api." + options.domain));
    if (const auto url = environment.get("E2B_SANDBOX_URL")) options.sandbox_url = without_slash(*url);
    // Keys come out of files and secret stores with a line's end.
    options.api_key = Secret(std::string(trim(api_key.reveal())));
    return options;
}

std::unique_ptr<Provider> make_e2b_provider(E2bOptions options, net::Transport& transport, const Clock& clock) {
    const auto check = [](const std::string& text, const char* name) {
        try {
            (void)net::Url::parse(text);
        } catch (const Error& error) {
            throw Error(error.kind(), fmt::format("{}: {}", name, error.what()), fmt::format("check {}", name));
        }
    };
    options.api_url = without_slash(std::move(options.api_url));
    check(options.api_url, "E2B_API_URL");
    check("https://" + options.domain, "E2B_DOMAIN");
    if (options.sandbox_url) {
        options.sandbox_url = without_slash(std::move(*options.sandbox_url));
        check(*options.sandbox_url, "E2B_SANDBOX_URL");
    }
    return std::make_unique<E2bProvider>(std::move(options), transport, clock);
}

}  // namespace spawnai::sandbox
