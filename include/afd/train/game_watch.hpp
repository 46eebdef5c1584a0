// SPDX-License-Identifier: MIT
#pragma once

// Watches the games between discriminators and networks while they are trained.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <afd/data/batch.hpp>
#include <afd/error.hpp>
#include <afd/observe/game_health.hpp>
#include <afd/observe/history.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/state/state_visitor.hpp>
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

  /// Records, and with them which advice was given, go on with a training that goes on.
  template <StateVisitor V>
  void visit_state(V& visitor) {
    visitor.text("records", [this] { return table().csv(); }, [this](const std::string& text) { return staged(text); });
  }

 private:
  /// A game on every edge that has one, in the order of Distiller::game_health.
  [[nodiscard]] static std::vector<GameHealth> games() {
    std::vector<GameHealth> all;
    for (const LossEntry& entry : D::Report::entries) {
      if (entry.kind == LossKind::discriminator) all.push_back({entry.term, entry.teacher, entry.student});
    }
    return all;
  }

  [[nodiscard]] History table() const {
    std::vector<std::string> columns{"epoch"};
    for (const GameHealth& game : games()) {
      columns.push_back("real on " + game.place());
      columns.push_back("fake on " + game.place());
    }
    for (std::string& column : columns) std::replace(column.begin(), column.end(), ',', ';');
    History history(std::move(columns));
    for (const GameRecord& record : records_) {
      History::Row row{static_cast<double>(record.epoch)};
      for (const GameHealth& game : record.games) row.insert(row.end(), {game.real, game.fake});
      history.add(std::move(row));
    }
    return history;
  }

  [[nodiscard]] std::function<void()> staged(const std::string& text) {
    const History history = History::parse_csv(text);
    if (history.columns() != table().columns()) throw FormatError("the games in the file are others than here");
    std::vector<GameRecord> records;
    for (const History::Row& row : history.rows()) {
      GameRecord record{static_cast<std::int64_t>(row[0]), games()};
      for (std::size_t i = 0; i < record.games.size(); ++i) {
        record.games[i].real = row[2 * i + 1];
        record.games[i].fake = row[2 * i + 2];
      }
      records.push_back(std::move(record));
    }
    return [this, records = std::move(records)] {
      records_ = records;
      advised_.assign(games().size(), false);
      for (const GameRecord& record : records_) {
        for (std::size_t i = 0; i < record.games.size(); ++i) {
          advised_[i] = advised_[i] || !record.games[i].advice().empty();
        }
      }
    };
  }

  D& distiller_;
  Source source_;
  std::int64_t every_;
  std::function<void(const std::string&)> advise_;
  std::vector<bool> advised_;
  std::vector<GameRecord> records_;
};

}  // namespace afd
