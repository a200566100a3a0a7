#include "engine/agent/files_route.hpp"

#include "engine/agent/encoding.hpp"
#include "engine/agent/entry_info.hpp"
#include "engine/agent/file_access.hpp"
#include "engine/agent/multipart.hpp"
#include "engine/agent/rpc.hpp"
#include "engine/agent/user.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_piece = 64U << 10U;

std::string query_value(const RequestHead& head, const char* name) {
    const auto found = head.query.find(name);
    return found == head.query.end() ? std::string() : found->second;
}

/// Answers 401 for a user that does not exist.
bool user_is_known(const RequestHead& head, Reply& reply) {
    const std::string name = query_value(head, "username");
    if (is_known_user(name)) return true;
    send_error(reply, 401, "error looking up user '" + name + "': user: unknown user " + name);
    return false;
}

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

const char* media_type(const std::string& path) {
    struct Entry {
        std::string_view extension;
        const char* type;
    };
    static constexpr std::array<Entry, 18> k_types{{{"css", "text/css; charset=utf-8"},
                                                    {"csv", "text/csv; charset=utf-8"},
                                                    {"gif", "image/gif"},
                                                    {"htm", "text/html; charset=utf-8"},
                                                    {"html", "text/html; charset=utf-8"},
                                                    {"jpeg", "image/jpeg"},
                                                    {"jpg", "image/jpeg"},
                                                    {"js", "text/javascript; charset=utf-8"},
                                                    {"json", "application/json"},
                                                    {"log", "text/plain; charset=utf-8"},
                                                    {"md", "text/markdown; charset=utf-8"},
                                                    {"mjs", "text/javascript; charset=utf-8"},
                                                    {"pdf", "application/pdf"},
                                                    {"png", "image/png"},
                                                    {"svg", "image/svg+xml"},
                                                    {"txt", "text/plain; charset=utf-8"},
                                                    {"wasm", "application/wasm"},
                                                    {"xml", "text/xml; charset=utf-8"}}};
    const std::string name = base_name(path);
    const std::size_t dot = name.rfind('.');
    if (dot != std::string::npos) {
        for (const Entry& entry : k_types) {
            if (name.compare(dot + 1, std::string::npos, entry.extension) == 0) return entry.type;
        }
    }
    return "application/octet-stream";
}

std::string disposition(const std::string& path) {
    std::string result = "inline; filename=\"";
    for (const char c : base_name(path)) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

class Download : public Exchange {
 public:
    Download(Reply& reply, Fd file, std::uint64_t left, bool sized)
        : reply_(reply), file_(std::move(file)), left_(left), sized_(sized) {}
    void body(std::string_view /*bytes*/) override {}
    void body_complete() override { pump(); }
    void drained() override { pump(); }

 private:
    void pump() {
        std::array<char, k_piece> buffer;
        while (reply_.backlog() < Reply::k_congestion) {
            const std::size_t wanted =
                sized_ ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, k_piece)) : k_piece;
            const ssize_t size = wanted == 0 ? 0 : ::read(file_.get(), buffer.data(), wanted);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0 || (size == 0 && sized_ && left_ > 0)) {
                // Less than what was promised: the file shrank meanwhile.
                reply_.abort();
                return;
            }
            if (size == 0) {
                reply_.finish();
                return;
            }
            left_ -= sized_ ? static_cast<std::uint64_t>(size) : 0;
            reply_.write({buffer.data(), static_cast<std::size_t>(size)});
        }
    }

    Reply& reply_;
    Fd file_;
    std::uint64_t left_;
    bool sized_;
};

