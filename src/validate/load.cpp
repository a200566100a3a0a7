#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/validate/load.hpp>

namespace spawnai::validate {

namespace {

constexpr std::size_t k_largest_file = 16U << 20U;

}  // namespace

GeneratedApp load_app_from(const std::filesystem::path& path, AppType type) {
    GeneratedApp app;
    app.type = type;
    if (!std::filesystem::is_directory(path)) {
        app.entry = path.filename().string();
        app.files.push_back({app.entry, read_file(path, k_largest_file)});
        return app;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
        if (entry.is_regular_file() && !entry.is_symlink())
            app.files.push_back(
                {std::filesystem::relative(entry.path(), path).string(), read_file(entry.path(), k_largest_file)});
    for (const char* candidate : {"index.html", "server.js", "server.py", "main.js", "main.py"})
        if (app.entry.empty() && app.find(candidate) != nullptr) app.entry = candidate;
    if (app.entry.empty())
        throw Error(ErrorKind::usage, "no main file was found in " + path.string(),
                    "it should hold index.html, server.js or server.py");
    return app;
}

}  // namespace spawnai::validate
