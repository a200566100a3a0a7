#include "impl.hpp"

#include <fmt/format.h>

namespace spawnai::store {
namespace {

void book_lines(Database& db, const SessionId& id, const std::vector<CostLine>& lines, WallTime now) {
    Query insert(db,
                 "INSERT INTO cost_lines(session_id, time, category, item, model, unit, quantity, amount, attempt)"
                 " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
    Money total;
    for (const CostLine& line : lines) {
        insert.reset();
        insert.bind(id.str())
            .bind(milliseconds(line.time == WallTime{} ? now : line.time))
            .bind(line.category)
            .bind(line.item)
            .bind(line.model)
            .bind(line.unit)
            .bind(line.quantity)
            .bind(line.amount.nano())
            .bind(line.attempt)
            .run();
        total += line.amount;
    }
    Query(db, "UPDATE sessions SET actual_cost = actual_cost + ? WHERE id = ?").bind(total.nano()).bind(id.str()).run();
}

const char* group_expression(CostGroup group) {
    switch (group) {
        case CostGroup::none:
            return "''";
        case CostGroup::model:
            return "CASE c.category WHEN 'model' THEN c.model ELSE s.model END";
        case CostGroup::type:
            return "s.app_type";
        case CostGroup::provider:
            return "s.provider";
        case CostGroup::day:
            return "strftime('%Y-%m-%d', c.time / 1000, 'unixepoch')";
    }
    return "''";
}

}  // namespace

void Store::book(const SessionId& id, const std::vector<CostLine>& lines) {
    impl_->write([&](Database& db) {
        require_session(db, id);
        book_lines(db, id, lines, impl_->now());
    });
}

void Store::forget_use(const SessionId& id) {
    impl_->write([&](Database& db) {
        Query(db, "UPDATE sessions SET sandbox_started_at = NULL WHERE id = ?").bind(id.str()).run();
    });
}

bool Store::book_usage(const SessionId& id, const UsageMetric& metric, const std::vector<CostLine>& lines) {
    return impl_->write([&](Database& db) {
        require_session(db, id);
        Query claim(db, "UPDATE sessions SET sandbox_started_at = NULL WHERE id = ? AND sandbox_started_at = ?");
        if (claim.bind(id.str()).bind(milliseconds(metric.start)).run() == 0) return false;
        Query(db,
              "INSERT INTO usage_metrics(session_id, start_time, end_time, cpu_seconds, memory_gb_seconds, "
              "storage_gb,"
              " actual_cost, plan) VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(id.str())
            .bind(milliseconds(metric.start))
            .bind(milliseconds(metric.end))
            .bind(metric.cpu_seconds)
            .bind(metric.memory_gb_seconds)
            .bind(metric.storage_gb)
            .bind(metric.actual_cost.nano())
            .bind(metric.plan)
            .run();
        book_lines(db, id, lines, impl_->now());
        return true;
    });
}

std::vector<CostLine> Store::cost_lines(const SessionId& id) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query query(db,
                    "SELECT time, category, item, model, unit, quantity, amount, attempt FROM cost_lines"
                    " WHERE session_id = ? ORDER BY seq");
        query.bind(id.str());
        std::vector<CostLine> lines;
        while (query.next()) {
            CostLine& line = lines.emplace_back();
            line.time = wall_time(query.integer());
            line.category = query.text();
            line.item = query.text();
            line.model = query.text();
            line.unit = query.text();
            line.quantity = query.integer();
            line.amount = Money::nano(query.integer());
            line.attempt = static_cast<int>(query.integer());
        }
        return lines;
    });
}

std::vector<UsageMetric> Store::usage(const SessionId& id) const {
    return impl_->read([&](Database& db) {
        require_session(db, id);
        Query query(db,
                    "SELECT start_time, end_time, cpu_seconds, memory_gb_seconds, storage_gb, actual_cost, plan"
                    " FROM usage_metrics WHERE session_id = ? ORDER BY seq");
        query.bind(id.str());
        std::vector<UsageMetric> metrics;
        while (query.next()) {
            UsageMetric& metric = metrics.emplace_back();
            metric.start = wall_time(query.integer());
            metric.end = wall_time(query.integer());
            metric.cpu_seconds = query.real();
            metric.memory_gb_seconds = query.real();
            metric.storage_gb = query.real();
            metric.actual_cost = Money::nano(query.integer());
            metric.plan = query.text();
        }
        return metrics;
    });
}

std::vector<CostSum> Store::cost_sums(WallTime from, WallTime to, CostGroup group) const {
    return impl_->read([&](Database& db) {
        Query query(
            db, fmt::format("SELECT {} AS g, count(DISTINCT c.session_id),"
                            " sum(CASE WHEN c.item IN ('input','cache_write','cache_read') THEN c.quantity ELSE 0 END),"
                            " sum(CASE WHEN c.item = 'output' THEN c.quantity ELSE 0 END),"
                            " sum(CASE WHEN c.category = 'model' THEN c.amount ELSE 0 END),"
                            " sum(CASE WHEN c.category = 'sandbox' THEN c.amount ELSE 0 END),"
                            " sum(CASE WHEN c.category = 'model' AND c.attempt > 0 THEN c.amount ELSE 0 END)"
                            " FROM cost_lines c JOIN sessions s ON s.id = c.session_id WHERE c.time >= ? AND c.time < ?"
                            " GROUP BY g ORDER BY {}",
                            group_expression(group), group == CostGroup::day ? "g" : "sum(c.amount) DESC, g"));
        query.bind(milliseconds(from)).bind(milliseconds(to));
        std::vector<CostSum> sums;
        while (query.next()) {
            CostSum& sum = sums.emplace_back();
            sum.group = query.text();
            sum.sessions = query.integer();
            sum.input_tokens = query.integer();
            sum.output_tokens = query.integer();
            sum.model = Money::nano(query.integer());
            sum.sandbox = Money::nano(query.integer());
            sum.repairs = Money::nano(query.integer());
        }
        return sums;
    });
}

}  // namespace spawnai::store
