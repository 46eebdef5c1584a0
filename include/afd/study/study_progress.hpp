// SPDX-License-Identifier: MIT
#pragma once

// Tells people how far a study is. Torch-free.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include <afd/detail/terminal.hpp>

namespace afd::detail {

/// One line: how many cells are done, which one is trained and how far it is, and the time that is left for all. On a
/// terminal it is rewritten; else there is one for each cell's begin and for each ten minutes.
class StudyProgress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `out` may be nullptr: nothing is shown then.
  StudyProgress(std::ostream* out, std::size_t cells)
      : out_(out), cells_(cells), live_(out != nullptr && is_terminal(*out)) {}

  /// `finished`: cells, by whomever. Those of before this study began are not counted for its speed.
  void begin_cell(std::string name, std::size_t finished) {
    if (!began_) {
      began_ = true;
      found_ = finished;
    }
    name_ = std::move(name);
    finished_ = finished;
    shown_ = {};
    show(0);
  }

  /// `share` of the cell's training is done.
  void show(double share) {
    if (out_ == nullptr) return;
    const Clock::time_point now = Clock::now();
    if (shown_ != Clock::time_point{} && now - shown_ < (live_ ? std::chrono::seconds(1) : std::chrono::seconds(600))) {
      return;
    }
    shown_ = now;
    std::ostringstream line;
    line << "cell " << std::min(finished_ + 1, cells_) << '/' << cells_ << "  " << name_ << "  " << std::fixed
         << std::setprecision(0) << 100 * share << " %";
    const double done = static_cast<double>(finished_ - found_) + share;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    if (done > 0.02) {
      line << "  ETA " << duration(seconds / done * (static_cast<double>(cells_ - finished_) - share));
    }
    *out_ << (live_ ? "\r\033[K" : "") << line.str() << (live_ ? "" : "\n") << std::flush;
  }

  /// On a line of its own.
  void say(const std::string& text) {
    if (out_ == nullptr) return;
    *out_ << (live_ ? "\r\033[K" : "") << text << '\n' << std::flush;
    shown_ = {};
  }

  /// 1 h 05 min, or 7 min; less than a minute is told as such.
  [[nodiscard]] static std::string duration(double seconds) {
    const auto minutes = static_cast<std::int64_t>(std::llround(seconds / 60));
    std::ostringstream text;
    if (minutes < 1) return "less than a minute";
    if (minutes >= 60) text << minutes / 60 << " h " << std::setfill('0') << std::setw(2);
    text << minutes % 60 << " min";
    return text.str();
  }

 private:
  std::ostream* out_;
  std::size_t cells_, finished_ = 0, found_ = 0;
  bool live_, began_ = false;
  std::string name_;
  Clock::time_point start_ = Clock::now(), shown_{};
};

}  // namespace afd::detail
