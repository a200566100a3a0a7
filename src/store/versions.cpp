#include "impl.hpp"

#include <spawnai/core/digest.hpp>

#include <fmt/format.h>

#include <set>

namespace spawnai::store {
namespace {

constexpr int k_plain_mode = 0644;
constexpr int k_executable_mode = 0755;

struct Item {
    const GeneratedFile& file;
    std::string_view role;
};

Error no_version(const SessionId& id, int version) {
    return Error(ErrorKind::not_found, fmt::format("session {} has no version {}", id.str(), version),
                 fmt::format("'spawnai history {}' lists them", id.str()));
}

}  // namespace

int Store::add_version(const SessionId& id, const StoredApp& stored, const std::string& origin,
                       const std::string& note) {
    std::vector<Item> items;
    for (const GeneratedFile& file : stored.app.files) items.push_back({file, "app"});
    for (const GeneratedFile& file : stored.data_files) items.push_back({file, "data"});
    std::vector<std::string> hashes;  // outside the transaction: hashing is the slow part
    for (const Item& item : items) hashes.push_back(sha256_hex(item.file.content));

    return impl_->write([&](Database& db) {
        require_session(db, id);
        Query last(db, "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE session_id = ?");
        const int number = last.bind(id.str()).next() ? static_cast<int>(last.integer()) : 1;
        const GeneratedApp& app = stored.app;
        Query(db, "INSERT INTO versions VALUES(?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(id.str())
            .bind(number)
            .bind(milliseconds(impl_->now()))
            .bind(origin)
            .bind(note)
            .bind(to_string(app.type))
            .bind(app.title)
            .bind(app.entry)
            .bind(app.start)
            .bind(app.build)
            .bind(app.port)
            .run();
        Query blob(db, "INSERT INTO blobs VALUES(?, ?) ON CONFLICT DO NOTHING");
        Query file(db, "INSERT INTO version_files VALUES(?, ?, ?, ?, ?, ?, ?)");
        for (std::size_t i = 0; i < items.size(); ++i) {
            blob.reset();
            blob.bind(hashes[i]).bind_blob(items[i].file.content).run();
            file.reset();
            file.bind(id.str())
                .bind(number)
                .bind(static_cast<std::int64_t>(i))
                .bind(items[i].file.path)
                .bind(hashes[i])
                .bind(items[i].file.executable ? k_executable_mode : k_plain_mode)
                .bind(items[i].role)
                .run();
        }
        return number;
    });
}

void Store::mark_deployed(const SessionId& id, int version) {
    impl_->write([&](Database& db) {
        Query update(db,
                     "UPDATE versions SET deployed_at = coalesce(deployed_at, ?) WHERE session_id = ? AND number = ?");
        if (update.bind(milliseconds(impl_->now())).bind(id.str()).bind(version).run() == 0)
            throw no_version(id, version);
    });
}

std::vector<AppVersion> Store::versions(const SessionId& id) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query query(db,
                    "SELECT v.number, v.created_at, v.deployed_at, v.origin, v.note, v.title, count(f.path),"
                    " coalesce(sum(length(b.content)), 0) FROM versions v"
                    " LEFT JOIN version_files f ON f.session_id = v.session_id AND f.number = v.number"
                    " LEFT JOIN blobs b ON b.hash = f.hash WHERE v.session_id = ? GROUP BY v.number ORDER BY "
                    "v.number");
        query.bind(id.str());
        std::vector<AppVersion> versions;
        while (query.next()) {
            AppVersion& version = versions.emplace_back();
            version.number = static_cast<int>(query.integer());
            version.created_at = wall_time(query.integer());
            version.deployed_at = wall_time(query.optional_integer());
            version.origin = query.text();
            version.note = query.text();
            version.title = query.text();
            version.file_count = query.integer();
            version.bytes = query.integer();
        }
        return versions;
    });
}

StoredApp Store::app(const SessionId& id, int version) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query head(db,
                   "SELECT app_type, title, entry, start, build, port FROM versions WHERE session_id = ? AND "
                   "number = ?");
        if (!head.bind(id.str()).bind(version).next()) throw no_version(id, version);
        StoredApp stored;
        stored.app.type = parse_app_type(head.text()).value_or(AppType::webapp);
        stored.app.title = head.text();
        stored.app.entry = head.text();
        stored.app.start = head.text();
        stored.app.build = head.text();
        stored.app.port = static_cast<int>(head.integer());
        Query files(db,
                    "SELECT f.path, f.mode, f.role, f.hash, b.content FROM version_files f JOIN blobs b ON "
                    "b.hash = f.hash"
                    " WHERE f.session_id = ? AND f.number = ? ORDER BY f.position");
        files.bind(id.str()).bind(version);
        while (files.next()) {
            GeneratedFile file;
            file.path = files.text();
            file.executable = files.integer() == k_executable_mode;
            const std::string role = files.text();
            const std::string hash = files.text();
            file.content = files.text();
            if (sha256_hex(file.content) != hash)
                throw Error(ErrorKind::usage,
                            fmt::format("the stored content of {} in session {} is damaged", file.path, id.str()),
                            "the other sessions are not concerned; generate this app anew with --fresh");
            (role == "data" ? stored.data_files : stored.app.files).push_back(std::move(file));
        }
        return stored;
    });
}

std::optional<Reusable> Store::find_reusable(const std::string& request_key) const {
    if (request_key.empty()) return std::nullopt;
    return impl_->read([&](Database& db) -> std::optional<Reusable> {
        // The first version that answered is what the request gave; later ones are edits of it.
        Query query(db,
                    "SELECT s.id, (SELECT min(v.number) FROM versions v WHERE v.session_id = s.id AND v.deployed_at "
                    "IS NOT NULL) AS n"
                    " FROM sessions s WHERE s.request_key = ? AND s.request_key <> '' AND s.ready_at IS NOT NULL"
                    " AND n IS NOT NULL ORDER BY s.seq DESC LIMIT 1");
        if (!query.bind(request_key).next()) return std::nullopt;
        const SessionId session = SessionId::parse(query.text());
        return Reusable{session, static_cast<int>(query.integer())};
    });
}

}  // namespace spawnai::store
