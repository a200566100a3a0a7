#include "table.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <numeric>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_gap = 2;
constexpr std::size_t k_least_width = 8;  // a shrunk column stays readable
constexpr std::size_t k_longest_cell = 4000;

}  // namespace

void Table::add(std::vector<Cell> row) {
    row.resize(columns_.size());
    for (Cell& cell : row) cell.text = one_line(trim(cell.text), k_longest_cell);
    rows_.push_back(std::move(row));
}

std::string Table::render(const Terminal& terminal, bool headers) const {
    std::string text;
    if (!terminal.out_is_tty()) {
        const auto line = [&text](const auto& cells, const auto& text_of) {
            for (std::size_t i = 0; i < cells.size(); ++i) {
                if (i > 0) text += '\t';
                text += text_of(cells[i]);
            }
            text += '\n';
        };
        if (headers) line(columns_, [](const Column& column) { return column.header; });
        for (const auto& row : rows_)
            line(row, [&](const Cell& cell) { return terminal.out_styled(cell.style, cell.text); });
        return text;
    }

    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = headers ? columns_[i].header.size() : 0;
        for (const auto& row : rows_) width = std::max(width, utf8_length(row[i].text));
        widths.push_back(width);
    }
    std::size_t total = std::accumulate(widths.begin(), widths.end(), k_gap * (widths.size() - 1));
    while (total > terminal.out_width()) {
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (columns_[i].shrink && widths[i] > k_least_width &&
                (widest == columns_.size() || widths[i] > widths[widest]))
                widest = i;
        if (widest == columns_.size()) break;
        --widths[widest];
        --total;
    }
    const auto line = [&](const auto& cell_of) {
        std::string current;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const Cell cell = cell_of(i);
            const std::string shown = one_line(cell.text, widths[i]);
            const std::size_t length = utf8_length(shown);
            const std::string padding(widths[i] > length ? widths[i] - length : 0, ' ');
            if (columns_[i].right) current += padding;
            current += terminal.out_styled(cell.style, shown);
            if (i + 1 == columns_.size()) break;
            if (!columns_[i].right) current += padding;
            current.append(k_gap, ' ');
        }
        current.erase(current.find_last_not_of(' ') + 1);
        text += current + "\n";
    };
    if (headers) line([&](std::size_t i) { return Cell{columns_[i].header, Style::bold}; });
    for (const auto& row : rows_) line([&](std::size_t i) { return row[i]; });
    return text;
}

}  // namespace spawnai::cli
