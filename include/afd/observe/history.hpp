// SPDX-License-Identifier: MIT
#pragma once

// What was measured, epoch by epoch: a table with named columns, and its CSV file. Torch-free.

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
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

  /// The history whose csv() is `text`. Throws FormatError for any other text.
  [[nodiscard]] static History parse_csv(std::string_view text) {
    const auto next_line = [&] {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) throw FormatError("a history ends inside a line");
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end + 1);
      return line;
    };
    const auto fields = [](std::string_view line) {
      std::vector<std::string> all(1);
      for (const char c : line) {
        if (c == ',') {
          all.emplace_back();
        } else {
          all.back() += c;
        }
      }
      return all;
    };
    History history(fields(next_line()));
    if (history.columns_ == std::vector<std::string>{""}) history.columns_.clear();
    while (!text.empty()) {
      Row row;
      for (const std::string& field : fields(next_line())) {
        double value = std::numeric_limits<double>::quiet_NaN();
        const char* end = field.data() + field.size();
        if (!field.empty()) {
          const auto [stop, problem] = std::from_chars(field.data(), end, value);
          if (problem != std::errc() || stop != end) throw FormatError("a history has a value that is no number");
        }
        row.push_back(value);
      }
      if (row.size() != history.columns_.size()) throw FormatError("a history has a row of another length");
      history.rows_.push_back(std::move(row));
    }
    return history;
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
