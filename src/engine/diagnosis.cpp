#include "engine/launcher.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

namespace spawnai::engine {
namespace {

constexpr const char* k_userns_switch = "/proc/sys/kernel/unprivileged_userns_clone";
constexpr const char* k_apparmor_switch = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
constexpr const char* k_max_user = "/proc/sys/user/max_user_namespaces";
constexpr const char* k_max_net = "/proc/sys/user/max_net_namespaces";
constexpr const char* k_cloud_instead = "or run the app in E2B's cloud: set E2B_API_KEY";

using Facts = std::map<std::string, std::string>;

std::string fact(const Facts& facts, const char* path) {
    const auto found = facts.find(path);
    if (found == facts.end()) return {};
    std::string value = found->second;
    while (!value.empty() && (value.back() == '\n' || value.back() == ' ')) value.pop_back();
    return value;
}

bool in_container(const Facts& facts) {
    return facts.count("/.dockerenv") != 0 || facts.count("/run/.containerenv") != 0;
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string last_line(const std::string& text) {
    std::string_view rest = text;
    while (!rest.empty() && rest.back() == '\n') rest.remove_suffix(1);
    const std::size_t start = rest.rfind('\n');
    return std::string(start == std::string_view::npos ? rest : rest.substr(start + 1));
}

NoSandboxCause no_bubblewrap() {
    return {"no_bubblewrap", "bubblewrap (bwrap) is not installed",
            std::string("install it: apt install bubblewrap, or dnf install bubblewrap; ") + k_cloud_instead};
}

NoSandboxCause old_bubblewrap(const std::string& line) {
    return {"old_bubblewrap", "this bubblewrap is too old: " + line, "install bubblewrap 0.8 or newer"};
}

NoSandboxCause container() {
    return {"no_user_namespaces", "this container does not allow user namespaces",
            std::string("start the container with --security-opt seccomp=unconfined --security-opt "
                        "systempaths=unconfined; ") +
                k_cloud_instead};
}

NoSandboxCause no_user_namespaces(const Facts& facts) {
    if (fact(facts, k_userns_switch) == "0") {
        return {"no_user_namespaces", "this machine forbids user namespaces: kernel.unprivileged_userns_clone is 0",
                "sudo sysctl -w kernel.unprivileged_userns_clone=1"};
    }
    if (in_container(facts)) return container();
    return {"no_user_namespaces", "this machine does not let an ordinary user make user namespaces",
            std::string("inside a container start it with --security-opt seccomp=unconfined --security-opt "
                        "systempaths=unconfined; inside a chroot run spawnai outside of it; ") +
                k_cloud_instead};
}

NoSandboxCause namespace_limit(const Facts& facts) {
    std::string settings;
    for (const auto& [path, name] :
         {std::pair(k_max_user, "user.max_user_namespaces"), std::pair(k_max_net, "user.max_net_namespaces")}) {
        const std::string value = fact(facts, path);
        if (value.empty()) continue;
        if (!settings.empty()) settings += ", ";
        settings += std::string(name) + " is " + value;
    }
    return {"namespace_limit",
            "the limit on namespaces is used up or 0" + (settings.empty() ? std::string() : " (" + settings + ")"),
            "sudo sysctl -w user.max_user_namespaces=15000 user.max_net_namespaces=15000; inside another "
            "sandbox run spawnai "
            "outside of it"};
}

NoSandboxCause apparmor() {
    return {"apparmor", "AppArmor restricts user namespaces on this machine",
            "sudo apt install apparmor-profiles && sudo cp "
            "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict "
            "/etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict (setting the "
            "sysctl "
            "kernel.apparmor_restrict_unprivileged_userns=0 would lift the protection for every program)"};
}

NoSandboxCause masked_proc() {
    return {"masked_proc", "a fresh /proc cannot be mounted: this is a container with a masked /proc",
            std::string("start the container with --security-opt systempaths=unconfined; ") + k_cloud_instead};
}

NoSandboxCause root() {
    return {"root", "a sandbox is never made by root: inside it the kernel would still see uid 0",
            "run spawnai as a normal user"};
}

NoSandboxCause unknown(int exit_code, const std::string& text) {
    const std::string line = last_line(text);
    return {"unknown",
            line.empty() ? "bubblewrap ended with exit code " + std::to_string(exit_code) + " and said nothing"
                         : "bubblewrap could not make a sandbox: " + line,
            std::string("see what bwrap needs with `spawnai doctor`; ") + k_cloud_instead};
}

}  // namespace

NoSandboxCause classify_failure(int exit_code, const std::string& stderr_text, const Facts& facts) {
    const std::string system = fact(facts, "system");
    if (!system.empty() && system != "Linux") {
        return {"not_linux", "the local engine needs Linux (or WSL2), this is " + system,
                "set E2B_API_KEY to use E2B's cloud"};
    }
    if (fact(facts, "euid") == "0") return root();
    if (has(stderr_text, "nknown option")) return old_bubblewrap(last_line(stderr_text));
    if (has(stderr_text, "Can't mount proc")) return masked_proc();
    if (has(stderr_text, "max_") && has(stderr_text, "_namespaces exceeded")) return namespace_limit(facts);
    if (has(stderr_text, "namespace") && (has(stderr_text, "ENOSPC") || has(stderr_text, "No space left on device"))) {
        return namespace_limit(facts);
    }
    if (has(stderr_text, "setting up uid map") || has(stderr_text, "RTM_NEWADDR")) {
        // AppArmor lets the namespace be made and then takes its capabilities away.
        return fact(facts, k_apparmor_switch) == "1" ? apparmor() : no_user_namespaces(facts);
    }
    if (has(stderr_text, "No permissions to creat") || has(stderr_text, "reating new namespace failed") ||
        has(stderr_text, "unprivileged user namespaces")) {
        return fact(facts, k_apparmor_switch) == "1" && fact(facts, k_userns_switch) != "0" && !in_container(facts)
                   ? apparmor()
                   : no_user_namespaces(facts);
    }
    if (exit_code == 127) return no_bubblewrap();
    return unknown(exit_code, stderr_text);
}

Facts diagnosis_facts() {
    Facts facts;
    for (const char* path :
         {k_userns_switch, k_apparmor_switch, k_max_user, k_max_net, "/.dockerenv", "/run/.containerenv"}) {
        std::ifstream file(path);
        if (!file) continue;
        facts[path] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    utsname name{};
    if (::uname(&name) == 0) facts["system"] = name.sysname;
    facts["euid"] = std::to_string(::geteuid());
    return facts;
}

}  // namespace spawnai::engine
