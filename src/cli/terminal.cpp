#include "terminal.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_default_width = 80;

// @return 0, or the errno of the write that failed.
int write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            pollfd waiting{fd, POLLOUT, 0};
            ::poll(&waiting, 1, -1);
        } else if (count < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

std::size_t parse_width(std::string_view text) {
    std::size_t width = 0;
    std::from_chars(text.data(), text.data() + text.size(), width);
    return width >= 20 && width <= 1000 ? width : 0;
}

std::size_t window_width(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
    return k_default_width;
}

std::string_view escape_of(Style style) {
    switch (style) {
        case Style::plain:
            return "";
        case Style::bold:
            return "\x1b[1m";
        case Style::dim:
            return "\x1b[2m";
        case Style::red:
            return "\x1b[31m";
        case Style::green:
            return "\x1b[32m";
        case Style::yellow:
            return "\x1b[33m";
        case Style::cyan:
            return "\x1b[36m";
    }
    return "";
}

std::string styled(bool colour, Style style, std::string_view text) {
    if (!colour || style == Style::plain || text.empty()) return std::string(text);
    return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

constexpr std::string_view k_erase_line = "\r\x1b[2K";

// Echo off for the life of the object.
class HiddenInput {
 public:
    explicit HiddenInput(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0) {
        if (!changed_) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(fd_, TCSAFLUSH, &silent);
    }
    ~HiddenInput() {
        if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;

 private:
    int fd_;
    termios before_{};
    bool changed_;
};

}  // namespace

Terminal::Terminal(Streams streams, const Environment& environment)
    : streams_(streams),
      in_tty_(::isatty(streams.in) == 1),
      out_tty_(::isatty(streams.out) == 1),
      err_tty_(::isatty(streams.err) == 1) {
    const auto forced = environment.get("SPAWNAI_FORCE_TTY");
    if (forced) {
        forced_width_ = parse_width(*forced);
        if (forced_width_ == 0) forced_width_ = k_default_width;
        out_tty_ = true;
        err_tty_ = true;
    }
    dumb_ = environment.get_or("TERM", forced ? "xterm" : "dumb") == "dumb";
    const bool refused = environment.get("NO_COLOR") || environment.get("SPAWNAI_NO_COLOR");
    const bool wanted = environment.get_or("CLICOLOR_FORCE", "0") != "0";
    out_colour_ = !refused && (wanted || (out_tty_ && !dumb_));
    err_colour_ = !refused && (wanted || (err_tty_ && !dumb_));
}

void Terminal::set_no_color() noexcept {
    out_colour_ = false;
    err_colour_ = false;
}

std::size_t Terminal::out_width() const noexcept {
    return forced_width_ > 0 ? forced_width_ : window_width(streams_.out);
}

std::size_t Terminal::err_width() const noexcept {
    return forced_width_ > 0 ? forced_width_ : window_width(streams_.err);
}

void Terminal::result(std::string_view text) {
    {
        // On one screen the result must not land behind a live line.
        const std::lock_guard lock(mutex_);
        if (!live_.empty() && out_tty_) {
            write_err(k_erase_line);
            live_.clear();
        }
    }
    const int error = write_all(streams_.out, text);
    if (error == EPIPE) throw BrokenPipe();
    if (error != 0) throw Error(ErrorKind::internal, "cannot write to standard output: " + errno_text(error));
}

void Terminal::write_err(std::string_view text) noexcept {
    (void)write_all(streams_.err, text);
}

void Terminal::say(std::string_view line) {
    if (!quiet_) insist(line);
}

void Terminal::insist(std::string_view text) {
    const std::lock_guard lock(mutex_);
    std::string block;
    if (!live_.empty()) block += k_erase_line;
    block += text;
    if (block.empty() || block.back() != '\n') block += '\n';
    block += live_;
    write_err(block);
}

void Terminal::live(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (!can_redraw() || quiet_ || live_closed_) return;
    if (line == live_) return;
    live_ = line;
    write_err(std::string(k_erase_line) + live_);
}

void Terminal::close_live() noexcept {
    // Somebody may hold the lock in a write that blocks; the process is about to end and must not wait for it.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return;
    live_closed_ = true;
    if (!live_.empty()) write_err(k_erase_line);
    live_.clear();
}

std::string Terminal::out_styled(Style style, std::string_view text) const {
    return styled(out_colour_, style, text);
}
std::string Terminal::err_styled(Style style, std::string_view text) const {
    return styled(err_colour_, style, text);
}

std::string Terminal::read_input(std::size_t limit) {
    std::string text;
    char buffer[16384];
    for (;;) {
        const ssize_t count = ::read(streams_.in, buffer, sizeof buffer);
        if (count == 0) return text;
        if (count < 0) {
            if (errno == EINTR) continue;
            throw Error(ErrorKind::usage, "cannot read standard input: " + errno_text(errno));
        }
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > limit)
            throw Error(ErrorKind::usage, fmt::format("standard input holds more than {} bytes", limit));
    }
}

std::string Terminal::ask(std::string_view question, bool hidden) {
    if (!in_tty_) throw Error(ErrorKind::usage, "standard input is not a terminal, so nothing can be asked");
    const std::lock_guard lock(mutex_);
    write_err(question);
    std::string answer;
    {
        std::optional<HiddenInput> silence;
        if (hidden) silence.emplace(streams_.in);
        char c = 0;
        for (;;) {
            const ssize_t count = ::read(streams_.in, &c, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0 || c == '\n') break;
            answer += c;
        }
    }
    if (hidden) write_err("\n");
    return std::string(trim(answer));
}

}  // namespace spawnai::cli
