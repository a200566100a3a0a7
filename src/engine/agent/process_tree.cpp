#include "engine/agent/process_tree.hpp"

#include "engine/agent/proc_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

namespace spawnai::engine::agent {
namespace {

bool runs(char state) {
    return state == 'R' || state == 'S';
}
bool dead(char state) {
    return state == 'Z' || state == 'X' || state == 'x';
}
bool held(char state) {
    return state == 'T' || state == 't';
}

/// The threads say more than the process: its first one may have ended while others go on.
void look_at_threads(const std::string& path, ProcessState& process, bool& alive) {
    process.stopped = true;
    for (const std::string& thread : numbers_in(path + "/task")) {
        const auto line = parse_stat(read_proc(path + "/task/" + thread + "/stat"));
        if (!line || dead(line->state)) continue;
        alive = true;
        process.running = process.running || runs(line->state);
        process.stopped = process.stopped && held(line->state);
    }
}

}  // namespace

std::optional<StatLine> parse_stat(std::string_view text) {
    // The name of the program may hold anything, blanks and brackets too.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos || name_end + 3 > text.size()) return std::nullopt;
    std::string rest(text.substr(name_end + 2));
    StatLine line;
    line.state = rest.front();
    char* at = rest.data() + 1;
    line.parent = static_cast<pid_t>(std::strtol(at, &at, 10));
    constexpr int k_fields_between = 17;  // of the fields 5 to 21, start time is 22
    for (int field = 0; field < k_fields_between; ++field) (void)std::strtoll(at, &at, 10);
    line.started = std::strtoull(at, &at, 10);
    return line;
}

std::vector<ProcessState> scan_processes() {
    std::vector<ProcessState> processes;
    for (const std::string& number : numbers_in("/proc")) {
        if (number == "1") continue;
        const std::string path = "/proc/" + number;
        const auto line = parse_stat(read_proc(path + "/stat"));
        if (!line) continue;
        ProcessState process;
        process.pid = static_cast<pid_t>(std::strtol(number.c_str(), nullptr, 10));
        process.parent = line->parent;
        process.started = line->started;
        bool alive = false;
        look_at_threads(path, process, alive);
        if (alive) processes.push_back(process);
    }
    return processes;
}

std::vector<ProcessState> next_to_stop(const std::vector<ProcessState>& processes, const std::set<ProcessName>& told) {
    std::map<pid_t, bool> settled;
    for (const ProcessState& process : processes)
        settled[process.pid] = told.count(process.name()) > 0 && !process.running;
    std::vector<ProcessState> next;
    for (const ProcessState& process : processes) {
        const auto parent = settled.find(process.parent);
        if (parent != settled.end() && !parent->second) continue;
        if (!settled[process.pid]) next.push_back(process);
    }
    return next;
}

bool all_stopped(const std::vector<ProcessState>& processes, const std::set<ProcessName>& told) {
    return std::all_of(processes.begin(), processes.end(),
                       [&](const ProcessState& process) { return told.count(process.name()) > 0 && !process.running; });
}

std::vector<ProcessState> in_order_of_waking(std::vector<ProcessState> processes) {
    std::sort(processes.begin(), processes.end(), [](const ProcessState& left, const ProcessState& right) {
        return std::pair(left.started, left.pid) > std::pair(right.started, right.pid);
    });
    return processes;
}

}  // namespace spawnai::engine::agent
