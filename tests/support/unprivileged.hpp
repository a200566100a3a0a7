#pragma once

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

extern "C" char** environ;

namespace spawnai::test {

inline constexpr const char* k_test_programs = "SPAWNAI_TEST_PROGRAMS";

/// Sandboxes are never made by root. A test case that makes them begins with
///     if (!as_ordinary_user("its own name")) return;
/// As an ordinary user that is true. As root the same case is run again by a child process without privileges, its result is
/// checked, and false comes back. Programs of the build are copied to where that user can reach them: see built_program().
inline bool as_ordinary_user(const char* test_case) {
    if (::geteuid() != 0) return true;
    namespace fs = std::filesystem;
    const TempDir programs;
    fs::permissions(programs.path(), fs::perms(0755));
    for (const char* name : {"spawnai-agent", "spawnai-probe"}) {
        for (const fs::path& directory : {fs::path(SPAWNAI_BUILD_BIN), fs::path(SPAWNAI_TEST_BIN)}) {
            if (fs::exists(directory / name))
                fs::copy_file(directory / name, programs.path() / name, fs::copy_options::overwrite_existing);
        }
    }
    // Opened while it can be: the build may lie in a closed home directory.
    const int self = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    const std::string filter = std::string("--test-case=") + test_case;
    const std::string place = std::string(k_test_programs) + "=" + programs.path().string();
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr unsigned k_uid = 61234;
        if (::setgroups(0, nullptr) != 0 || ::setresgid(k_uid, k_uid, k_uid) != 0 ||
            ::setresuid(k_uid, k_uid, k_uid) != 0 || ::chdir("/") != 0) {
            ::_exit(99);
        }
        std::vector<char*> environment;
        for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
        environment.push_back(const_cast<char*>(place.c_str()));
        environment.push_back(nullptr);
        char* const arguments[] = {const_cast<char*>("spawnai-integration"), const_cast<char*>(filter.c_str()),
                                   nullptr};
        ::fexecve(self, arguments, environment.data());
        ::_exit(98);
    }
    ::close(self);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    CHECK_MESSAGE(status == 0, "the test case failed as an ordinary user");
    return false;
}

/// A program of the build, where the current user can reach it.
inline std::filesystem::path built_program(const char* name) {
    if (const char* copies = std::getenv(k_test_programs)) return std::filesystem::path(copies) / name;
    const std::filesystem::path built = std::filesystem::path(SPAWNAI_BUILD_BIN) / name;
    return std::filesystem::exists(built) ? built : std::filesystem::path(SPAWNAI_TEST_BIN) / name;
}

}  // namespace spawnai::test
