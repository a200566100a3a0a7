#include "engine/agent/proc_files.hpp"

#include <spawnai/core/fd.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace spawnai::engine::agent {
namespace {

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

std::string read_proc(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 16384> buffer;
    const ssize_t size = file ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

std::vector<std::string> numbers_in(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        std::string name = entry->d_name;
        if (name.front() >= '1' && name.front() <= '9') names.push_back(std::move(name));
    }
    return names;
}

}  // namespace spawnai::engine::agent
