#include "impl.hpp"

namespace spawnai::store {

void insert_event(Database& database, const SessionId& id, const Event& event, WallTime now) {
    Query(database, "INSERT INTO events(session_id, time, kind, message, data) VALUES(?, ?, ?, ?, ?)")
        .bind(id.str())
        .bind(milliseconds(event.time == WallTime{} ? now : event.time))
        .bind(event.kind)
        .bind(event.message)
        .bind(event.data)
        .run();
}

void Store::add_event(const SessionId& id, const Event& event) {
    impl_->write([&](Database& db) {
        require_session(db, id);
        insert_event(db, id, event, impl_->now());
    });
}

std::vector<Event> Store::events(const SessionId& id) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query query(db, "SELECT seq, time, kind, message, data FROM events WHERE session_id = ? ORDER BY seq");
        query.bind(id.str());
        std::vector<Event> events;
        while (query.next()) {
            Event& event = events.emplace_back();
            event.seq = query.integer();
            event.time = wall_time(query.integer());
            event.kind = query.text();
            event.message = query.text();
            event.data = query.text();
        }
        return events;
    });
}

void Store::add_findings(const SessionId& id, const std::vector<FindingRow>& findings) {
    impl_->write([&](Database& db) {
        require_session(db, id);
        Query insert(db,
                     "INSERT INTO findings(session_id, time, attempt, rule, severity, file, line, col, message, hint)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (const FindingRow& finding : findings) {
            insert.reset();
            insert.bind(id.str())
                .bind(milliseconds(finding.time == WallTime{} ? impl_->now() : finding.time))
                .bind(finding.attempt)
                .bind(finding.rule)
                .bind(finding.severity)
                .bind(finding.file)
                .bind(finding.line)
                .bind(finding.column)
                .bind(finding.message)
                .bind(finding.hint)
                .run();
        }
    });
}

std::vector<FindingRow> Store::findings(const SessionId& id) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query query(db,
                    "SELECT time, attempt, rule, severity, file, line, col, message, hint FROM findings"
                    " WHERE session_id = ? ORDER BY seq");
        query.bind(id.str());
        std::vector<FindingRow> findings;
        while (query.next()) {
            FindingRow& finding = findings.emplace_back();
            finding.time = wall_time(query.integer());
            finding.attempt = static_cast<int>(query.integer());
            finding.rule = query.text();
            finding.severity = query.text();
            finding.file = query.text();
            finding.line = static_cast<int>(query.integer());
            finding.column = static_cast<int>(query.integer());
            finding.message = query.text();
            finding.hint = query.text();
        }
        return findings;
    });
}

void Store::keep_log(const SessionId& id, std::string_view text) {
    const bool truncated = text.size() > k_log_limit;
    if (truncated) text.remove_prefix(text.size() - k_log_limit);
    impl_->write([&](Database& db) {
        require_session(db, id);
        Query(db,
              "INSERT INTO logs VALUES(?1, ?2, ?3, ?4) ON CONFLICT(session_id) DO UPDATE SET"
              " time = ?2, truncated = ?3, content = ?4")
            .bind(id.str())
            .bind(milliseconds(impl_->now()))
            .bind(truncated)
            .bind_blob(text)
            .run();
    });
}

std::optional<KeptLog> Store::kept_log(const SessionId& id) const {
    return impl_->read([&](Database& db) -> std::optional<KeptLog> {
        require_session(db, id);
        Query query(db, "SELECT time, truncated, content FROM logs WHERE session_id = ?");
        if (!query.bind(id.str()).next()) return std::nullopt;
        KeptLog log;
        log.time = wall_time(query.integer());
        log.truncated = query.integer() != 0;
        log.text = query.text();
        return log;
    });
}

}  // namespace spawnai::store
