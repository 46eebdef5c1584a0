// SPDX-License-Identifier: MIT
#pragma once

// Finished cells, and failed ones in a file of their own, one JSON line each. A line is written whole and synced before
// the next cell begins.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <afd/error.hpp>

#include "cell.hpp"

namespace experiments {

/// All lines of a file; none if it is not there. A last line without its newline was cut off by a crash: it is left
/// out, and said so. Throws afd::FormatError for any other line that is not a `Line`.
template <class Line = Result>
[[nodiscard]] std::vector<Line> read_results(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Line> lines;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (file.eof()) {
      fmt::print(stderr, "{}:{}: was cut off; that cell will be run again\n", path.string(), number);
      break;
    }
    try {
      lines.push_back(nlohmann::json::parse(text).get<Line>());
    } catch (const nlohmann::json::exception& problem) {
      throw afd::FormatError(fmt::format("{}:{}: not a result: {}", path.string(), number, problem.what()));
    }
  }
  return lines;
}

class ResultsFile {
 public:
  /// Throws afd::FileError if the file cannot be written.
  explicit ResultsFile(std::filesystem::path path) : path_(std::move(path)) {
    drop_cut_line();
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) throw afd::FileError(fmt::format("cannot write {}", path_.string()));
  }
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;
  ~ResultsFile() { ::close(file_); }

  template <class Line>
  void add(const Line& result) {
    const std::string line = nlohmann::json(result).dump() + "\n";
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file_) != 0) {
      throw afd::FileError(fmt::format("cannot write {}; is the disk full?", path_.string()));
    }
  }

 private:
  void drop_cut_line() const {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto end = text.rfind('\n');
    const std::size_t kept = end == std::string::npos ? 0 : end + 1;
    if (kept < text.size()) std::filesystem::resize_file(path_, kept);
  }

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace experiments
