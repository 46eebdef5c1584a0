// SPDX-License-Identifier: MIT
#pragma once

// Tells people how far a grid is.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

#include <unistd.h>

#include <fmt/format.h>

#include "cell.hpp"

namespace experiments {

/// One line that says how far the grid is.
class Progress {
  using Clock = std::chrono::steady_clock;

 public:
  explicit Progress(std::size_t cells) : left_(cells), all_(cells), live_(::isatty(STDERR_FILENO) != 0) {}

  void start(const Cell& cell, bool is_done) {
    cell_ = fmt::format("{} {} seed {}", joined(cell.networks), cell.method, cell.seed);
    --left_;
    if (is_done) ++found_;
    shown_ = Clock::now() - std::chrono::hours(1);
  }
  void show(double share) {
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::seconds(live_ ? 1 : 60) && share < 1) return;
    shown_ = now;
    const double done = static_cast<double>(all_ - found_ - left_ - 1) + share;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double minutes = done > 0 ? seconds / done * (static_cast<double>(left_) + 1 - share) / 60 : 0;
    fmt::print(stderr, "{}[{}/{}] {}: {:.0f} %, about {:.0f} min left{}", live_ ? "\r\033[K" : "", all_ - left_, all_,
               cell_, 100 * share, minutes, live_ ? "" : "\n");
    std::fflush(stderr);
  }
  /// On a line of its own.
  void say(const std::string& text) {
    fmt::print(stderr, "{}{}: {}\n", live_ ? "\r\033[K" : "", cell_, text);
    shown_ = Clock::now() - std::chrono::hours(1);
  }

 private:
  std::size_t left_, all_, found_ = 0;
  bool live_;
  std::string cell_;
  Clock::time_point start_ = Clock::now(), shown_;
};

}  // namespace experiments
