#include "impl.hpp"

#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <variant>

namespace spawnai::store {
namespace {

constexpr const char* k_columns =
    "seq, id, name, user_tag, parent, prompt, app_type, status, created_at, ready_at, expires_at, ended_at, "
    "app_url, "
    "sandbox_id, sandbox_started_at, error_kind, error_message, estimated_cost, actual_cost, provider, "
    "provider_address, "
    "plan, template_id, cpu_count, memory_mib, port, internet, on_timeout, ttl, max_cost, environment_names, "
    "source, "
    "source_name, model, "
    "prompt_version, request_key, app_version, repairs, exit_code, owner_pid";

// The statuses of live rows, as they stand in SQL.
constexpr const char* k_live = "('creating','generating','deploying','ready','paused')";

template <class T>
T known(const std::optional<T>& value, const char* column, const std::string& text) {
    if (!value)
        throw Error(ErrorKind::usage, fmt::format("the store holds an unknown {} '{}'", column, one_line(text, 40)),
                    "it may have been written by a newer spawnai; 'spawnai doctor' examines it");
    return *value;
}

Session read_session(Query& row) {
    const std::int64_t seq = row.integer();
    Session session{.id = SessionId::parse(row.text())};
    session.seq = seq;
    session.name = row.text();
    session.user_tag = row.text();
    if (const auto parent = row.optional_text()) session.parent = SessionId::parse(*parent);
    session.prompt = row.text();
    std::string text = row.text();
    session.app_type = known(parse_app_type(text), "app type", text);
    text = row.text();
    session.status = known(parse_status(text), "status", text);
    session.created_at = wall_time(row.integer());
    session.ready_at = wall_time(row.optional_integer());
    session.expires_at = wall_time(row.optional_integer());
    session.ended_at = wall_time(row.optional_integer());
    session.app_url = row.text();
    if (const auto sandbox = row.optional_text()) session.sandbox_id = SandboxId::parse(*sandbox);
    session.sandbox_started_at = wall_time(row.optional_integer());
    session.error_kind = row.text();
    session.error_message = row.text();
    session.estimated_cost = Money::nano(row.integer());
    session.actual_cost = Money::nano(row.integer());
    session.provider = row.text();
    session.provider_address = row.text();
    session.plan = row.text();
    session.template_id = row.text();
    session.cpu_count = static_cast<int>(row.integer());
    session.memory_mib = row.integer();
    session.port = static_cast<int>(row.integer());
    session.internet = row.integer() != 0;
    session.on_timeout = row.text();
    session.ttl = std::chrono::seconds(row.integer());
    session.max_cost = Money::nano(row.integer());
    session.environment_names = row.text();
    text = row.text();
    session.source = known(parse_source(text), "source", text);
    session.source_name = row.text();
    session.model = row.text();
    session.prompt_version = row.text();
    session.request_key = row.text();
    session.app_version = static_cast<int>(row.integer());
    session.repairs = static_cast<int>(row.integer());
    if (const auto code = row.optional_integer()) session.exit_code = static_cast<int>(*code);
    session.owner_pid = row.integer();
    return session;
}

std::optional<Session> find_by(Database& db, const std::string& condition, const std::string& value) {
    Query query(db, fmt::format("SELECT {} FROM sessions WHERE {}", k_columns, condition));
    query.bind(value);
    if (!query.next()) return std::nullopt;
    return read_session(query);
}

Error no_session(std::string_view reference) {
    return Error(ErrorKind::not_found, fmt::format("no session '{}'", one_line(reference, 80)),
                 "'spawnai ls -a' lists them");
}

SlotUse use_of(Database& db, const std::string& provider, const std::string& name, std::chrono::seconds rate_window,
               WallTime now, bool with_spending) {
    SlotUse use;
    // A ready row past its time has no sandbox any more, whether or not anybody looked; a paused one does not
    // run.
    Query live(db,
               "SELECT (SELECT count(*) FROM sessions WHERE status IN ('creating','generating','deploying') "
               "AND provider = ?1)"
               " + (SELECT count(*) FROM sessions WHERE status = 'ready' AND +provider = ?1 AND (expires_at "
               "IS NULL OR expires_at > ?2)),"
               " (SELECT count(*) FROM sessions WHERE status = 'paused' AND +provider = ?1)");
    live.bind(provider).bind(milliseconds(now));
    if (live.next()) {
        use.live = static_cast<int>(live.integer());
        use.paused = static_cast<int>(live.integer());
    }

    const auto created_since = [&](WallTime since, int& count, std::optional<WallTime>& oldest) {
        Query created(db, "SELECT count(*), min(created_at) FROM sessions WHERE provider = ? AND created_at > ?");
        created.bind(provider).bind(milliseconds(since));
        if (!created.next()) return;
        count = static_cast<int>(created.integer());
        oldest = wall_time(created.optional_integer());
    };
    created_since(now - rate_window, use.recent, use.oldest_recent);
    created_since(now - std::chrono::seconds(1), use.last_second, use.oldest_of_last_second);

    if (with_spending) {
        const auto day = std::chrono::floor<std::chrono::days>(now);
        const std::chrono::year_month_day date(day);
        const auto month = std::chrono::sys_days(date.year() / date.month() / 1);
        Query spent(db,
                    "SELECT coalesce(sum(CASE WHEN time >= ?1 THEN amount ELSE 0 END), 0), coalesce(sum(amount), 0)"
                    " FROM cost_lines WHERE time >= ?2");
        spent.bind(milliseconds(WallTime(day))).bind(milliseconds(WallTime(month)));
        if (spent.next()) {
            use.spent_today = Money::nano(spent.integer());
            use.spent_this_month = Money::nano(spent.integer());
        }
    }

    if (!name.empty()) {
        Query taken(db, fmt::format("SELECT 1 FROM sessions WHERE name = ? AND status IN {}", k_live));
        use.name_taken = taken.bind(name).next();
    }
    return use;
}

// The WHERE clause of a query, and the values for it in order.
struct Filter {
    std::string sql = " WHERE 1";
    std::vector<std::variant<std::string, std::int64_t>> values;

