#pragma once

#include <spawnai/core/environment.hpp>

#include <exception>
#include <mutex>
#include <string>
#include <string_view>

namespace spawnai::cli {

/// The three descriptors of a run; not owned. Tests pass files or pipes.
struct Streams {
    int in = 0;
    int out = 1;
    int err = 2;
};

/// Nobody reads stdout any more. Not an Error: the command ends quietly.
class BrokenPipe : public std::exception {
 public:
    [[nodiscard]] const char* what() const noexcept override { return "broken pipe"; }
};

enum class Style { plain, bold, dim, red, green, yellow, cyan };

/// stdout for results, stderr for talk, and at most one live line at the bottom of stderr. Style is decided per stream:
/// a terminal has colours unless NO_COLOR, SPAWNAI_NO_COLOR, --no-color or TERM=dumb says otherwise; CLICOLOR_FORCE gives
/// colours without a terminal; SPAWNAI_FORCE_TTY=COLUMNS treats both as a terminal of that width.
/// Safe from any thread.
class Terminal {
 public:
    Terminal(Streams streams, const Environment& environment);

    void set_no_color() noexcept;
    void set_quiet() noexcept { quiet_ = true; }
    [[nodiscard]] bool quiet() const noexcept { return quiet_; }

    [[nodiscard]] bool in_is_tty() const noexcept { return in_tty_; }
    [[nodiscard]] bool out_is_tty() const noexcept { return out_tty_; }
    [[nodiscard]] bool err_is_tty() const noexcept { return err_tty_; }
    /// Whether a line on stderr may be redrawn.
    [[nodiscard]] bool can_redraw() const noexcept { return err_tty_ && !dumb_; }
    [[nodiscard]] bool out_has_colour() const noexcept { return out_colour_; }
    [[nodiscard]] std::size_t out_width() const noexcept;
    [[nodiscard]] std::size_t err_width() const noexcept;

    /// Writes to stdout as it is. @throws BrokenPipe; Error{internal} when the bytes cannot be written (disk full).
    void result(std::string_view text);
    /// One line of talk on stderr, above the live line; nothing when --quiet. A stderr that cannot be written is ignored.
    void say(std::string_view line);
    /// As say, also when --quiet: errors and what a user must not miss.
    void insist(std::string_view text);
    /// Replaces the live line; an empty text removes it. Only where can_redraw().
    void live(std::string_view line);
    /// Removes the live line for good, whatever is shown later: to be called when the process is about to die.
    void close_live() noexcept;

    /// `text` in a style, for one stream.
    [[nodiscard]] std::string out_styled(Style style, std::string_view text) const;
    [[nodiscard]] std::string err_styled(Style style, std::string_view text) const;

    /// All of stdin, at most `limit` bytes. @throws Error{usage} when there is more.
    [[nodiscard]] std::string read_input(std::size_t limit);
    /// One line from the terminal, without echo when `hidden`. @throws Error{usage} when stdin is no terminal.
    [[nodiscard]] std::string ask(std::string_view question, bool hidden);

    [[nodiscard]] const Streams& streams() const noexcept { return streams_; }

 private:
    void write_err(std::string_view text) noexcept;

    Streams streams_;
    bool in_tty_ = false;
    bool out_tty_ = false;
    bool err_tty_ = false;
    bool dumb_ = false;
    bool out_colour_ = false;
    bool err_colour_ = false;
    bool quiet_ = false;
    std::size_t forced_width_ = 0;
    std::mutex mutex_;  ///< guards stderr and the two below
    std::string live_;
    bool live_closed_ = false;
};

}  // namespace spawnai::cli
