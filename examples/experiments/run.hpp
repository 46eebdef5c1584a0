// SPDX-License-Identifier: MIT
#pragma once

// What the recipes of a study have in common, and the studies themselves, by how many networks there are.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include <afd/network/any_network.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/study/study.hpp>
#include <afd/train/similarity_watch.hpp>

#include "data.hpp"
#include "networks.hpp"
#include "settings.hpp"

namespace experiments {

struct Run {
  Settings settings;
  StudyData data;
  afd::StudyOptions options;

  [[nodiscard]] afd::TrainerOptions<> training() const {
    return {.epochs = settings.epochs,
            .schedule = afd::MultiStep{.milestones = settings.milestones},
            .evaluate_every = settings.evaluate_every};
  }

  /// Of a seed. A network's weights are the same whoever trains beside it.
  template <std::size_t K>
  [[nodiscard]] std::array<afd::AnyNetwork, K> networks(std::uint64_t seed) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array{make_network(settings.networks.at(I), data.shape, 100 * seed + I)...};
    }(std::make_index_sequence<K>{});
  }
};

template <class Updates = afd::SeparateUpdates>
using Options = afd::DistillerOptions<afd::Sgd, afd::Adam, afd::Adam, afd::Simultaneous, afd::ThrowNonFinite,
                                      afd::Sequential, Updates>;

/// The optimizers of a recipe. Adam's steps do not know how large a gradient is: the rate says how far they go, the
/// weight of a loss only sets it against the weight decay.
template <class Updates = afd::SeparateUpdates>
[[nodiscard]] Options<Updates> options_of(const Settings& settings) {
  Options<Updates> options;
  options.logit = {.lr = settings.lr, .nesterov = true};
  options.feature = {.lr = settings.feature_lr, .weight_decay = settings.feature_decay};
  options.discriminator = options.feature;
  options.layout = afd::Layout::channels_last;
  return options;
}

[[nodiscard]] inline afd::MutualKL kl(const Settings& settings) {
  return {.temperature = settings.temperature};
}
[[nodiscard]] inline afd::FeatureL1 l1(const Settings& settings) {
  return {.weight = settings.l1_weight};
}

/// Notes how alike maps are, for the cell.
template <class D>
class Similarity : public afd::SimilarityWatch<D, afd::AnySource> {
 public:
  using afd::SimilarityWatch<D, afd::AnySource>::SimilarityWatch;

  [[nodiscard]] nlohmann::json json() const {
    nlohmann::json columns;
    for (const std::string& name : this->history().columns()) {
      columns[name] = afd::detail::json_of(this->history().column(name));
    }
    return {{"similarity", columns}};
  }
};

/// A recipe whose maps are watched.
template <afd::TermName Name, class Make>
[[nodiscard]] auto watched(const Run& run, const Make& make) {
  return afd::recipe<Name>(make, run.training())
      .observed_by([source = run.data.compared, every = run.settings.evaluate_every](auto& distiller) {
        return Similarity<std::remove_reference_t<decltype(distiller)>>(distiller, source, every);
      });
}

/// All networks learn from each other.
template <afd::TermName Name, class Topology, class Strategy, class Updates>
[[nodiscard]] auto together(const Run& run, const Strategy& strategy, const Options<Updates>& options) {
  return watched<Name>(run, [=](auto&... each) { return afd::Distiller{Topology{}, strategy, options, each...}; });
}

/// Trains and compares what the options ask for.
[[nodiscard]] afd::StudyResult compare_pair(const Run& run);
[[nodiscard]] afd::StudyResult compare_three(const Run& run);
[[nodiscard]] afd::StudyResult compare_four(const Run& run);

}  // namespace experiments
