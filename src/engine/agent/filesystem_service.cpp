#include "engine/agent/filesystem_service.hpp"

#include "engine/agent/entry_info.hpp"
#include "engine/agent/file_access.hpp"
#include "engine/agent/tool.hpp"
#include "engine/agent/user.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_most_entries = 100'000;
constexpr std::size_t k_most_watchers = 128;
constexpr std::size_t k_most_events = 10'000;

std::string path_field(const Json& request, std::string_view name) {
    const std::string given = string_field(request, name);
    const auto path = resolve_path(given);
    if (!path) throw RpcError("invalid_argument", "malformed path '" + given + "'");
    return *path;
}

[[noreturn]] void fail(const std::string& what, int code) {
    const std::string message = what + ": " + std::strerror(code);
    switch (code) {
        case ENOENT:
            throw RpcError("not_found", message);
        case ENOSPC:
        case EDQUOT:
            throw RpcError("resource_exhausted", message);
        case EACCES:
        case EPERM:
        case EROFS:
            throw RpcError("permission_denied", message);
        case ENOTDIR:
        case ENAMETOOLONG:
        case EINVAL:
            throw RpcError("invalid_argument", message);
        case ELOOP:
            throw RpcError("failed_precondition", message);
        default:
            throw RpcError("internal", message);
    }
}

Json entry_answer(const std::string& path) {
    auto entry = entry_info(path);
    if (!entry) {
        const int code = errno;
        if (code == ENOENT || code == ENOTDIR) throw RpcError("not_found", "file not found: " + path);
        fail("cannot look at " + path, code);
    }
    return {{"entry", std::move(*entry)}};
}

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// Lists a tree in lexical order, depth first, a slice at a time so that pid 1 stays responsive.
class Lister : public std::enable_shared_from_this<Lister> {
 public:
    Lister(Loop& loop, std::string root, std::int64_t depth, UnaryReply reply)
        : loop_(loop), depth_(depth), reply_(std::move(reply)) {
        open(std::move(root));
    }

    void run() {
        constexpr int k_slice = 512;
        for (int count = 0; count < k_slice; ++count) {
            if (levels_.empty()) {
                Json answer = Json::object();
                if (!entries_.empty()) answer["entries"] = std::move(entries_);
                reply_.ok(answer);
                return;
            }
            if (!step()) return;
        }
        if (!reply_.wanted()) return;
        loop_.later([self = shared_from_this()] { self->run(); });
    }

 private:
    struct Level {
        std::string path;
        std::vector<std::string> names;  ///< in reverse order, taken from the end
    };

    bool step() {
        Level& level = levels_.back();
        if (level.names.empty()) {
            levels_.pop_back();
            return true;
        }
        const std::string path = (level.path == "/" ? "" : level.path) + "/" + level.names.back();
        level.names.pop_back();
        auto entry = entry_info(path);
        if (!entry) return true;  // gone meanwhile
        // The permissions are the entry's own: a link to a directory is not entered.
        const bool is_directory = entry->value("permissions", "-").front() == 'd';
        entries_.push_back(std::move(*entry));
        if (entries_.size() > k_most_entries) {
            reply_.fail(RpcError("resource_exhausted", "more than " + std::to_string(k_most_entries) + " entries"));
            return false;
        }
        if (is_directory && static_cast<std::int64_t>(levels_.size()) < depth_) open(path);
        return true;
    }

    void open(std::string path) {
        Level level{std::move(path), {}};
        const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(level.path.c_str()));
        while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
            std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            level.names.push_back(std::move(name));
            if (level.names.size() > k_most_entries) break;
        }
        std::sort(level.names.begin(), level.names.end(), std::greater<>());
        levels_.push_back(std::move(level));
    }

    Loop& loop_;
    std::int64_t depth_;
    UnaryReply reply_;
    std::vector<Level> levels_;
    Json entries_ = Json::array();
};

class WatchCall : public StreamCall {
 public:
    using StreamCall::StreamCall;

 protected:
    void message(const Json& request) override {
        if (watch_) return;
        watch_ = std::make_unique<DirWatch>(loop(), path_field(request, "path"), bool_field(request, "recursive"),
                                            bool_field(request, "include_entry"),
                                            [this](Json event) { on_event(std::move(event)); });
        send({{"start", Json::object()}});
    }
    void messages_complete() override {
        if (!watch_) throw RpcError("invalid_argument", "the request holds no message");
    }
    [[nodiscard]] Json keepalive() const override { return {{"keepalive", Json::object()}}; }

 private:
    void on_event(Json event) {
        constexpr std::size_t k_most_backlog = 16U << 20U;
        if (reply().backlog() > k_most_backlog) {
            const RpcError error("resource_exhausted", "the events are not read");
            end(&error);
            return;
        }
        send({{"filesystem", std::move(event)}});
    }

    std::unique_ptr<DirWatch> watch_;
};

std::string random_id() {
    std::uint64_t value = 0;
    if (::getrandom(&value, sizeof(value), 0) != sizeof(value)) throw RpcError("internal", "no random numbers");
    return fmt::format("w{:016x}", value);
}

}  // namespace

void FilesystemService::stat(const Json& request, const UnaryReply& reply) {
    reply.ok(entry_answer(path_field(request, "path")));
}

void FilesystemService::make_dir(const Json& request, const UnaryReply& reply) {
    const std::string path = path_field(request, "path");
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) throw RpcError("already_exists", "directory already exists: " + path);
        throw RpcError("invalid_argument", "path already exists but it is not a directory: " + path);
    }
    if (const int code = make_directories(path); code != 0) fail("cannot make directory " + path, code);
    reply.ok(entry_answer(path));
}

