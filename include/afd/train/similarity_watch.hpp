// SPDX-License-Identifier: MIT
#pragma once

// Watches how alike the maps of networks are while they are trained.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/reader.hpp>
#include <afd/observe/history.hpp>
#include <afd/observe/map_similarity.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/train/events.hpp>

namespace afd {

/// A callback of a trainer: every so many epochs, and after the last one, compares the features of all networks, two by
/// two, on a source's images, a few hundred validation images say: see map_similarity.hpp.
///
///     afd::SimilarityWatch watch{distiller, some_images};
///     trainer.fit(train, validation, watch);
///     watch.history().write_csv("similarity.csv");
///
/// The distiller must outlive it. Networks are in eval mode meanwhile and nothing changes.
template <class D, BatchSource Source>
class SimilarityWatch {
 public:
  /// Throws ConfigError unless `every` is at least 1.
  SimilarityWatch(D& distiller, Source source, std::int64_t every = 1)
      : distiller_(distiller), source_(std::move(source)), every_(every), history_(columns()) {
    if (every < 1) throw ConfigError("SimilarityWatch looks every so many epochs, at least 1");
  }

  template <class S>
  void on_epoch(const EpochEvent<D, S>& event) {
    if ((event.epoch + 1) % every_ != 0 && event.epoch + 1 != event.epochs) return;
    look(event.epoch);
  }

  /// A row for each look: "epoch", from 0, and for each two networks "l1 of 0 and 1", "l2 of ...", "cosine of ..." and
  /// "cka of ...".
  [[nodiscard]] const History& history() const { return history_; }

  /// Adds a row now, for a loop of one's own.
  void look(std::int64_t epoch) {
    const std::array<torch::Tensor, count> maps = maps_of_all();
    History::Row row{static_cast<double>(epoch)};
    each_two([&](std::size_t i, std::size_t j) {
      const MapSimilarity similarity = map_similarity(maps[i], maps[j]);
      row.insert(row.end(), {similarity.l1, similarity.l2, similarity.cosine, similarity.cka});
    });
    history_.add(std::move(row));
  }

  template <StateVisitor V>
  void visit_state(V& visitor) {
    visitor.text(
        "similarity", [this] { return history_.csv(); },
        [this](const std::string& text) -> std::function<void()> {
          History read = History::parse_csv(text);
          if (read.columns() != columns()) throw FormatError("the similarities in the file are of other networks");
          return [this, read = std::move(read)] { history_ = read; };
        });
  }

 private:
  static constexpr std::size_t count = D::network_count;

  template <class Body>
  static void each_two(const Body& body) {
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = i + 1; j < count; ++j) body(i, j);
  }

  [[nodiscard]] static std::vector<std::string> columns() {
    std::vector<std::string> all{"epoch"};
    each_two([&](std::size_t i, std::size_t j) {
      for (const char* what : {"l1", "l2", "cosine", "cka"}) all.push_back(detail::concat(what, " of ", i, " and ", j));
    });
    return all;
  }

  /// Of each network, the features of all samples.
  [[nodiscard]] std::array<torch::Tensor, count> maps_of_all() {
    const torch::NoGradGuard no_grad;
    std::deque<EvalMode> modes;  // cannot be moved
    detail::for_each_index<count>([&](auto k) { modes.emplace_back(module_of(distiller_.template network<k>())); });
    std::array<std::vector<torch::Tensor>, count> parts;
    for (auto&& item : source_) {
      const auto batch = as_batch(item);
      const std::int64_t samples = detail::check_batch_form(batch);
      detail::for_each_index<count>([&](auto k) {
        const auto outputs = run(distiller_.template network<k>(), detail::inputs_of<k, count>(batch.inputs));
        Features::check(outputs, samples);
        parts[k].push_back(detail::values_of(Features::of(outputs)).detach().to(torch::kCPU));
      });
    }
    std::array<torch::Tensor, count> maps;
    for (std::size_t k = 0; k < count; ++k) {
      if (parts[k].empty()) throw DataError("there are no maps to compare: the source of batches gave no sample");
      maps[k] = torch::cat(parts[k]);
    }
    return maps;
  }

  D& distiller_;
  Source source_;
  std::int64_t every_;
  History history_;
};

}  // namespace afd
