// SPDX-License-Identifier: MIT
#pragma once

// Watches the games between discriminators and networks while they are trained.

#include <concepts>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <afd/data/batch.hpp>
#include <afd/error.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/train/events.hpp>

namespace afd {

/// How all games stood after an epoch.
struct GameRecord {
  std::int64_t epoch = 0;  ///< from 0
  std::vector<GameHealth> games;
};

/// A callback of a trainer: every so many epochs, and after the last one, lets the discriminators judge the maps of a
/// source's images (validation images, say), and gives advice once for each edge whose game is lost.
///
///     afd::GameWatch watch{distiller, validation};
///     trainer.fit(train, validation, watch);
///
/// Advice goes to std::cerr unless a function is given. The distiller must outlive it. Nothing is done, and the source
/// is not read, for a strategy without discriminators.
template <class D, BatchSource Source>
class GameWatch {
 public:
  /// Throws ConfigError unless `every` is at least 1.
  GameWatch(
      D& distiller, Source source, std::int64_t every = 1,
      std::function<void(const std::string&)> advise = [](const std::string& text) { std::cerr << text << '\n'; })
      : distiller_(distiller), source_(std::move(source)), every_(every), advise_(std::move(advise)) {
    if (every < 1) throw ConfigError("GameWatch looks every so many epochs, at least 1");
  }

  template <class S>
  void on_epoch(const EpochEvent<D, S>& event) {
    if ((event.epoch + 1) % every_ != 0 && event.epoch + 1 != event.epochs) return;
    GameRecord record{event.epoch, distiller_.game_health(source_)};
    advised_.resize(record.games.size());
    for (std::size_t i = 0; i < record.games.size(); ++i) {
      const std::string advice = record.games[i].advice();
      if (advised_[i] || advice.empty()) continue;
      advised_[i] = true;
      advise_("epoch " + std::to_string(event.epoch + 1) + ", " + advice);
    }
    if (!record.games.empty()) records_.push_back(std::move(record));
  }

  [[nodiscard]] const std::vector<GameRecord>& records() const { return records_; }

 private:
  D& distiller_;
  Source source_;
  std::int64_t every_;
  std::function<void(const std::string&)> advise_;
  std::vector<bool> advised_;
  std::vector<GameRecord> records_;
};

}  // namespace afd
