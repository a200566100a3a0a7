#include "engine/agent/memory_usage.hpp"

#include "engine/agent/proc_files.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace spawnai::engine::agent {
namespace {

/// Calls `visit` with "/proc/<pid>" of every process but pid 1.
template <typename Visit>
void each_process(Visit visit) {
    for (const std::string& number : numbers_in("/proc"))
        if (number != "1") visit("/proc/" + number);
}

/// The number at the start of `text`, which is moved behind it.
std::int64_t take_number(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    std::int64_t value = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    return value;
}

void skip_words(std::string_view& text, int count) {
    for (; count > 0; --count) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        text.remove_prefix(std::min(text.find(' '), text.size()));
    }
}

std::int64_t resident_bytes(const std::string& process) {
    const std::string text = read_proc(process + "/statm");
    std::string_view rest = text;
    take_number(rest);
    return take_number(rest) * ::sysconf(_SC_PAGESIZE);
}

MemoryUsage scan(std::int64_t (*measure)(const std::string&)) {
    MemoryUsage usage;
    each_process([&](const std::string& process) {
        usage.bytes += measure(process);
        ++usage.processes;
    });
    usage.bytes += parse_detached_segments(read_proc("/proc/sysvipc/shm"));
    return usage;
}

}  // namespace

std::int64_t parse_smaps_rollup(std::string_view text) {
    std::int64_t bytes = 0;
    bool found = false;
    for (const std::string_view field : {"\nPss_Anon:", "\nPss_Shmem:", "\nSwapPss:"}) {
        const std::size_t position = text.find(field);
        if (position == std::string_view::npos) continue;
        std::string_view rest = text.substr(position + field.size());
        bytes += take_number(rest) * 1024;
        found = true;
    }
    return found ? bytes : -1;
}

std::int64_t parse_detached_segments(std::string_view text) {
    std::int64_t bytes = 0;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
    while (text.size() > 1) {
        text.remove_prefix(1);
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.find('\n'), text.size()));
        // key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap
        skip_words(line, 6);
        const std::int64_t attached = take_number(line);
        skip_words(line, 7);
        const std::int64_t resident = take_number(line);
        if (attached == 0) bytes += resident;
    }
    return bytes;
}

MemoryUsage scan_memory() {
    return scan(resident_bytes);
}

MemoryUsage scan_memory_exactly() {
    return scan([](const std::string& process) {
        const std::int64_t bytes = parse_smaps_rollup(read_proc(process + "/smaps_rollup"));
        // A process that made itself unreadable is counted in full.
        return bytes >= 0 ? bytes : resident_bytes(process);
    });
}

double scan_cpu_seconds() {
    rusage reaped{};
    ::getrusage(RUSAGE_CHILDREN, &reaped);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    double total = seconds(reaped.ru_utime) + seconds(reaped.ru_stime);
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    each_process([&](const std::string& process) {
        const std::string text = read_proc(process + "/stat");
        const std::size_t name_end = text.rfind(')');
        if (name_end == std::string::npos) return;
        std::string_view rest = std::string_view(text).substr(name_end + 1);
        skip_words(rest, 11);
        const std::int64_t user = take_number(rest);
        total += static_cast<double>(user + take_number(rest)) / ticks;
    });
    return total;
}

}  // namespace spawnai::engine::agent
