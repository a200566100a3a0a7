#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

namespace spawnai::pipeline {

std::vector<std::string> export_app(const store::Store& store, const SessionId& id, int version,
                                    const std::filesystem::path& directory) {
    const store::Session session = store.get(id);
    const int wanted = version > 0 ? version : session.app_version;
    if (wanted == 0)
        throw Error(ErrorKind::not_found, fmt::format("{} has no app: it was never written", session.name),
                    "spawn it anew with its prompt");
    const store::StoredApp stored = store.app(id, wanted);

    std::error_code failure;
    const auto status = std::filesystem::status(directory, failure);
    if (std::filesystem::exists(status)) {
        if (!std::filesystem::is_directory(status))
            throw Error(ErrorKind::usage, fmt::format("{} is not a directory", directory.string()), "name another one");
        if (!std::filesystem::is_empty(directory, failure) || failure)
            throw Error(ErrorKind::usage,
                        fmt::format("{} is not empty, and nothing in it is overwritten", directory.string()),
                        "name another directory");
    }
    std::vector<std::string> written;
    const auto write = [&](const GeneratedFile& file) {
        // Checked when it came in; the file on disk is not to depend on that.
        if (const std::string problem = check_relative_path(file.path); !problem.empty())
            throw Error(ErrorKind::refused, fmt::format("'{}' is not written: {}", one_line(file.path, 80), problem));
        const std::filesystem::path target = directory / file.path;
        std::filesystem::create_directories(target.parent_path(), failure);
        if (failure)
            throw Error(ErrorKind::usage,
                        fmt::format("cannot make {}: {}", target.parent_path().string(), failure.message()),
                        "name another directory");
        write_file_atomic(target, file.content, file.executable ? 0755 : 0644);
        written.push_back(file.path);
    };
    for (const GeneratedFile& file : stored.app.files) write(file);
    for (const GeneratedFile& file : stored.data_files) write(file);
    return written;
}

}  // namespace spawnai::pipeline
