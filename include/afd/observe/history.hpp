// SPDX-License-Identifier: MIT
#pragma once

// What was measured, epoch by epoch: a table with named columns, and its CSV file. Torch-free.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

class History {
 public:
  using Row = std::vector<double>;

  History() = default;
  explicit History(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  /// Throws ConfigError unless the row has one value per column; NaN is a value that is not there.
  void add(Row row) {
    if (row.size() != columns_.size()) {
      throw ConfigError(
          detail::concat("a row of ", row.size(), " values was added to a history of ", columns_.size(), " columns"));
    }
    rows_.push_back(std::move(row));
  }

  /// All values of one column. Throws ConfigError if there is no such column.
  [[nodiscard]] std::vector<double> column(std::string_view name) const {
    const auto found = std::find(columns_.begin(), columns_.end(), name);
    if (found == columns_.end()) throw ConfigError(detail::concat("a history has no column ", name));
    const auto index = static_cast<std::size_t>(found - columns_.begin());
    std::vector<double> values;
    for (const Row& row : rows_) values.push_back(row[index]);
    return values;
  }

  /// The table as CSV: a header line, then a line per row. Numbers are the shortest text that reads back to the same
  /// bits; a value that is not there is left empty.
  [[nodiscard]] std::string csv() const {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) text += (i == 0 ? "" : ",") + columns_[i];
    text += '\n';
    for (const Row& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) text += ',';
        append(text, row[i]);
      }
      text += '\n';
    }
    return text;
  }

  /// Throws FileError; a file that was there before is then untouched.
  void write_csv(const std::filesystem::path& path) const { detail::write_file_atomically(path, csv()); }

 private:
  static void append(std::string& text, double value) {
    if (std::isnan(value)) return;
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    text.append(digits.data(), end);
  }

  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

}  // namespace afd
