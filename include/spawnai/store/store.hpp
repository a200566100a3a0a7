#pragma once

#include <spawnai/store/records.hpp>
#include <spawnai/store/session.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::store {

inline constexpr std::size_t k_log_limit = 256U << 10U;  ///< bytes of an app's output that are kept, from its end

/// Everything that spawnai remembers: one SQLite file (docs/store.md). Safe from any thread (calls take
/// turns) and from any number of processes. Every call may throw Error{usage} when the file is damaged,
/// read-only or the disk is full, with a hint; a damaged file is never deleted or overwritten. Calls that
/// name a session throw Error{not_found} when there is none.
class Store {
 public:
    /// Opens `file`, makes it (0600, directory 0700) when absent, and brings an older schema up to date after
    /// a backup copy beside it. @throws Error{usage} for a newer schema, a file that is no store, or one that
    /// cannot be opened.
    explicit Store(const std::filesystem::path& file, const Clock& clock = system_clock());
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    [[nodiscard]] const std::filesystem::path& file() const noexcept;
    /// On a read-only disk the store can be looked at; whatever writes throws Error{usage}.
    [[nodiscard]] bool read_only() const noexcept;
    /// Random name of this store, given when it was made: the metadata by which our sandboxes are told from
    /// others'.
    [[nodiscard]] const std::string& store_id() const noexcept;

    // --- sessions
    // -------------------------------------------------------------------------------------------------
    /// Inserts `session` in one immediate transaction; `admit` sees the use of its provider first and refuses by throwing. What
    /// was spent is summed up for it only when `with_spending`. @return the row as inserted.
    Session insert(const Session& session, std::chrono::seconds rate_window,
                   const std::function<void(const SlotUse&)>& admit, bool with_spending = false);
    [[nodiscard]] SlotUse slot_use(const std::string& provider, std::chrono::seconds rate_window) const;

    [[nodiscard]] std::optional<Session> find(const SessionId& id) const;
    [[nodiscard]] Session get(const SessionId& id) const;
    /// A full id, a name (a live session's first, else the newest), a unique prefix of an id, or "@last" (the
    /// newest).
    /// @throws Error{not_found}, Error{usage} listing the candidates of an ambiguous prefix.
    [[nodiscard]] Session resolve(std::string_view reference) const;
    [[nodiscard]] std::vector<Session> list(const SessionQuery& query) const;
    [[nodiscard]] std::int64_t count(const SessionQuery& query) const;

    /// Applies `change` if the row's status is one of `if_status` (empty: any), with an event in the same
    /// transaction. A change of status without an event of its own gets one. @return false when the row was
    /// in another status: nothing happened.
    bool change(const SessionId& id, const SessionChange& change, const std::vector<Status>& if_status = {},
                const std::optional<Event>& event = {});

    // --- timeline
    // -------------------------------------------------------------------------------------------------
    /// `event.time` zero means now.
    void add_event(const SessionId& id, const Event& event);
    [[nodiscard]] std::vector<Event> events(const SessionId& id) const;

    // --- apps
    // -----------------------------------------------------------------------------------------------------
    /// Keeps the app as the session's next version. Contents that are known already take no space. @return
    /// its number.
    int add_version(const SessionId& id, const StoredApp& app, const std::string& origin, const std::string& note = {});
    void mark_deployed(const SessionId& id, int version);
    [[nodiscard]] std::vector<AppVersion> versions(const SessionId& id) const;
    /// @throws Error{not_found}; Error{usage} when a content does not have the hash it is stored under.
    [[nodiscard]] StoredApp app(const SessionId& id, int version) const;
    /// The newest app that became ready for this request.
    [[nodiscard]] std::optional<Reusable> find_reusable(const std::string& request_key) const;

    // --- money
    // ----------------------------------------------------------------------------------------------------
    /// Books the lines and adds them to the session's actual_cost.
    void book(const SessionId& id, const std::vector<CostLine>& lines);
    [[nodiscard]] std::vector<CostLine> cost_lines(const SessionId& id) const;
    /// No sandbox was made after all: there is nothing to book.
    void forget_use(const SessionId& id);
    /// Books the sandbox's use once: the lines, the metric and sandbox_started_at = empty in one transaction,
    /// so that a second caller books nothing. @return false when the row does not (any more) say that a use began at
    /// metric.start.
    bool book_usage(const SessionId& id, const UsageMetric& metric, const std::vector<CostLine>& lines);
    [[nodiscard]] std::vector<UsageMetric> usage(const SessionId& id) const;
    /// Sums of lines booked in [from, to), one row per group, groups in descending order of cost (days in
    /// order of time).
    [[nodiscard]] std::vector<CostSum> cost_sums(WallTime from, WallTime to, CostGroup group) const;

    // --- findings, output, history
    // --------------------------------------------------------------------------------
    void add_findings(const SessionId& id, const std::vector<FindingRow>& findings);
    [[nodiscard]] std::vector<FindingRow> findings(const SessionId& id) const;
    /// Replaces the kept output by the last k_log_limit bytes of `text`.
    void keep_log(const SessionId& id, std::string_view text);
    [[nodiscard]] std::optional<KeptLog> kept_log(const SessionId& id) const;
    /// From admission to ready, of the newest sessions of this kind: what a progress bar expects. Newest
    /// first.
    [[nodiscard]] std::vector<std::chrono::milliseconds> recent_durations(AppType type, Source source,
                                                                          std::size_t limit) const;
    [[nodiscard]] Outcomes outcomes(WallTime since) const;

    // --- small facts
    // ----------------------------------------------------------------------------------------------
    [[nodiscard]] std::optional<std::string> fact(const std::string& name) const;
    void set_fact(const std::string& name, const std::string& value);
    /// Takes the right to act when `period` has passed since the last time anybody did, in one transaction.
    [[nodiscard]] bool claim_turn(const std::string& name, std::chrono::milliseconds period);

    /// What `PRAGMA quick_check` and the foreign key check complain about; empty when all is well.
    [[nodiscard]] std::vector<std::string> check() const;
    [[nodiscard]] int schema_version() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spawnai::store
