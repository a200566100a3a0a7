#pragma once

#include "cli/app.hpp"
#include "cli/terminal.hpp"

#include <spawnai/core/fd.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>
#include <utility>

namespace spawnai::cli {

/// Descriptors of a run that keep what was written to them.
class Capture {
 public:
    Capture()
        : in_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
          out_(::memfd_create("out", MFD_CLOEXEC)),
          err_(::memfd_create("err", MFD_CLOEXEC)) {}

    [[nodiscard]] Streams streams() const { return {in_.get(), out_.get(), err_.get()}; }
    [[nodiscard]] std::string out() const { return read(out_.get()); }
    [[nodiscard]] std::string err() const { return read(err_.get()); }

 private:
    static std::string read(int fd) {
        std::string text;
        char buffer[4096];
        off_t at = 0;
        for (ssize_t count = 0; (count = ::pread(fd, buffer, sizeof buffer, at)) > 0; at += count)
            text.append(buffer, static_cast<std::size_t>(count));
        return text;
    }
    Fd in_;
    Fd out_;
    Fd err_;
};

struct Ran {
    int code = 0;
    std::string out;
    std::string err;
};

/// The whole program, in this process.
inline Ran run_captured(const std::vector<std::string>& arguments, std::map<std::string, std::string> variables) {
    const Capture capture;
    const int code = run(arguments, capture.streams(), Environment(std::move(variables)));
    return {code, capture.out(), capture.err()};
}

}  // namespace spawnai::cli