void answer_open_failure(Reply& reply, const std::string& path, int code) {
    const std::string quoted = "path '" + path + "'";
    switch (code) {
        case ENOENT:
        case ENOTDIR:
            send_error(reply, 404, quoted + " does not exist");
            break;
        case EISDIR:
            send_error(reply, 400, quoted + " is a directory");
            break;
        case EINVAL:
        case ENXIO:
            send_error(reply, 400, quoted + " is not a regular file");
            break;
        case ENAMETOOLONG:
        case ELOOP:
            send_error(reply, 400, quoted + ": " + std::strerror(code));
            break;
        case ENOSPC:
        case EDQUOT:
            send_error(reply, 507, "not enough disk space available");
            break;
        default:
            send_error(reply, 500, "error opening file '" + path + "': " + std::strerror(code));
            break;
    }
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// X-Metadata-Key: value. `error` is set when they cannot be stored.
Metadata metadata_headers(const RequestHead& head, std::string& error) {
    constexpr std::string_view k_prefix = "x-metadata-";
    constexpr std::size_t k_attribute_prefix = 9;  // "user.e2b."
    constexpr std::size_t k_longest_key = 246;
    constexpr std::size_t k_room = 4096;
    Metadata metadata;
    std::size_t total = 0;
    for (const auto& [name, value] : head.headers) {
        if (name.rfind(k_prefix, 0) != 0) continue;
        const std::string key = name.substr(k_prefix.size());
        if (key.empty() || key.size() > k_longest_key || !is_printable(key) || !is_printable(value)) {
            error = "malformed metadata '" + key + "'";
            return {};
        }
        if (metadata.emplace(key, value).second) total += k_attribute_prefix + key.size() + value.size();
    }
    if (total > k_room) error = "the metadata is larger than 4096 bytes";
    return metadata;
}

class Upload : public Exchange, public MultipartParser::Sink {
 public:
    Upload(Reply& reply, std::optional<std::string> path, Metadata metadata, TakeDisk take_disk)
        : reply_(reply), path_(std::move(path)), metadata_(std::move(metadata)), take_disk_(std::move(take_disk)) {}

    /// The body is a form with this boundary; otherwise it is the file itself.
    void expect_form(const std::string& boundary) { parser_.emplace(boundary, *this); }

    void body(std::string_view bytes) override {
        if (reply_.begun()) return;
        if (!parser_) {
            if (!file_) open(*path_);
            store(bytes);
            return;
        }
        parser_->feed(bytes);
        if (parser_->failed() && !reply_.begun()) send_error(reply_, 400, "malformed multipart body");
    }

    void body_complete() override {
        if (!parser_ && !reply_.begun() && !file_) open(*path_);
        if (reply_.begun()) return;
        if (parser_ && !parser_->complete()) {
            send_error(reply_, 400, "the multipart body was cut");
            return;
        }
        file_.reset();
        send_json(reply_, 200, to_text(entries_));
    }

    void part_begin(const std::string& name, const std::string& filename, bool has_filename) override {
        file_.reset();
        if (reply_.begun() || name != "file" || (!has_filename && !path_)) return;
        if (path_ && !entries_.empty()) {
            send_error(reply_, 400, "a path goes with one file only");
            return;
        }
        const auto target = path_ ? path_ : resolve_path(filename);
        if (!target || (!path_ && filename.empty())) {
            send_error(reply_, 400, "malformed path '" + filename + "'");
            return;
        }
        open(*target);
    }
    void part_data(std::string_view bytes) override { store(bytes); }
    void part_end() override { file_.reset(); }

 private:
    void open(const std::string& path) {
        if (!seen_.insert(path).second) {
            send_error(reply_, 400, "path '" + path + "' is given twice");
            return;
        }
        try {
            file_ = open_for_writing(path);
        } catch (const FileFailure& failure) {
            // Here a missing parent cannot be: a file stands where a directory is needed.
            if (failure.code() == ENOTDIR) {
                send_error(reply_, 400, "a part of path '" + path + "' is not a directory");
            } else {
                answer_open_failure(reply_, path, failure.code());
            }
            return;
        }
        current_ = path;
        if (const int code = write_metadata(file_.get(), metadata_); code != 0) {
            file_.reset();
            send_error(reply_, 500, "error storing the metadata of '" + path + "': " + std::strerror(code));
            return;
        }
        entries_.push_back({{"name", base_name(path)}, {"path", path}, {"type", "file"}});
        if (!metadata_.empty()) entries_.back()["metadata"] = metadata_;
    }

    void store(std::string_view bytes) {
        if (!file_ || reply_.begun()) return;
        if (!take_disk_(static_cast<std::int64_t>(bytes.size()))) {
            refuse(ENOSPC);
            return;
        }
        while (!bytes.empty()) {
            const ssize_t size = ::write(file_.get(), bytes.data(), bytes.size());
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) {
                refuse(errno);
                return;
            }
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }

    void refuse(int code) {
        // What was stored of it would only keep the disk full.
        if (code == ENOSPC || code == EDQUOT) (void)!::ftruncate(file_.get(), 0);
        file_.reset();
        answer_open_failure(reply_, current_, code);
    }

    Reply& reply_;
    std::optional<std::string> path_;
    Metadata metadata_;
    TakeDisk take_disk_;
    std::optional<MultipartParser> parser_;
    Fd file_;
    std::string current_;
    std::set<std::string> seen_;
    Json entries_ = Json::array();
};

/// The reply to an exchange that may be gone.
struct UnaryTarget {
    std::weak_ptr<Exchange> exchange;
    Reply* reply;
};

/// Appends source after source to the destination, a slice at a time, then removes the sources.
class Composition : public std::enable_shared_from_this<Composition> {
 public:
    /// @throws RpcError when the request is malformed
    Composition(Loop& loop, UnaryTarget target, const Json& request) : loop_(loop), target_(std::move(target)) {
        const std::string user = string_field(request, "username");
        if (!is_known_user(user))
            throw RpcError("unauthenticated", "error looking up user '" + user + "': unknown user");
        const Json* sources = find_field(request, "source_paths");
        if (sources == nullptr || !sources->is_array() || sources->empty()) {
            throw RpcError("invalid_argument", "source_paths is missing");
        }
        destination_ = path_of(string_field(request, "destination"));
        for (const Json& source : *sources) {
            if (!source.is_string()) throw RpcError("invalid_argument", "a source path is not a string");
            sources_.push_back(path_of(source.get<std::string>()));
            if (sources_.back() == destination_) {
                throw RpcError("invalid_argument", "the destination is one of the sources");
            }
        }
    }

    void run() {
        if (target_.exchange.expired()) return;
        constexpr std::size_t k_slice = 4U << 20U;
        try {
            if (!output_) open_all();
            while (next_ < inputs_.size()) {
                const ssize_t size =
                    ::copy_file_range(inputs_[next_].get(), nullptr, output_.get(), nullptr, k_slice, 0);
                if (size < 0) throw FileFailure(errno);
                if (size == 0) {
                    ++next_;
                    continue;
                }
                loop_.later([self = shared_from_this()] { self->run(); });
                return;
            }
        } catch (const FileFailure& failure) {
            if (const auto exchange = target_.exchange.lock())
                answer_open_failure(*target_.reply, current_, failure.code());
            return;
        }
        for (const std::string& source : sources_) ::unlink(source.c_str());
        const Json entry = {{"name", base_name(destination_)}, {"path", destination_}, {"type", "file"}};
        if (const auto exchange = target_.exchange.lock()) send_json(*target_.reply, 200, to_text(entry));
    }

 private:
    static std::string path_of(const std::string& given) {
        const auto path = resolve_path(given);
        if (!path || given.empty()) throw RpcError("invalid_argument", "malformed path '" + given + "'");
        return *path;
    }

    /// All sources first: nothing is written when one of them is missing.
    void open_all() {
        for (const std::string& source : sources_) {
            current_ = source;
            struct stat status {};
            inputs_.push_back(open_for_reading(source, status));
        }
        current_ = destination_;
        output_ = open_for_writing(destination_);
    }

    Loop& loop_;
    UnaryTarget target_;
    std::string destination_;
    std::vector<std::string> sources_;
    std::string current_;
    std::vector<Fd> inputs_;
    Fd output_;
    std::size_t next_ = 0;
};

}  // namespace

