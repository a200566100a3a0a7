#include "engine/launcher.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {

using namespace spawnai::engine;
using Facts = std::map<std::string, std::string>;

const Facts k_usual = {{"system", "Linux"}, {"euid", "1000"}};

Facts with(Facts more) {
    more.insert(k_usual.begin(), k_usual.end());
    return more;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

constexpr const char* k_no_permission =
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user "
    "namespaces. "
    "See <https://deb.li/bubblewrap> or <file:///usr/share/doc/bubblewrap/README.Debian.gz>.\n";

}  // namespace

TEST_CASE("a missing bubblewrap is named with its package") {
    const NoSandboxCause cause = classify_failure(127, "", k_usual);
    CHECK(cause.cause == "no_bubblewrap");
    CHECK(has(cause.remedy, "apt install bubblewrap"));
    CHECK(has(cause.remedy, "dnf install bubblewrap"));
}

TEST_CASE("an old bubblewrap is told from a missing one") {
    const NoSandboxCause cause = classify_failure(1, "bwrap: Unknown option --disable-userns\n", k_usual);
    CHECK(cause.cause == "old_bubblewrap");
    CHECK(has(cause.message, "--disable-userns"));
}

TEST_CASE("forbidden user namespaces are explained by what forbids them") {
    SUBCASE("the sysctl") {
        const Facts facts = with({{"/proc/sys/kernel/unprivileged_userns_clone", "0\n"}});
        const NoSandboxCause cause = classify_failure(1, k_no_permission, facts);
        CHECK(cause.cause == "no_user_namespaces");
        CHECK(has(cause.message, "kernel.unprivileged_userns_clone is 0"));
        CHECK(has(cause.remedy, "sysctl -w kernel.unprivileged_userns_clone=1"));
    }
    SUBCASE("a container") {
        const NoSandboxCause cause = classify_failure(1, k_no_permission, with({{"/.dockerenv", ""}}));
        CHECK(cause.cause == "no_user_namespaces");
        CHECK(has(cause.message, "container"));
        CHECK(has(cause.remedy, "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"));
        CHECK(has(cause.remedy, "E2B_API_KEY"));
    }
    SUBCASE("nothing that can be seen") {
        const Facts facts = with({{"/proc/sys/kernel/unprivileged_userns_clone", "1\n"}});
        const NoSandboxCause cause = classify_failure(1, k_no_permission, facts);
        CHECK(cause.cause == "no_user_namespaces");
        CHECK(has(cause.remedy, "chroot"));
    }
    SUBCASE("the wording of the call itself") {
        CHECK(classify_failure(1, "bwrap: Creating new namespace failed: Operation not permitted\n", k_usual).cause ==
              "no_user_namespaces");
    }
}

TEST_CASE("a limit on namespaces is shown with its value") {
    const Facts facts =
        with({{"/proc/sys/user/max_user_namespaces", "0\n"}, {"/proc/sys/user/max_net_namespaces", "15000\n"}});
    for (const char* text :
         {"bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)\n",
          "bwrap: Creating new namespace failed: No space left on device\n"}) {
        const NoSandboxCause cause = classify_failure(1, text, facts);
        CHECK(cause.cause == "namespace_limit");
        CHECK(has(cause.message, "user.max_user_namespaces is 0"));
        CHECK(has(cause.message, "user.max_net_namespaces is 15000"));
    }
    // A full disk is something else.
    CHECK(classify_failure(1, "bwrap: Can't create file at /app: No space left on device\n", facts).cause == "unknown");
}

TEST_CASE("AppArmor's restriction has the profile as its remedy") {
    const Facts facts = with({{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"}});
    for (const char* text : {"bwrap: setting up uid map: Permission denied\n",
                             "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted\n"}) {
        const NoSandboxCause cause = classify_failure(1, text, facts);
        CHECK(cause.cause == "apparmor");
        CHECK(has(cause.remedy, "bwrap-userns-restrict"));
        CHECK(has(cause.remedy, "apparmor_parser -r"));
        // The switch for the whole machine comes last, if at all.
        CHECK(cause.remedy.find("bwrap-userns-restrict") <
              cause.remedy.find("apparmor_restrict_unprivileged_userns=0"));
    }
}

TEST_CASE("the same words without AppArmor's switch are not blamed on it") {
    for (const char* text : {"bwrap: setting up uid map: Permission denied\n",
                             "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted\n"}) {
        CHECK(classify_failure(1, text, k_usual).cause == "no_user_namespaces");
    }
}

TEST_CASE("a masked /proc is refused with the container's switch") {
    const NoSandboxCause cause = classify_failure(
        1, "bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n", with({{"/.dockerenv", ""}}));
    CHECK(cause.cause == "masked_proc");
    CHECK(has(cause.remedy, "systempaths=unconfined"));
}

TEST_CASE("root is told to be somebody else") {
    const NoSandboxCause cause = classify_failure(0, "", {{"system", "Linux"}, {"euid", "0"}});
    CHECK(cause.cause == "root");
    CHECK(has(cause.remedy, "normal user"));
}

TEST_CASE("another system is told about Linux") {
    const NoSandboxCause cause = classify_failure(127, "", {{"system", "Darwin"}, {"euid", "501"}});
    CHECK(cause.cause == "not_linux");
    CHECK(has(cause.message, "Darwin"));
    CHECK(has(cause.message, "WSL2"));
}

TEST_CASE("what nobody foresaw is shown as it is") {
    const NoSandboxCause cause = classify_failure(1, "first\nbwrap: something quite new\n", k_usual);
    CHECK(cause.cause == "unknown");
    CHECK(has(cause.message, "bwrap: something quite new"));
    CHECK_FALSE(has(cause.message, "first"));
    CHECK(has(classify_failure(3, "", k_usual).message, "3"));
}

TEST_CASE("this machine's facts name its system and user") {
    const Facts facts = diagnosis_facts();
    CHECK(facts.at("system") == "Linux");
    CHECK_FALSE(facts.at("euid").empty());
}
