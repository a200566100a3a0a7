#pragma once

#include <spawnai/core/error.hpp>

#include <SQLiteCpp/SQLiteCpp.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace spawnai::store {

/// What an SQLite failure on `file` means to its owner, with what to do next. Names no SQL.
[[nodiscard]] Error translate(const SQLite::Exception& failure, const std::filesystem::path& file);

/// One connection, set up: WAL, foreign keys, waiting for other writers instead of failing. Used by one
/// thread at a time. Members throw SQLite::Exception; the constructor also Error{usage}.
class Database {
 public:
    /// Opens or makes `file` with mode 0600. Its schema is not looked at.
    explicit Database(const std::filesystem::path& file);

    /// The file lies on a read-only disk: it can be looked at.
    [[nodiscard]] bool read_only() const noexcept { return place_.read_only; }
    [[nodiscard]] SQLite::Database& raw() noexcept { return db_; }
    [[nodiscard]] int user_version();
    [[nodiscard]] std::int64_t pragma(const char* name);
    [[nodiscard]] std::string journal_mode();
    void execute(const std::string& sql) { db_.exec(sql); }

    /// Runs `work` in a transaction that holds the write lock from its start.
    template <class F>
    auto write(F&& work) {
        SQLite::Transaction transaction(db_, SQLite::TransactionBehavior::IMMEDIATE);
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            transaction.commit();
        } else {
            auto result = work();
            transaction.commit();
            return result;
        }
    }

 private:
    struct Patience {
        std::chrono::steady_clock::time_point since{};
    };
    static int wait_for_lock(void* patience, int tries);
    /// What SQLite is told to open.
    struct Place {
        std::string name;
        int flags = 0;
        bool read_only = false;
    };
    static Place find_place(const std::filesystem::path& file);

    Patience patience_;
    Place place_;
    SQLite::Database db_;
};

/// Binds values in order: texts, integers, enums by their to_string are up to the caller.
class Query {
 public:
    Query(Database& database, const std::string& sql) : statement_(database.raw(), sql) {}

    Query& bind(const std::string& value) {
        statement_.bind(++index_, value);
        return *this;
    }
    Query& bind(std::string_view value) { return bind(std::string(value)); }
    Query& bind(const char* value) { return bind(std::string(value)); }
    Query& bind(std::int64_t value) {
        statement_.bind(++index_, value);
        return *this;
    }
    Query& bind(int value) { return bind(std::int64_t{value}); }
    Query& bind(bool value) { return bind(std::int64_t{value ? 1 : 0}); }
    Query& bind(double value) {
        statement_.bind(++index_, value);
        return *this;
    }
    Query& bind_blob(std::string_view value) {
        statement_.bind(++index_, value.data() != nullptr ? value.data() : "", static_cast<int>(value.size()));
        return *this;
    }
    Query& bind_null() {
        statement_.bind(++index_);
        return *this;
    }
    template <class T>
    Query& bind(const std::optional<T>& value) {
        return value ? bind(*value) : bind_null();
    }

    /// Steps to the next row; columns are then read in order.
    [[nodiscard]] bool next() {
        column_ = 0;
        return statement_.executeStep();
    }
    /// Runs a statement that gives no rows. @return the number of rows it changed.
    int run() { return statement_.exec(); }
    void reset() {
        statement_.reset();
        index_ = 0;
    }

    [[nodiscard]] std::string text() { return statement_.getColumn(column_++).getString(); }
    [[nodiscard]] std::int64_t integer() { return statement_.getColumn(column_++).getInt64(); }
    [[nodiscard]] double real() { return statement_.getColumn(column_++).getDouble(); }
    [[nodiscard]] std::optional<std::string> optional_text() {
        return null() ? (++column_, std::nullopt) : std::optional(text());
    }
    [[nodiscard]] std::optional<std::int64_t> optional_integer() {
        return null() ? (++column_, std::nullopt) : std::optional(integer());
    }

 private:
    [[nodiscard]] bool null() { return statement_.getColumn(column_).isNull(); }
    SQLite::Statement statement_;
    int index_ = 0;
    int column_ = 0;
};

}  // namespace spawnai::store