    void add(const std::string& condition, std::variant<std::string, std::int64_t> value) {
        sql += " AND " + condition;
        values.push_back(std::move(value));
    }
    void bind_to(Query& query) const {
        for (const auto& value : values) std::visit([&](const auto& bound) { query.bind(bound); }, value);
    }
};

// All conditions but that on the status. A '+' keeps SQLite from taking an index for the column: without statistics it would
// prefer one that half of the rows are in.
Filter filter_of(const SessionQuery& wanted) {
    Filter filter;
    if (wanted.user_tag) filter.add("user_tag = ?", *wanted.user_tag);
    if (wanted.provider) filter.add("+provider = ?", *wanted.provider);
    const bool by_time = wanted.statuses.empty() && !wanted.user_tag && wanted.limit == 0;
    if (wanted.created_since)
        filter.add(by_time ? "created_at >= ?" : "+created_at >= ?", milliseconds(*wanted.created_since));
    if (wanted.expires_before) filter.add("expires_at < ?", milliseconds(*wanted.expires_before));
    if (wanted.unbooked) filter.sql += " AND sandbox_started_at IS NOT NULL";
    if (wanted.before_seq > 0) filter.add("seq < ?", wanted.before_seq);
    return filter;
}

// One branch for each status, because the index of statuses gives each of them, but not several, in order.
template <class Branch>
std::string union_of(const SessionQuery& wanted, const Branch& branch) {
    if (wanted.statuses.empty()) return branch("");
    std::string sql;
    for (const Status status : wanted.statuses) {
        const std::string condition = fmt::format(" AND status = '{}'", to_string(status));
        sql += fmt::format("{}SELECT * FROM ({})", sql.empty() ? "" : " UNION ALL ", branch(condition));
    }
    return sql;
}

void bind_branches(Query& query, const SessionQuery& wanted, const Filter& filter) {
    for (std::size_t i = 0; i < std::max<std::size_t>(wanted.statuses.size(), 1); ++i) filter.bind_to(query);
}

}  // namespace

void require_session(Database& database, const SessionId& id) {
    Query query(database, "SELECT 1 FROM sessions WHERE id = ?");
    if (!query.bind(id.str()).next()) throw no_session(id.str());
}

Session Store::insert(const Session& session, std::chrono::seconds rate_window,
                      const std::function<void(const SlotUse&)>& admit, bool with_spending) {
    return impl_->write([&](Database& db) {
        admit(use_of(db, session.provider, session.name, rate_window, impl_->now(), with_spending));
        Query(db, fmt::format("INSERT INTO sessions({}) VALUES(NULL{})", k_columns,
                              [] {
                                  std::string marks;
                                  for (int i = 0; i < 39; ++i) marks += ", ?";
                                  return marks;
                              }()))
            .bind(session.id.str())
            .bind(session.name)
            .bind(session.user_tag)
            .bind(session.parent ? std::optional(session.parent->str()) : std::nullopt)
            .bind(session.prompt)
            .bind(to_string(session.app_type))
            .bind(to_string(session.status))
            .bind(milliseconds(session.created_at))
            .bind(milliseconds(session.ready_at))
            .bind(milliseconds(session.expires_at))
            .bind(milliseconds(session.ended_at))
            .bind(session.app_url)
            .bind(session.sandbox_id ? std::optional(session.sandbox_id->str()) : std::nullopt)
            .bind(milliseconds(session.sandbox_started_at))
            .bind(session.error_kind)
            .bind(session.error_message)
            .bind(session.estimated_cost.nano())
            .bind(session.actual_cost.nano())
            .bind(session.provider)
            .bind(session.provider_address)
            .bind(session.plan)
            .bind(session.template_id)
            .bind(session.cpu_count)
            .bind(session.memory_mib)
            .bind(session.port)
            .bind(session.internet)
            .bind(session.on_timeout)
            .bind(std::int64_t{session.ttl.count()})
            .bind(session.max_cost.nano())
            .bind(session.environment_names)
            .bind(to_string(session.source))
            .bind(session.source_name)
            .bind(session.model)
            .bind(session.prompt_version)
            .bind(session.request_key)
            .bind(session.app_version)
            .bind(session.repairs)
            .bind(session.exit_code)
            .bind(session.owner_pid)
            .run();
        insert_event(db, session.id, Event{.kind = "status", .message = std::string(to_string(session.status))},
                     session.created_at);
        return find_by(db, "id = ?", session.id.str()).value();
    });
}

SlotUse Store::slot_use(const std::string& provider, std::chrono::seconds rate_window) const {
    return impl_->read([&](Database& db) { return use_of(db, provider, "", rate_window, impl_->now(), true); });
}

std::optional<Session> Store::find(const SessionId& id) const {
    return impl_->read([&](Database& db) { return find_by(db, "id = ?", id.str()); });
}

Session Store::get(const SessionId& id) const {
    if (auto session = find(id)) return *std::move(session);
    throw no_session(id.str());
}

Session Store::resolve(std::string_view reference) const {
    if (reference.empty()) throw Error(ErrorKind::usage, "an empty session id", "'spawnai ls -a' lists the sessions");
    const std::string text(reference);
    return impl_->read([&](Database& db) {
        if (text == "@last") {
            Query newest(db, fmt::format("SELECT {} FROM sessions ORDER BY seq DESC LIMIT 1", k_columns));
            if (!newest.next())
                throw Error(ErrorKind::not_found, "there is no session yet", "make one: spawnai spawn \"todo app\"");
            return read_session(newest);
        }
        if (auto exact = find_by(db, "id = ?", text)) return *std::move(exact);
        if (auto named =
                find_by(db, fmt::format("name = ? ORDER BY status IN {} DESC, seq DESC LIMIT 1", k_live), text))
            return *std::move(named);
        const bool could_be_id = text.find_first_not_of("0123456789abcdef-") == std::string::npos;
        if (!could_be_id) throw no_session(text);

        // 'g' sorts behind everything that an id is made of.
        Query matches(
            db, fmt::format("SELECT {} FROM sessions WHERE id >= ? AND id < ? || 'g' ORDER BY id LIMIT 11", k_columns));
        matches.bind(text).bind(text);
        std::vector<Session> found;
        while (matches.next()) found.push_back(read_session(matches));
        if (found.empty()) throw no_session(text);
        if (found.size() == 1) return std::move(found.front());
        std::string candidates;
        for (std::size_t i = 0; i < found.size() && i < 10; ++i)
            candidates += fmt::format("{}  {}  {}\n", found[i].id.str(), found[i].name, to_string(found[i].status));
        if (found.size() > 10) candidates += "...\n";
        throw Error(ErrorKind::usage,
                    fmt::format("'{}' is the beginning of {} session ids", text,
                                found.size() > 10 ? "more than 10" : std::to_string(found.size())),
                    "give more of the id, or the name", candidates);
    });
}

std::vector<Session> Store::list(const SessionQuery& wanted) const {
    return impl_->read([&](Database& db) {
        const Filter filter = filter_of(wanted);
        const std::string limit = wanted.limit > 0 ? fmt::format(" LIMIT {}", wanted.limit) : std::string();
        Query query(db, union_of(wanted, [&](const std::string& status) {
                            return fmt::format("SELECT {} FROM sessions{}{} ORDER BY seq DESC{}", k_columns, filter.sql,
                                               status, limit);
                        }) + (wanted.statuses.empty() ? std::string() : " ORDER BY seq DESC" + limit));
        bind_branches(query, wanted, filter);
        std::vector<Session> rows;
        while (query.next()) rows.push_back(read_session(query));
        return rows;
    });
}

std::int64_t Store::count(const SessionQuery& wanted) const {
    return impl_->read([&](Database& db) {
        const Filter filter = filter_of(wanted);
        Query query(db, "SELECT sum(n) FROM (" + union_of(wanted, [&](const std::string& status) {
                            return fmt::format("SELECT count(*) AS n FROM sessions{}{}", filter.sql, status);
                        }) + ")");
        bind_branches(query, wanted, filter);
        return query.next() ? query.integer() : std::int64_t{0};
    });
}

bool Store::change(const SessionId& id, const SessionChange& change, const std::vector<Status>& if_status,
                   const std::optional<Event>& event) {
    return impl_->write([&](Database& db) {
        Query current(db, "SELECT status FROM sessions WHERE id = ?");
        if (!current.bind(id.str()).next()) throw no_session(id.str());
        const std::string name = current.text();
        const Status before = known(parse_status(name), "status", name);
        if (!if_status.empty() && std::find(if_status.begin(), if_status.end(), before) == if_status.end())
            return false;

        std::string assignments;
        std::vector<std::variant<std::string, std::int64_t>> values;
        const auto set = [&](const char* column, std::variant<std::string, std::int64_t> value) {
            assignments += fmt::format("{}{} = ?", assignments.empty() ? "" : ", ", column);
            values.push_back(std::move(value));
        };
        const auto set_text = [&](const char* column, const std::optional<std::string>& value) {
            if (value) set(column, *value);
        };
        const auto set_number = [&](const char* column, const auto& value) {
            if (value) set(column, static_cast<std::int64_t>(*value));
        };
        if (change.status) set("status", std::string(to_string(*change.status)));
        set_text("name", change.name);
        set_number("ready_at", milliseconds(change.ready_at));
        set_number("expires_at", milliseconds(change.expires_at));
        if (change.ended_at)
            set("ended_at", milliseconds(*change.ended_at));
        else if (change.status && !is_live(*change.status))
            set("ended_at", milliseconds(impl_->now()));
        set_text("app_url", change.app_url);
        if (change.sandbox_id) set("sandbox_id", change.sandbox_id->str());
        set_number("sandbox_started_at", milliseconds(change.sandbox_started_at));
        set_text("error_kind", change.error_kind);
        set_text("error_message", change.error_message);
        if (change.estimated_cost) set("estimated_cost", change.estimated_cost->nano());
        set_text("template_id", change.template_id);
        set_number("cpu_count", change.cpu_count);
        set_number("memory_mib", change.memory_mib);
        set_number("port", change.port);
        set_number("internet", change.internet);
        if (change.source) set("source", std::string(to_string(*change.source)));
        set_text("source_name", change.source_name);
        set_text("model", change.model);
        set_number("app_version", change.app_version);
        set_number("repairs", change.repairs);
        set_number("exit_code", change.exit_code);
        if (change.ttl) set("ttl", std::int64_t{change.ttl->count()});
        if (change.app_type) set("app_type", std::string(to_string(*change.app_type)));

        if (!assignments.empty()) {
            Query update(db, fmt::format("UPDATE sessions SET {} WHERE id = ?", assignments));
            for (const auto& value : values) std::visit([&](const auto& bound) { update.bind(bound); }, value);
            update.bind(id.str()).run();
        }
        if (event)
            insert_event(db, id, *event, impl_->now());
        else if (change.status && *change.status != before)
            insert_event(db, id, Event{.kind = "status", .message = std::string(to_string(*change.status))},
                         impl_->now());
        return true;
    });
}

std::vector<std::chrono::milliseconds> Store::recent_durations(AppType type, Source source, std::size_t limit) const {
    return impl_->read([&](Database& db) {
        Query query(db,
                    "SELECT ready_at - created_at FROM sessions WHERE app_type = ? AND source = ? AND "
                    "ready_at IS NOT NULL"
                    " ORDER BY seq DESC LIMIT ?");
        query.bind(to_string(type)).bind(to_string(source)).bind(static_cast<std::int64_t>(limit));
        std::vector<std::chrono::milliseconds> durations;
        while (query.next()) durations.emplace_back(query.integer());
        return durations;
    });
}

Outcomes Store::outcomes(WallTime since) const {
    return impl_->read([&](Database& db) {
        Outcomes outcomes;
        Query totals(db,
                     "SELECT count(*), count(ready_at), sum(ready_at IS NULL AND status = 'error'),"
                     " sum(status IN ('creating','generating','deploying')) FROM sessions WHERE created_at >= ?");
        totals.bind(milliseconds(since));
        if (totals.next()) {
            outcomes.total = totals.integer();
            outcomes.became_ready = totals.integer();
            outcomes.failed = totals.optional_integer().value_or(0);
            outcomes.working = totals.optional_integer().value_or(0);
        }
        Query errors(db,
                     "SELECT error_kind, count(*) FROM sessions WHERE created_at >= ? AND error_kind <> ''"
                     " GROUP BY error_kind ORDER BY 2 DESC, 1");
        errors.bind(milliseconds(since));
        while (errors.next()) {
            std::string kind = errors.text();
            outcomes.errors.emplace_back(std::move(kind), errors.integer());
        }
        return outcomes;
    });
}

}  // namespace spawnai::store
