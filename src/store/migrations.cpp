#include "migrations.hpp"

#include <spawnai/core/file.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <thread>

namespace spawnai::store {
namespace {

constexpr std::int64_t k_application_id = 0x53504149;  // "SPAI", in the header of the file

constexpr std::string_view k_version_1 = R"sql(
CREATE TABLE facts(
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO facts VALUES('store_id', lower(hex(randomblob(16))));

CREATE TABLE sessions(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    user_tag TEXT NOT NULL,
    parent TEXT REFERENCES sessions(id),
    prompt TEXT NOT NULL,
    app_type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready_at INTEGER,
    expires_at INTEGER,
    ended_at INTEGER,
    app_url TEXT NOT NULL,
    sandbox_id TEXT,
    sandbox_started_at INTEGER,
    error_kind TEXT NOT NULL,
    error_message TEXT NOT NULL,
    estimated_cost INTEGER NOT NULL,
    actual_cost INTEGER NOT NULL,
    provider TEXT NOT NULL,
    provider_address TEXT NOT NULL,
    plan TEXT NOT NULL,
    template_id TEXT NOT NULL,
    cpu_count INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    port INTEGER NOT NULL,
    internet INTEGER NOT NULL,
    on_timeout TEXT NOT NULL,
    ttl INTEGER NOT NULL,
    max_cost INTEGER NOT NULL,
    environment_names TEXT NOT NULL,
    source TEXT NOT NULL,
    source_name TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    request_key TEXT NOT NULL,
    app_version INTEGER NOT NULL,
    repairs INTEGER NOT NULL,
    exit_code INTEGER,
    owner_pid INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_name ON sessions(name);
CREATE INDEX sessions_by_status ON sessions(status, seq);
CREATE INDEX sessions_by_tag ON sessions(user_tag, seq);
CREATE INDEX sessions_by_tag_and_status ON sessions(user_tag, status, seq);
CREATE INDEX sessions_by_provider ON sessions(provider, created_at);
CREATE INDEX sessions_by_time ON sessions(created_at);
CREATE INDEX sessions_by_request ON sessions(request_key, seq) WHERE request_key <> '' AND ready_at IS NOT NULL;
CREATE INDEX sessions_unbooked ON sessions(seq) WHERE sandbox_started_at IS NOT NULL;
CREATE INDEX sessions_by_kind ON sessions(app_type, source, seq) WHERE ready_at IS NOT NULL;

CREATE TABLE events(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_session ON events(session_id, seq);

CREATE TABLE blobs(
    hash TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

CREATE TABLE versions(
    session_id TEXT NOT NULL REFERENCES sessions(id),
    number INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    deployed_at INTEGER,
    origin TEXT NOT NULL,
    note TEXT NOT NULL,
    app_type TEXT NOT NULL,
    title TEXT NOT NULL,
    entry TEXT NOT NULL,
    start TEXT NOT NULL,
    build TEXT NOT NULL,
    port INTEGER NOT NULL,
    PRIMARY KEY(session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE version_files(
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    path TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES blobs(hash),
    mode INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY(session_id, number, position),
    FOREIGN KEY(session_id, number) REFERENCES versions(session_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cost_lines(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    category TEXT NOT NULL,
    item TEXT NOT NULL,
    model TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    attempt INTEGER NOT NULL
) STRICT;
CREATE INDEX cost_lines_by_session ON cost_lines(session_id, seq);
CREATE INDEX cost_lines_by_time ON cost_lines(time, amount);

CREATE TABLE usage_metrics(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    cpu_seconds REAL NOT NULL,
    memory_gb_seconds REAL NOT NULL,
    storage_gb REAL NOT NULL,
    actual_cost INTEGER NOT NULL,
    plan TEXT NOT NULL
) STRICT;
CREATE INDEX usage_metrics_by_session ON usage_metrics(session_id, seq);

CREATE TABLE findings(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    time INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    col INTEGER NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_session ON findings(session_id, seq);

CREATE TABLE logs(
    session_id TEXT PRIMARY KEY REFERENCES sessions(id),
    time INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array k_migrations = {k_version_1};

void copy_beside(Database& database, const std::filesystem::path& file, int version) {
    const std::filesystem::path copy = file.string() + fmt::format(".v{}.backup", version);
    // An earlier copy of the same version belongs to an attempt that failed; it holds no less than this one
    // would.
    if (std::filesystem::exists(copy)) return;
    const std::filesystem::path unfinished = copy.string() + ".part";
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
    write_file_atomic(unfinished, "", 0600);
    SQLite::Statement copy_statement(database.raw(), "VACUUM INTO ?");
    copy_statement.bind(1, unfinished.string());
    copy_statement.exec();
    std::filesystem::rename(unfinished, copy);
}

// The change of the journal mode does not wait for readers as statements do.
bool switch_to_wal(Database& database) {
    for (int tries = 0;; ++tries) {
        try {
            return database.raw().execAndGet("PRAGMA journal_mode = WAL").getString() == "wal";
        } catch (const SQLite::Exception& failure) {
            if (failure.getErrorCode() != SQLITE_BUSY || tries == 2000) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
}

bool has_tables(Database& database) {
    return database.raw().execAndGet("SELECT count(*) FROM sqlite_master").getInt64() != 0;
}

}  // namespace

std::span<const std::string_view> migrations() noexcept {
    return k_migrations;
}

void migrate(Database& database, const std::filesystem::path& file, std::span<const std::string_view> steps) {
    const int target = static_cast<int>(steps.size());
    const auto refuse_unknown = [&](int version) {
        if (version > target)
            throw Error(ErrorKind::usage,
                        fmt::format("the store {} has schema version {}, and this spawnai knows up to {}",
                                    file.string(), version, target),
                        "use the newer spawnai that wrote it, or name another place with SPAWNAI_HOME");
        const std::int64_t application = database.pragma("application_id");
        // Another process may have made the tables between the two looks; then the mark is there now.
        if (application != k_application_id && (application != 0 || version != 0 || has_tables(database)) &&
            database.pragma("application_id") != k_application_id)
            throw Error(ErrorKind::usage, fmt::format("{} is an SQLite database of another program", file.string()),
                        "move it aside, or name another place with SPAWNAI_HOME");
    };

    const int found = database.user_version();
    refuse_unknown(found);
    if (found == target && (database.read_only() || database.journal_mode() == "wal")) return;
    if (database.read_only())
        throw Error(ErrorKind::usage, fmt::format("the store {} is read-only and has an older schema", file.string()),
                    "make its disk writable, or name another place with SPAWNAI_HOME");

    // One process at a time, on a lock of its own: the others then find the work done.
    const FileLock lock = FileLock::acquire(file.string() + ".lock");
    if (database.journal_mode() != "wal" && !switch_to_wal(database))
        throw Error(ErrorKind::usage,
                    fmt::format("the store {} is on a file system without shared memory", file.string()),
                    "name a place on a local disk with SPAWNAI_HOME");
    const int before = database.user_version();
    refuse_unknown(before);
    if (before > 0 && before < target) copy_beside(database, file, before);
    for (int version = before; version < target; ++version) {
        database.write([&] {
            if (database.user_version() != version) return;
            database.execute(std::string(steps[static_cast<std::size_t>(version)]));
            database.execute(
                fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", k_application_id, version + 1));
        });
    }
}

}  // namespace spawnai::store
