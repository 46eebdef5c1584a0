// SPDX-License-Identifier: MIT
// From a frozen teacher that was trained alone.
#include <utility>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "methods.hpp"

namespace {

using experiments::Result;
using experiments::Run;
using experiments::Settings;

template <class Strategy>
Result train_offline(const Run& run, const Strategy& strategy) {
  const experiments::Optimizers optimizers(run.settings);
  // A distillation's teacher is its first network, a cell's the last.
  std::vector<experiments::AnyNetwork> networks{run.networks.at(1), run.networks.at(0)};
  const Run turned{run.cell, run.settings, run.data, networks, run.progress};
  torch::manual_seed(run.cell.seed + 1000);
  afd::Distiller distiller{afd::topology::OneWay{}, strategy,
                           afd::DistillerOptions{.logit = optimizers.logit,
                                                 .feature = optimizers.feature,
                                                 .discriminator = optimizers.feature,
                                                 .layout = afd::Layout::channels_last},
                           afd::frozen(networks[0]), networks[1]};
  Result result = experiments::train(distiller, turned, 1);
  std::swap(result.networks[0], result.networks[1]);
  std::swap(result.curves[0], result.curves[1]);
  return result;
}

afd::MutualKL kl(const Settings& settings) {
  return {.temperature = settings.temperature};
}
afd::FeatureL1 l1(const Settings& settings) {
  return {.weight = settings.alignment_weight};
}

}  // namespace

experiments::Methods experiments::offline_methods() {
  using afd::CrossEntropy, afd::Strategy;
  return {
      {"kd-offline",
       {"labels and a frozen teacher's probabilities", true,
        [](const Run& run) { return train_offline(run, Strategy{CrossEntropy{}, kl(run.settings)}); }}},
      {"l1-offline",
       {"labels and L1 to a frozen teacher's maps", true,
        [](const Run& run) { return train_offline(run, Strategy{CrossEntropy{}, l1(run.settings)}); }}},
      {"l1-kl-offline",
       {"labels, a frozen teacher's probabilities and L1 to its maps", true,
        [](const Run& run) {
          return train_offline(run, Strategy{CrossEntropy{}, kl(run.settings), l1(run.settings)});
        }}},
      {"at-offline",
       {"labels and a frozen teacher's attention maps", true,
        [](const Run& run) { return train_offline(run, Strategy{CrossEntropy{}, afd::AttentionTransfer{}}); }}},
      {"afd-maps-offline",
       {"labels and the distribution of a frozen teacher's maps", true,
        [](const Run& run) { return train_offline(run, afd::AdversarialFeaturesOnly{}); }}},
      {"afd-offline",
       {"labels, a frozen teacher's probabilities and the distribution of its maps", true,
        [](const Run& run) {
          return train_offline(run, Strategy{CrossEntropy{}, kl(run.settings), afd::Adversarial<>{}});
        }}},
  };
}
