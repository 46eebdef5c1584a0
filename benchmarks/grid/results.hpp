// SPDX-License-Identifier: MIT
#pragma once

// The rows of the grid's CSV file.

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace grid {

struct Row {
  std::string part, recipe, topology, networks;
  int count = 0, batch = 0, threads = 0;
  std::string side;
  double ms = 0, ms_low = 0, ms_high = 0;
  double ratio = 0, ratio_low = 0, ratio_high = 0;  ///< the side's time over that of the cell's first side
  double peak_mib = 0;

  [[nodiscard]] bool same_cell(const Row& other) const {
    return part == other.part && recipe == other.recipe && topology == other.topology && networks == other.networks &&
           batch == other.batch && threads == other.threads;
  }
};

/// Throws std::runtime_error for a file that cannot be read or has a line that is not a row.
[[nodiscard]] inline std::vector<Row> read_rows(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) throw std::runtime_error("cannot read " + path);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::string field;
    bool quoted = false;
    for (const char c : line + ",") {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        fields.push_back(field);
        field.clear();
      } else {
        field += c;
      }
    }
    if (fields.size() != 15) throw std::runtime_error(path + ": not a row: " + line);
    const auto number = [&](std::size_t i) { return std::stod(fields[i]); };
    const auto whole = [&](std::size_t i) { return std::stoi(fields[i]); };
    rows.push_back({fields[0], fields[1], fields[2], fields[3], whole(4), whole(5), whole(6), fields[7], number(8),
                    number(9), number(10), number(11), number(12), number(13), number(14)});
  }
  return rows;
}

}  // namespace grid
