#include <spawnai/core/embedded.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/prices.hpp>

#include <string>
#include <string_view>

namespace spawnai {

namespace {

std::string_view built_in_text() {
    for (std::size_t i = 0; i < embedded_tables::data_size; ++i)
        if (std::string_view(embedded_tables::data[i].path) == "data/prices.json")
            return embedded_tables::data[i].content();
    throw Error(ErrorKind::internal, "the built-in prices are missing");
}

/// What tells one row of a list from another; null when rows have no such thing.
Json key_of(const Json& row) {
    for (const char* const name : {"id", "name", "model"})
        if (row.is_object() && row.contains(name)) return row[name];
    return nullptr;
}

void lay_over(Json& base, const Json& changes) {
    if (base.is_object() && changes.is_object()) {
        for (const auto& [name, value] : changes.items()) lay_over(base[name], value);
    } else if (base.is_array() && changes.is_array() && !base.empty() && !key_of(base.front()).is_null()) {
        for (const Json& row : changes) {
            Json* same = nullptr;
            for (Json& each : base)
                if (key_of(each) == key_of(row)) same = &each;
            if (same != nullptr)
                lay_over(*same, row);
            else
                base.push_back(row);
        }
    } else {
        base = changes;
    }
}

}  // namespace

Prices Prices::load(const std::optional<std::filesystem::path>& file) {
    if (!file) return {PriceTable::built_in(), ModelPrices::built_in()};
    const std::string source = file->string();
    const Json changes = parse_json(read_file(*file, 1U << 20U), source, ErrorKind::usage);
    if (!changes.is_object()) throw Error(ErrorKind::usage, source + " must hold one JSON object");
    Json merged = parse_json(built_in_text(), "the built-in prices", ErrorKind::internal);
    lay_over(merged, changes);
    const std::string text = dump_json(merged);
    return {PriceTable::parse(text, source), ModelPrices::parse(text, source)};
}

}  // namespace spawnai