std::shared_ptr<Exchange> download(const RequestHead& head, Reply& reply) {
    if (!user_is_known(head, reply)) return nullptr;
    const std::string given = query_value(head, "path");
    const auto path = resolve_path(given);
    if (!path) {
        send_error(reply, 400, "malformed path '" + given + "'");
        return nullptr;
    }
    struct stat status {};
    Fd file;
    try {
        file = open_for_reading(*path, status);
    } catch (const FileFailure& failure) {
        answer_open_failure(reply, *path, failure.code());
        return nullptr;
    }
    Headers headers = {{"Content-Type", media_type(*path)}, {"Content-Disposition", disposition(*path)}};
    const auto size = static_cast<std::uint64_t>(status.st_size);
    std::uint64_t length = size;
    int code = 200;
    char probe = 0;
    // Files of /proc have content but no size.
    const bool sized = size > 0 || ::pread(file.get(), &probe, 1, 0) <= 0;
    if (sized) {
        headers.emplace_back("Accept-Ranges", "bytes");
        const RangeResult range = parse_range(head.header("range"), size);
        if (range.state == RangeResult::State::unsatisfiable) {
            reply.send(416, {{"Content-Range", "bytes */" + std::to_string(size)}}, {});
            return nullptr;
        }
        if (range.state == RangeResult::State::satisfiable) {
            code = 206;
            length = range.range.last - range.range.first + 1;
            headers.emplace_back("Content-Range", "bytes " + std::to_string(range.range.first) + "-" +
                                                      std::to_string(range.range.last) + "/" + std::to_string(size));
            if (::lseek(file.get(), static_cast<off_t>(range.range.first), SEEK_SET) < 0) {
                answer_open_failure(reply, *path, errno);
                return nullptr;
            }
        }
    }
    reply.begin(code, std::move(headers), sized ? std::optional(length) : std::nullopt);
    if (head.method == "HEAD") {
        reply.finish();
        return nullptr;
    }
    return std::make_shared<Download>(reply, std::move(file), length, sized);
}

