// SPDX-License-Identifier: MIT
#pragma once

// A callback that shows how a training goes: one line, rewritten as it goes on, with losses, speed and the time left.

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iomanip>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <afd/detail/terminal.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/train/events.hpp>

namespace afd {

struct ProgressOptions {
  std::string label = {};  ///< put first, to tell several trainings apart
  /// Rewrite one line, or write one per epoch, for logs. Not given: the former if the stream is standard output or
  /// error and a terminal.
  std::optional<bool> live = std::nullopt;
  double every_seconds = 0.5;  ///< between two rewritings
};

/// Losses are the means of each term over networks or edges. They are read only when a line is written, so an
/// accelerator is not made to wait at every step.
class ProgressLine {
 public:
  explicit ProgressLine(std::ostream& out, ProgressOptions options = {})
      : out_(out), options_(std::move(options)), live_(options_.live.value_or(detail::is_terminal(out))) {}

  template <class D>
  void on_step(const StepEvent<D>& event) {
    if (!live_) return;
    const Clock::time_point now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.every_seconds));
    std::ostringstream line;
    head(line, event.epoch, event.epochs);
    line << "  step " << event.step;
    if (event.epoch_steps) line << '/' << *event.epoch_steps;
    speed(line, static_cast<double>(event.samples) / event.epoch_seconds);
    if (event.epoch_steps) {
      const double done =
          static_cast<double>(event.epoch) + static_cast<double>(event.step) / static_cast<double>(*event.epoch_steps);
      line << "  ETA " << duration(event.seconds / done * (static_cast<double>(event.epochs) - done));
    }
    losses(line, D::Report::entries, event.report.values());
    rewrite(line.str());
  }

  template <class D, class S>
  void on_epoch(const EpochEvent<D, S>& event) {
    std::ostringstream line;
    head(line, event.epoch, event.epochs);
    speed(line, static_cast<double>(event.samples) / event.train_seconds);
    const double left =
        event.seconds / static_cast<double>(event.epoch + 1) * static_cast<double>(event.epochs - event.epoch - 1);
    line << "  ETA " << duration(left);
    losses(line, D::Report::entries, event.losses);
    if (event.scores) scores<S>(line, *event.scores);
    if (live_) rewrite("");
    out_ << (live_ ? "\r" : "") << line.str() << '\n' << std::flush;
    width_ = 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void head(std::ostringstream& line, std::int64_t epoch, std::int64_t epochs) const {
    if (!options_.label.empty()) line << options_.label << "  ";
    line << "epoch " << epoch + 1 << '/' << epochs;
  }

  static void speed(std::ostringstream& line, double images_per_second) {
    line << std::fixed << std::setprecision(0) << "  " << images_per_second << " images/s";
  }

  /// 1:02:03 or 02:03.
  static std::string duration(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    std::ostringstream text;
    text << std::setfill('0');
    if (whole >= 3600) text << whole / 3600 << ':';
    text << std::setw(2) << whole / 60 % 60 << ':' << std::setw(2) << whole % 60;
    return text.str();
  }

  template <class Entries>
  static void losses(std::ostringstream& line, const Entries& entries, const std::vector<double>& values) {
    line << std::setprecision(3);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto same = [&](std::size_t j) {
        return entries[j].term == entries[i].term && entries[j].kind == entries[i].kind;
      };
      bool seen = false;
      for (std::size_t j = 0; j < i; ++j) seen = seen || same(j);
      if (seen) continue;
      double sum = 0;
      int count = 0;
      for (std::size_t j = i; j < entries.size(); ++j) {
        if (!same(j)) continue;
        sum += values[j];
        ++count;
      }
      line << "  " << (entries[i].kind == LossKind::discriminator ? "discriminator" : entries[i].term) << ' '
           << sum / count;
    }
  }

  /// The watched number of each network; a dash for one that was not scored.
  template <class S, class Scores>
  static void scores(std::ostringstream& line, const Scores& scores) {
    constexpr auto column = S::columns[S::watched];
    line << "  " << (column.label.empty() ? column.name : column.label) << std::setprecision(2);
    const auto number = [&](const typename S::Result& of) {
      if (of.samples == 0) {
        line << " -";
      } else {
        line << ' ' << column.factor * of.*column.value;
      }
    };
    for (const auto& of : scores.networks) number(of);
    if (scores.networks.size() < 2 || scores.ensemble.samples == 0) return;
    line << ", ensemble";
    number(scores.ensemble);
  }

  void rewrite(const std::string& text) {
    const std::size_t length = text.size();
    out_ << '\r' << text;
    if (length < width_) out_ << std::string(width_ - length, ' ');
    out_ << std::flush;
    width_ = length;
  }

  std::ostream& out_;
  ProgressOptions options_;
  bool live_;
  Clock::time_point next_{};
  std::size_t width_ = 0;
};

}  // namespace afd
