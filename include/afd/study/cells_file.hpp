// SPDX-License-Identifier: MIT
#pragma once

// Finished cells, one JSON line each, which several processes may add to. Torch-free; POSIX; needs nlohmann-json.

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/study/cell.hpp>

namespace afd {

class CellsFile {
 public:
  explicit CellsFile(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// All cells; none if there is no file. A last line without its end was cut off by a crash and does not count.
  /// Throws FormatError, naming the line, for any other that is not a cell.
  [[nodiscard]] std::vector<Cell> read() const {
    std::ifstream file(path_);
    std::vector<Cell> cells;
    std::string text;
    for (int number = 1; std::getline(file, text) && !file.eof(); ++number) {
      try {
        cells.push_back(nlohmann::json::parse(text).get<Cell>());
      } catch (const nlohmann::json::exception& problem) {
        throw FormatError(detail::concat(path_, ", line ", number, " is no cell of a study: ", problem.what()));
      }
    }
    return cells;
  }

  /// Once it returns, the line is on the disk. Throws FileError if it is not; none of it counts then.
  void add(const Cell& cell) const {
    const detail::Descriptor file(path_, O_RDWR | O_CREAT | O_APPEND);
    // Others may be adding, too, and one of them may have been cut off.
    if (file.get() < 0 || ::flock(file.get(), LOCK_EX) != 0) fail("it cannot be opened");
    const off_t whole = length_of_whole_lines(file.get());
    if (::ftruncate(file.get(), whole) != 0) fail("a line that was cut off cannot be removed");
    if (detail::write_all(file.get(), nlohmann::json(cell).dump() + "\n") && ::fsync(file.get()) == 0) return;
    const int reason = errno;
    static_cast<void>(::ftruncate(file.get(), whole));
    errno = reason;
    fail("writing failed");
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw FileError(detail::concat("cannot write ", path_, ": ", what, ": ", std::generic_category().message(errno)));
  }

  [[nodiscard]] static off_t length_of_whole_lines(int file) {
    off_t end = ::lseek(file, 0, SEEK_END);
    char last = '\n';
    while (end > 0 && ::pread(file, &last, 1, end - 1) == 1 && last != '\n') --end;
    return end;
  }

  std::filesystem::path path_;
};

}  // namespace afd