std::shared_ptr<Exchange> upload(const RequestHead& head, Reply& reply, TakeDisk take_disk) {
    if (!user_is_known(head, reply)) return nullptr;
    std::optional<std::string> path;
    const std::string given = query_value(head, "path");
    if (!given.empty()) {
        path = resolve_path(given);
        if (!path) {
            send_error(reply, 400, "malformed path '" + given + "'");
            return nullptr;
        }
    }
    if (!head.header("content-encoding").empty() && head.header("content-encoding") != "identity") {
        send_error(reply, 400, "unsupported content encoding");
        return nullptr;
    }
    const ParameterizedValue type = parse_parameterized(head.header("content-type"));
    std::string error;
    Metadata metadata = metadata_headers(head, error);
    if (!error.empty()) {
        send_error(reply, 400, error);
        return nullptr;
    }
    auto exchange = std::make_shared<Upload>(reply, path, std::move(metadata), std::move(take_disk));
    if (type.value == "multipart/form-data") {
        const auto boundary = type.parameters.find("boundary");
        if (boundary == type.parameters.end()) {
            send_error(reply, 400, "the form has no boundary");
            return nullptr;
        }
        exchange->expect_form(boundary->second);
    } else if (type.value != "application/octet-stream") {
        send_error(reply, 400, "unsupported content type '" + type.value + "'");
        return nullptr;
    } else if (!path) {
        send_error(reply, 400, "an octet stream needs a path");
        return nullptr;
    }
    return exchange;
}

std::shared_ptr<Exchange> compose(Loop& loop, Reply& reply) {
    constexpr std::size_t k_body_limit = 4U << 20U;
    return std::make_shared<BufferedExchange>(
        reply, k_body_limit, [&loop, &reply](const std::string& body, const std::shared_ptr<Exchange>& exchange) {
            try {
                std::make_shared<Composition>(loop, UnaryTarget{exchange, &reply}, Json::parse(body, nullptr, false))
                    ->run();
            } catch (const RpcError& error) {
                send_error(reply, error.code() == "unauthenticated" ? 401 : 400, error.what());
            }
        });
}

}  // namespace spawnai::engine::agent
