#include "engine/agent/watcher.hpp"

#include "engine/agent/memory_usage.hpp"

#include <spawnai/sandbox/wire.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

namespace spawnai::engine::agent {
namespace {

constexpr auto k_interval = std::chrono::milliseconds(250);
constexpr auto k_short_interval = std::chrono::milliseconds(50);
constexpr auto k_scan_interval = std::chrono::seconds(10);
constexpr int k_scan_share = 20;  ///< a scan may take one part in so many of the time
constexpr std::int64_t k_mib = 1 << 20;
constexpr std::int64_t k_most_entries = 500'000;
constexpr std::uint64_t k_inode_drop = 20'000;
/// Below this the host itself is in danger, whatever the sandbox's own limit.
constexpr std::uint64_t k_host_reserve = 128ULL << 20U;
constexpr std::int64_t k_negligible = 64 * k_mib;

struct Space {
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    bool has_inodes = false;
};

Space free_space() {
    struct statvfs system {};
    if (::statvfs("/app", &system) != 0) return {};
    return {std::uint64_t{system.f_bavail} * system.f_frsize, system.f_favail, system.f_files != 0};
}

std::vector<std::string> writable_roots() {
    return {"/app", "/home/user", "/tmp", "/dev/shm"};
}

/// The file where the app's output goes, if there is one; a link planted there is not followed.
void append_to_app_log(const std::string& line) {
    const std::string path(sandbox::wire::k_app_log);
    const Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    (void)!::write(file.get(), line.data(), line.size());
}

}  // namespace

Watcher::Watcher(Loop& loop, const Settings& settings, ProcessTable& processes)
    : loop_(loop), settings_(settings), processes_(processes) {}

void Watcher::wake() {
    if (ticking_) return;
    ticking_ = true;
    loop_.after(k_short_interval, [this] { tick(); });
}

void Watcher::hold() {
    held_ = true;
    if (std::exchange(stopped_, false)) ::kill(-1, SIGCONT);
}

void Watcher::release() {
    held_ = false;
    wake();
}

void Watcher::tick() {
    if (held_ || !check_memory()) {
        ticking_ = false;
        return;
    }
    check_disk();
    loop_.after(memory_high_ ? k_short_interval : k_interval, [this] { tick(); });
}

bool Watcher::check_memory() {
    MemoryUsage usage = scan_memory();
    memory_high_ = usage.bytes > settings_.memory_bytes / 2;
    if (usage.bytes > settings_.memory_bytes) {
        // Shared pages were counted for each process: only the exact figure may condemn.
        usage = scan_memory_exactly();
        if (usage.bytes > settings_.memory_bytes) {
            end_all(fmt::format("the memory limit of {} MiB was exceeded ({} MiB in use)",
                                settings_.memory_bytes / k_mib, usage.bytes / k_mib));
        }
    }
    return usage.processes > 0;
}

void Watcher::check_disk() {
    if (scanning_) return;
    const Space space = free_space();
    // The closer the limit, the smaller the step that is looked into.
    const std::int64_t left = std::max<std::int64_t>(settings_.disk_bytes - disk_.bytes, 0);
    const auto step = static_cast<std::uint64_t>(std::clamp(left / 4, 8 * k_mib, 64 * k_mib));
    const bool fell =
        space.bytes + step < free_at_scan_ || (space.has_inodes && space.inodes + k_inode_drop < inodes_at_scan_);
    if (fell || std::chrono::steady_clock::now() >= next_scan_) scan_disk();
}

void Watcher::scan_disk() {
    scanning_ = true;
    const Space space = free_space();
    free_at_scan_ = space.bytes;
    inodes_at_scan_ = space.inodes;
    scan_started_ = std::chrono::steady_clock::now();
    stored_ = 0;
    DiskScan::start(loop_, writable_roots(), [this](const DiskUsage& usage) {
        scanning_ = false;
        measured(usage);
        const auto pause =
            std::max<std::chrono::steady_clock::duration>(k_scan_interval, (*measured_ - scan_started_) * k_scan_share);
        next_scan_ = *measured_ + pause;
        judge_disk(usage);
    });
}

bool Watcher::disk_exceeded(const DiskUsage& usage) const {
    const bool host_full = free_space().bytes < k_host_reserve && usage.bytes > std::max(k_negligible, tolerated_);
    return !usage.measurable || host_full || usage.bytes > std::max(settings_.disk_bytes, tolerated_) ||
           usage.entries > std::max(k_most_entries, tolerated_entries_);
}

void Watcher::judge_disk(const DiskUsage& usage) {
    if (held_) return;
    if (!disk_exceeded(usage)) {
        if (std::exchange(stopped_, false)) ::kill(-1, SIGCONT);
        if (usage.bytes <= settings_.disk_bytes && usage.entries <= k_most_entries) tolerated_ = tolerated_entries_ = 0;
        return;
    }
    if (!stopped_) {
        // Nothing grows while it is measured again: a tree in motion can look larger than it is.
        stopped_ = true;
        ::kill(-1, SIGSTOP);
        scan_disk();
        return;
    }
    stopped_ = false;
    tolerated_ = usage.bytes + k_negligible;
    tolerated_entries_ = usage.entries + k_most_entries / 10;
    std::string reason = "files are nested too deeply";
    if (usage.bytes > settings_.disk_bytes) {
        reason = fmt::format("the disk limit of {} MiB was exceeded ({} MiB in use)", settings_.disk_bytes / k_mib,
                             usage.bytes / k_mib);
    } else if (usage.entries > k_most_entries) {
        reason = fmt::format("the limit of {} files was exceeded", k_most_entries);
    } else if (usage.measurable) {
        reason = "the disk of this machine is nearly full";
    }
    end_all(reason);
}

void Watcher::end_all(const std::string& reason) {
    const std::string line = "spawnai: " + reason + "; the processes of the sandbox were ended\n";
    processes_.notice(line);
    ::kill(-1, SIGKILL);
    append_to_app_log(line);
    // A full pipe or a dead engine is no reason to wait.
    (void)!::write(STDOUT_FILENO, line.data(), line.size());
}

bool Watcher::take_disk(std::int64_t bytes) {
    constexpr std::int64_t k_step = 32 * k_mib;
    stored_ += bytes;
    // Files that replace others are counted twice until the next look.
    if (stored_ > k_step && !scanning_) scan_disk();
    return disk_.bytes + stored_ <= settings_.disk_bytes;
}

void Watcher::measured(const DiskUsage& usage) {
    measured_ = std::chrono::steady_clock::now();
    disk_ = usage;
}

void Watcher::measure_disk(std::function<void(const DiskUsage&)> done) {
    constexpr auto k_fresh = std::chrono::seconds(2);
    if (measured_ && std::chrono::steady_clock::now() - *measured_ < k_fresh) {
        done(disk_);
        return;
    }
    DiskScan::start(loop_, writable_roots(), [this, done = std::move(done)](const DiskUsage& usage) {
        measured(usage);
        done(usage);
    });
}

}  // namespace spawnai::engine::agent
