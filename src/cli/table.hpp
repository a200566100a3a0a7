#pragma once

#include "terminal.hpp"

#include <string>
#include <vector>

namespace spawnai::cli {

struct Column {
    std::string header;   ///< upper case
    bool right = false;   ///< numbers
    bool shrink = false;  ///< may be cut with an ellipsis when the terminal is narrow
};

struct Cell {
    std::string text;
    Style style = Style::plain;
};

/// Rows for people and for awk: aligned with two blanks between columns on a terminal, tab-separated otherwise. No borders.
/// Cells are sanitised here.
class Table {
 public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void add(std::vector<Cell> row);
    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
    /// @param headers the first line names the columns
    [[nodiscard]] std::string render(const Terminal& terminal, bool headers = true) const;

 private:
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace spawnai::cli
