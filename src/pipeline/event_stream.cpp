#include "event_stream.hpp"

#include <spawnai/core/json.hpp>

#include <fmt/format.h>

namespace spawnai::pipeline {
namespace {

std::string_view severity_name(validate::Severity severity) {
    switch (severity) {
        case validate::Severity::block:
            return "block";
        case validate::Severity::warn:
            return "warn";
        case validate::Severity::note:
            return "note";
    }
    return "note";
}

store::FindingRow row_of(const validate::Finding& finding, int attempt) {
    store::FindingRow row;
    row.attempt = attempt;
    row.rule = finding.rule;
    row.severity = severity_name(finding.severity);
    row.file = finding.file;
    row.line = finding.line;
    row.column = finding.column;
    row.message = finding.message;
    row.hint = finding.hint;
    return row;
}

}  // namespace

std::string_view to_string(Step step) noexcept {
    switch (step) {
        case Step::generate:
            return "generate";
        case Step::create:
            return "create";
        case Step::install:
            return "install";
        case Step::validate:
            return "validate";
        case Step::upload:
            return "upload";
        case Step::build:
            return "build";
        case Step::start:
            return "start";
        case Step::probe_inside:
            return "probe_inside";
        case Step::probe_outside:
            return "probe_outside";
        case Step::run:
            return "run";
    }
    return "step";
}

void EventStream::emit(EventBody body) noexcept {
    const std::lock_guard lock(mutex_);
    const SpawnEvent event{clock_.now(), session_, std::move(body)};
    try {
        record(event);
    } catch (const std::exception&) {
        // The timeline is a courtesy; what must not be lost is written by the workflow itself, which then fails.
        store_ = nullptr;
    }
    observer_.on_event(event);
}

void EventStream::record(const SpawnEvent& event) {
    if (store_ == nullptr) return;
    const auto add = [&](const char* kind, std::string message, const Json& data = {}) {
        store_->add_event(session_, store::Event{.time = event.time,
                                                 .kind = kind,
                                                 .message = std::move(message),
                                                 .data = data.is_null() ? std::string() : dump_json(data)});
    };
    if (const auto* chosen = std::get_if<SourceChosen>(&event.body)) {
        add("source", chosen->explanation, {{"source", store::to_string(chosen->source)}, {"name", chosen->name}});
    } else if (const auto* done = std::get_if<StepDone>(&event.body)) {
        add("step", std::string(to_string(done->step)), {{"ms", done->took.count()}});
    } else if (const auto* repair = std::get_if<RepairStarted>(&event.body)) {
        add("repair", repair->reason,
            {{"attempt", repair->attempt},
             {"model", repair->model},
             {"escalated", repair->escalated},
             {"simpler", repair->simpler}});
    } else if (const auto* note = std::get_if<Note>(&event.body)) {
        add("note", note->text);
    } else if (const auto* found = std::get_if<Findings>(&event.body)) {
        std::vector<store::FindingRow> rows;
        for (const auto& finding : found->report.findings) rows.push_back(row_of(finding, found->attempt));
        if (!rows.empty()) store_->add_findings(session_, rows);
    }
}

}  // namespace spawnai::pipeline
