#include "impl.hpp"
#include "migrations.hpp"

#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::store {

Store::Store(const std::filesystem::path& file, const Clock& clock) try {
    impl_ = std::make_unique<Impl>(file, clock);
    migrate(impl_->database, file, migrations());
    impl_->store_id = fact("store_id").value();
} catch (const SQLite::Exception& failure) {
    throw translate(failure, file);
}

Store::~Store() = default;

const std::filesystem::path& Store::file() const noexcept {
    return impl_->file;
}
bool Store::read_only() const noexcept {
    return impl_->database.read_only();
}
const std::string& Store::store_id() const noexcept {
    return impl_->store_id;
}

std::optional<std::string> Store::fact(const std::string& name) const {
    return impl_->read([&](Database& db) -> std::optional<std::string> {
        Query query(db, "SELECT value FROM facts WHERE name = ?");
        query.bind(name);
        if (!query.next()) return std::nullopt;
        return query.text();
    });
}

namespace {

void put_fact(Database& db, const std::string& name, const std::string& value) {
    Query(db, "INSERT INTO facts VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .run();
}

}  // namespace

void Store::set_fact(const std::string& name, const std::string& value) {
    impl_->write([&](Database& db) { put_fact(db, name, value); });
}

bool Store::claim_turn(const std::string& name, std::chrono::milliseconds period) {
    const std::int64_t now = milliseconds(impl_->now());
    // Seen without the write lock first: nearly every call finds that it is too early.
    const auto due = [&](Database& db) {
        Query query(db, "SELECT CAST(value AS INTEGER) FROM facts WHERE name = ?");
        query.bind(name);
        if (!query.next()) return true;
        const std::int64_t last = query.integer();
        return now - last >= period.count() || last > now;  // a clock that was set back must not silence us
    };
    if (!impl_->read(due)) return false;
    return impl_->write([&](Database& db) {
        if (!due(db)) return false;
        put_fact(db, name, std::to_string(now));
        return true;
    });
}

std::vector<std::string> Store::check() const {
    return impl_->read([](Database& db) {
        std::vector<std::string> complaints;
        Query quick(db, "PRAGMA quick_check(20)");
        while (quick.next()) {
            std::string line = quick.text();
            if (line != "ok") complaints.push_back(std::move(line));
        }
        Query keys(db, "PRAGMA foreign_key_check");
        while (keys.next() && complaints.size() < 40) {
            const std::string table = keys.text();
            complaints.push_back(fmt::format("a row of {} refers to nothing", table));
        }
        return complaints;
    });
}

int Store::schema_version() const {
    return impl_->read([](Database& db) { return db.user_version(); });
}

}  // namespace spawnai::store
