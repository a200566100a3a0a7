#pragma once

#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

extern char** environ;

namespace spawnai::testing {

/// tests/support/messages_server.py as a child process; it ends with the object, because its stdin closes.
class MessagesServer {
 public:
    explicit MessagesServer(const std::string& play, std::vector<std::string> more = {}) {
        Pipe input = make_pipe();
        Pipe output = make_pipe();
        std::vector<std::string> words{"python3", SPAWNAI_TEST_SUPPORT "/messages_server.py", "--play", play};
        words.insert(words.end(), more.begin(), more.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions{};
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, input.read.get(), 0);
        posix_spawn_file_actions_adddup2(&actions, output.write.get(), 1);
        const int failure = posix_spawnp(&pid_, "python3", &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        REQUIRE(failure == 0);
        input_ = std::move(input.write);
        output.write.reset();
        char c = 0;
        while (::read(output.read.get(), &c, 1) == 1 && c != '\n') url_.push_back(c);
        REQUIRE(url_.starts_with("http://127.0.0.1:"));
    }
    ~MessagesServer() {
        input_.reset();
        ::waitpid(pid_, nullptr, 0);
    }
    MessagesServer(const MessagesServer&) = delete;
    MessagesServer& operator=(const MessagesServer&) = delete;

    [[nodiscard]] const std::string& url() const noexcept { return url_; }

 private:
    pid_t pid_ = -1;
    Fd input_;
    std::string url_;
};

}  // namespace spawnai::testing