void FilesystemService::move(const Json& request, const UnaryReply& reply) {
    const std::string source = path_field(request, "source");
    const std::string destination = path_field(request, "destination");
    struct stat status {};
    if (::lstat(source.c_str(), &status) != 0) throw RpcError("not_found", "source file not found: " + source);
    const std::size_t slash = destination.rfind('/');
    if (slash > 0) {
        const std::string parent = destination.substr(0, slash);
        if (const int code = make_directories(parent); code != 0) fail("cannot make directory " + parent, code);
    }
    if (::rename(source.c_str(), destination.c_str()) == 0) {
        reply.ok(entry_answer(destination));
        return;
    }
    if (errno != EXDEV) {
        const int code = errno;
        // A directory in the way is not the caller's malformed input.
        if (code == ENOTDIR || code == EINVAL) {
            throw RpcError("internal", "cannot move " + source + ": " + std::strerror(code));
        }
        fail("cannot move " + source, code);
    }
    // /app, /tmp and the home directory are mounts of their own: between them a move is a copy.
    run_tool(processes_, {"mv", "-f", "-T", "--", source, destination},
             [reply, destination](int exit_code, const std::string& errors) {
                 try {
                     if (exit_code != 0) throw RpcError("internal", errors.empty() ? "mv failed" : errors);
                     reply.ok(entry_answer(destination));
                 } catch (const RpcError& error) {
                     reply.fail(error);
                 }
             });
}

void FilesystemService::list_dir(const Json& request, const UnaryReply& reply) {
    const std::string path = path_field(request, "path");
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        const int code = errno;
        if (code == ENOENT || code == ENOTDIR) throw RpcError("not_found", "directory not found: " + path);
        fail("cannot list " + path, code);
    }
    if (!S_ISDIR(status.st_mode)) throw RpcError("invalid_argument", "path is not a directory: " + path);
    if (::access(path.c_str(), R_OK) != 0) fail("cannot list " + path, errno);
    const std::int64_t depth = std::max<std::int64_t>(integer_field(request, "depth"), 1);
    std::make_shared<Lister>(loop_, path, depth, reply)->run();
}

void FilesystemService::remove(const Json& request, const UnaryReply& reply) {
    const std::string path = path_field(request, "path");
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR) fail("cannot remove " + path, errno);
        reply.ok(Json::object());
        return;
    }
    if ((S_ISDIR(status.st_mode) ? ::rmdir(path.c_str()) : ::unlink(path.c_str())) == 0) {
        reply.ok(Json::object());
        return;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) fail("cannot remove " + path, errno);
    run_tool(processes_, {"rm", "-rf", "--", path}, [reply](int exit_code, const std::string& errors) {
        if (exit_code == 0) {
            reply.ok(Json::object());
        } else {
            reply.fail(RpcError("internal", errors.empty() ? "rm failed" : errors));
        }
    });
}

void FilesystemService::create_watcher(const Json& request, const UnaryReply& reply) {
    if (watchers_.size() >= k_most_watchers) throw RpcError("resource_exhausted", "too many watchers");
    const std::string id = random_id();
    auto watch = std::make_unique<DirWatch>(loop_, path_field(request, "path"), bool_field(request, "recursive"),
                                            bool_field(request, "include_entry"), [this, id](Json event) {
                                                std::deque<Json>& events = watchers_.at(id).events;
                                                events.push_back(std::move(event));
                                                if (events.size() > k_most_events) events.pop_front();
                                            });
    watchers_[id].watch = std::move(watch);
    reply.ok({{"watcherId", id}});
}

FilesystemService::Polled& FilesystemService::find_watcher(const std::string& id) {
    const auto found = watchers_.find(id);
    if (found == watchers_.end()) throw RpcError("not_found", "watcher with id " + id + " not found");
    return found->second;
}

void FilesystemService::get_watcher_events(const Json& request, const UnaryReply& reply) {
    std::deque<Json> events = std::exchange(find_watcher(string_field(request, "watcher_id")).events, {});
    Json answer = Json::object();
    if (!events.empty()) answer["events"] = std::move(events);
    reply.ok(answer);
}

void FilesystemService::remove_watcher(const Json& request, const UnaryReply& reply) {
    const std::string id = string_field(request, "watcher_id");
    find_watcher(id);
    watchers_.erase(id);
    reply.ok(Json::object());
}

std::shared_ptr<Exchange> FilesystemService::call(std::string_view method, const RequestHead& head, Reply& reply) {
    struct Method {
        std::string_view name;
        void (FilesystemService::*handler)(const Json&, const UnaryReply&);
    };
    static constexpr std::array<Method, 8> k_methods{{{"Stat", &FilesystemService::stat},
                                                      {"MakeDir", &FilesystemService::make_dir},
                                                      {"Move", &FilesystemService::move},
                                                      {"ListDir", &FilesystemService::list_dir},
                                                      {"Remove", &FilesystemService::remove},
                                                      {"CreateWatcher", &FilesystemService::create_watcher},
                                                      {"GetWatcherEvents", &FilesystemService::get_watcher_events},
                                                      {"RemoveWatcher", &FilesystemService::remove_watcher}}};
    for (const Method& each : k_methods) {
        if (each.name != method) continue;
        return unary_call(head, reply, [this, handler = each.handler](const Json& request, const UnaryReply& answer) {
            (this->*handler)(request, answer);
        });
    }
    if (method == "WatchDir") {
        if (!is_stream_request(head, reply)) return nullptr;
        return std::make_shared<WatchCall>(loop_, head, reply);
    }
    send_error(reply, 404, "no such method");
    return nullptr;
}

}  // namespace spawnai::engine::agent
