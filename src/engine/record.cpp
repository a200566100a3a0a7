#include "engine/record.hpp"

#include "engine/launcher.hpp"

#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

namespace spawnai::engine {
namespace {

constexpr std::size_t k_largest_record = 4U << 20U;

std::int64_t milliseconds(WallTime time) {
    return time.time_since_epoch().count();
}

WallTime wall_time(std::int64_t milliseconds) {
    return WallTime(std::chrono::milliseconds(milliseconds));
}

}  // namespace

void save_record(const std::filesystem::path& sandbox_dir, const SandboxRecord& record) {
    const Json json{{"id", record.id},
                    {"template", record.template_id},
                    {"metadata", record.metadata},
                    {"created", milliseconds(record.created)},
                    {"deadline", milliseconds(record.deadline)},
                    {"internet", record.internet},
                    {"autoPause", record.auto_pause},
                    {"autoResume", record.auto_resume},
                    {"paused", record.paused},
                    {"accessToken", record.access_token},
                    {"trafficToken", record.traffic_token},
                    {"socket", record.socket.string()},
                    {"pid", record.pid},
                    {"startTime", record.start_time},
                    {"bootId", record.boot_id},
                    {"pidNamespace", record.pid_namespace}};
    write_file_atomic(sandbox_dir / "state.json", dump_json(json), 0600);
}

std::optional<SandboxRecord> load_record(const std::filesystem::path& sandbox_dir) {
    try {
        const auto text = read_file_if_exists(sandbox_dir / "state.json", k_largest_record);
        if (!text) return std::nullopt;
        const Json json = parse_json(*text, "state.json", ErrorKind::internal);
        const JsonReader reader(json, "state.json", ErrorKind::internal);
        SandboxRecord record;
        record.id = reader.string("id");
        record.template_id = reader.string("template");
        for (const auto& [key, value] : reader.at("metadata").raw().items())
            record.metadata[key] = value.get<std::string>();
        record.created = wall_time(reader.integer("created"));
        record.deadline = wall_time(reader.integer("deadline"));
        record.internet = reader.boolean("internet");
        record.auto_pause = json.value("autoPause", false);
        record.auto_resume = json.value("autoResume", false);
        record.paused = json.value("paused", false);
        record.access_token = reader.string("accessToken");
        record.traffic_token = reader.string("trafficToken");
        record.socket = reader.string("socket");
        record.pid = static_cast<pid_t>(reader.integer("pid"));
        record.start_time = reader.raw().at("startTime").get<std::uint64_t>();
        record.boot_id = reader.string("bootId");
        record.pid_namespace = reader.raw().at("pidNamespace").get<std::uint64_t>();
        if (record.id != sandbox_dir.filename()) return std::nullopt;
        return record;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

std::string current_boot_id() {
    return std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 128)));
}

bool is_same_process(const SandboxRecord& record, int pidfd) {
    try {
        if (record.pid <= 1 || record.boot_id != current_boot_id()) return false;
        if (record.start_time == 0 || process_start_time(record.pid) != record.start_time) return false;
        struct stat status {};
        if (::stat(fmt::format("/proc/{}/ns/pid", record.pid).c_str(), &status) != 0) return false;
        if (status.st_ino != record.pid_namespace) return false;
    } catch (const Error&) {
        return false;
    }
    // What was read from /proc belongs to the process of the pidfd only if that one has not ended meanwhile.
    pollfd ended{pidfd, POLLIN, 0};
    return ::poll(&ended, 1, 0) == 0;
}

}  // namespace spawnai::engine
