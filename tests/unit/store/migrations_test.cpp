#include "store/migrations.hpp"

#include "support/temp_dir.hpp"

#include <spawnai/core/file.hpp>
#include <spawnai/store/store.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <array>

using namespace spawnai;
using namespace spawnai::store;

namespace {

std::int64_t number(Database& database, const std::string& sql) {
    return database.raw().execAndGet(sql).getInt64();
}

constexpr std::string_view k_one = "CREATE TABLE t(a INTEGER NOT NULL) STRICT; INSERT INTO t VALUES(1);";
constexpr std::string_view k_two = "ALTER TABLE t ADD COLUMN b INTEGER NOT NULL DEFAULT 5;";
constexpr std::string_view k_broken = "CREATE TABLE u(a INTEGER) STRICT; INSERT INTO nowhere VALUES(1);";
constexpr std::array k_first = {k_one};
constexpr std::array k_both = {k_one, k_two};
constexpr std::array k_with_broken = {k_one, k_broken};

}  // namespace

TEST_CASE("an older schema is brought up to date after a copy was put beside it") {
    test::TempDir directory;
    const auto file = directory.path() / "x.db";
    {
        Database database(file);
        migrate(database, file, k_first);
        CHECK(database.journal_mode() == "wal");
        CHECK_FALSE(std::filesystem::exists(file.string() + ".v0.backup"));
    }
    Database database(file);
    migrate(database, file, k_both);
    CHECK(database.user_version() == 2);
    CHECK(number(database, "SELECT b FROM t WHERE a = 1") == 5);
    const std::string copy = file.string() + ".v1.backup";
    struct stat status {};
    REQUIRE(::stat(copy.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    Database old(copy);
    CHECK(old.user_version() == 1);
    CHECK(number(old, "SELECT a FROM t") == 1);
    migrate(database, file, k_both);  // nothing left to do
    CHECK(database.user_version() == 2);
}

TEST_CASE("a step that fails leaves the version before it") {
    test::TempDir directory;
    const auto file = directory.path() / "x.db";
    Database database(file);
    CHECK_THROWS_AS(migrate(database, file, k_with_broken), SQLite::Exception);
    CHECK(database.user_version() == 1);
    CHECK(number(database, "SELECT count(*) FROM sqlite_master WHERE name = 'u'") == 0);
    CHECK(number(database, "SELECT a FROM t") == 1);
}

TEST_CASE("a newer schema and a database of another program are refused") {
    test::TempDir directory;
    const auto file = directory.path() / "x.db";
    {
        Database database(file);
        migrate(database, file, k_both);
        try {
            migrate(database, file, k_first);
            FAIL("a newer schema was accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("version 2") != std::string::npos);
            CHECK_FALSE(error.hint().empty());
        }
        CHECK(number(database, "SELECT b FROM t") == 5);
    }
    const auto other = directory.path() / "other.db";
    Database foreign(other);
    foreign.execute("CREATE TABLE theirs(a)");
    CHECK_THROWS_AS(migrate(foreign, other, k_first), Error);
    CHECK(number(foreign, "SELECT count(*) FROM theirs") == 0);
}

// The dump was made when version 1 shipped, with a row in every table: whatever is added later must still
// read it.
TEST_CASE("a store of version 1 with rows opens") {
    test::TempDir directory;
    const auto file = directory.path() / "spawnai.db";
    {
        Database database(file);
        database.execute("PRAGMA foreign_keys = OFF");
        database.execute(read_file(std::filesystem::path(SPAWNAI_TEST_DATA) / "store" / "v1.sql", 1 << 20));
        database.execute("PRAGMA journal_mode = WAL");
    }
    {
        const auto fresh_file = directory.path() / "fresh.db";
        Database fresh(fresh_file);
        migrate(fresh, fresh_file, migrations().first(1));
        Database old(file);
        const std::string schema =
            "SELECT group_concat(sql, '|') FROM (SELECT sql FROM sqlite_master ORDER BY name)";
        CHECK(fresh.raw().execAndGet(schema).getString() == old.raw().execAndGet(schema).getString());
    }
    Store store(file);
    CHECK(store.store_id() == "0123456789abcdef0123456789abcdef");
    CHECK(store.check().empty());
    const Session parent = store.resolve("11111111-1111-4111-8111-111111111111");
    CHECK(parent.name == "todo-app-k3f9");
    CHECK(parent.status == Status::expired);
    CHECK(parent.actual_cost.nano() == 3'091'600);
    CHECK(parent.prompt == "a todo app with \xc3\xbcml\xc3\xa4uts");
    CHECK(parent.ttl == std::chrono::minutes(30));
    const Session child = store.resolve("@last");
    CHECK(child.parent == parent.id);
    CHECK(child.source == Source::store);
    CHECK(child.exit_code == 3);
    REQUIRE(store.events(parent.id).size() == 1);
    REQUIRE(store.versions(parent.id).size() == 1);
    const StoredApp app = store.app(parent.id, 1);
    REQUIRE(app.app.files.size() == 1);
    CHECK(app.app.files[0].content == "hello");
    CHECK(store.cost_lines(parent.id)[0].amount.nano() == 3'000'000);
    CHECK(store.usage(parent.id)[0].cpu_seconds == doctest::Approx(60));
    CHECK(store.findings(parent.id)[0].rule == "js-syntax");
    CHECK(store.kept_log(parent.id)->text == "listening\n");
    REQUIRE(store.find_reusable("request-1"));
    CHECK(store.find_reusable("request-1")->version == 1);
}
