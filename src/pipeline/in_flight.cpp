#include "in_flight.hpp"

#include <sys/stat.h>

#include <utility>

namespace spawnai::pipeline {
namespace {

// A file that its holder removed meanwhile is locked in vain: the next one makes a new file of that name.
bool still_there(const std::filesystem::path& file, const FileLock& lock) {
    struct stat named {};
    struct stat held {};
    return ::stat(file.c_str(), &named) == 0 && ::fstat(lock.fd(), &held) == 0 && named.st_ino == held.st_ino &&
           named.st_dev == held.st_dev;
}

}  // namespace

std::optional<InFlight> InFlight::try_acquire(const std::filesystem::path& run_dir, const std::string& request_key) {
    make_private_directories(run_dir);
    std::filesystem::path file = run_dir / ("request-" + request_key + ".lock");
    while (true) {
        std::optional<FileLock> lock = FileLock::try_acquire(file);
        if (!lock) return std::nullopt;
        if (still_there(file, *lock)) return InFlight(std::move(file), std::move(*lock));
    }
}

InFlight::~InFlight() {
    if (file_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

}  // namespace spawnai::pipeline
