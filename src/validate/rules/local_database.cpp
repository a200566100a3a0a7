#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::api) return;
    each_string(app, [&](const FileView& file, const Located& one) {
        if (!file.runs()) return;
        const std::string low = ascii_lower(one.text);
        for (const std::string_view scheme :
             {"mongodb://", "postgres://", "postgresql://", "mysql://", "redis://", "amqp://"}) {
            if (!starts_with(low, scheme)) continue;
            const std::string host = host_of("http://" + low.substr(scheme.size()));
            if (is_loopback_host(host))
                judge.warn(&file, one.offset, "the server expects a database at " + host,
                           "keep the data in memory or in a file: the sandbox has no database");
        }
    });
}

}  // namespace

const Rule local_database{{"local-database", Severity::warn, "api", "A database on localhost.",
                           "The sandbox has none, so whatever needs it fails; the rest of the server may work."},
                          Scope::app,
                          check};

}  // namespace spawnai::validate::rules
