#include "engine/app_log.hpp"

#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;

constexpr off_t k_kept_bytes = 256 * 1024;
constexpr std::size_t k_most_logs = 500;
constexpr std::size_t k_most_marks = 1024;
constexpr std::chrono::hours k_longest_kept{7 * 24};
constexpr std::string_view k_home = "/home/user/";
static_assert(sandbox::wire::k_app_log.starts_with(k_home));

WallTime modified(const struct stat& status) {
    return WallTime(std::chrono::seconds(status.st_mtim.tv_sec)) +
           std::chrono::milliseconds(status.st_mtim.tv_nsec / 1000000);
}

std::optional<AppLog> read_end(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    const off_t start = std::max<off_t>(0, status.st_size - k_kept_bytes);
    AppLog log{std::string(static_cast<std::size_t>(status.st_size - start), '\0'), modified(status), start};
    std::size_t filled = 0;
    while (filled < log.text.size()) {
        const ssize_t got =
            ::pread(fd, log.text.data() + filled, log.text.size() - filled, start + static_cast<off_t>(filled));
        if (got <= 0) break;
        filled += static_cast<std::size_t>(got);
    }
    log.text.resize(filled);
    if (start > 0) {
        const std::size_t line = log.text.find('\n');
        if (line != std::string::npos) {
            log.text.erase(0, line + 1);
            log.offset += static_cast<std::int64_t>(line) + 1;
        }
    }
    return log;
}

}  // namespace

void LogTimes::note(std::int64_t size, WallTime written) {
    if (!marks_.empty() && size < marks_.back().size) marks_.clear();
    if (!marks_.empty() && size == marks_.back().size) return;
    if (marks_.size() == k_most_marks) marks_.erase(marks_.begin(), marks_.begin() + k_most_marks / 2);
    marks_.push_back({size, written});
}

WallTime LogTimes::at(std::int64_t end) const {
    const auto found = std::lower_bound(marks_.begin(), marks_.end(), end,
                                        [](const Mark& mark, std::int64_t value) { return mark.size < value; });
    if (marks_.empty()) return {};
    return found == marks_.end() ? marks_.back().time : found->time;
}

std::optional<AppLog> read_app_log(const fs::path& sandbox_dir) {
    const Fd home(::open((sandbox_dir / "home").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!home) return std::nullopt;
    const std::string name(sandbox::wire::k_app_log.substr(k_home.size()));
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const Fd file(static_cast<int>(::syscall(SYS_openat2, home.get(), name.c_str(), &how, sizeof how)));
    if (!file) return std::nullopt;
    return read_end(file.get());
}

void EndedLogs::keep(const std::string& id, const AppLog& log) const noexcept {
    try {
        make_private_directories(directory_);
        write_file_atomic(directory_ / (id + ".log"), log.text, 0600);
    } catch (const std::exception&) {
        // The evidence of an app is lost then; the disk is full or gone, which the next start will say.
    }
}

std::optional<AppLog> EndedLogs::find(const std::string& id) const {
    const Fd file(::open((directory_ / (id + ".log")).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return std::nullopt;
    return read_end(file.get());
}

void EndedLogs::prune(WallTime now) const noexcept {
    try {
        std::vector<std::pair<WallTime, fs::path>> logs;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(directory_, error)) {
            struct stat status {};
            if (::lstat(entry.path().c_str(), &status) == 0) logs.emplace_back(modified(status), entry.path());
        }
        std::sort(logs.begin(), logs.end(), std::greater<>());
        for (std::size_t i = 0; i < logs.size(); ++i)
            if (i >= k_most_logs || now - logs[i].first > k_longest_kept) fs::remove(logs[i].second, error);
    } catch (const std::exception&) {
        // Tried again when the next sandbox ends.
    }
}

}  // namespace spawnai::engine
