// SPDX-License-Identifier: MIT
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "methods.hpp"

experiments::Methods experiments::pair_methods() {
  using afd::topology::Pair;
  const auto kl = [](const Settings& s) { return afd::MutualKL{.temperature = s.temperature}; };
  return {
      {"alone", {"labels only", false, [](const Run& run) { return train_together<Pair>(run, afd::Alone{}); }}},
      {"dml",
       {"labels and the peer's probabilities (deep mutual learning)", false,
        [=](const Run& run) {
          return train_together<Pair>(run, afd::Strategy{afd::CrossEntropy{}, kl(run.settings)});
        }}},
      {"l1",
       {"labels and L1 between maps", false,
        [](const Run& run) {
          return train_together<Pair>(
              run, afd::Strategy{afd::CrossEntropy{}, afd::FeatureL1{.weight = run.settings.alignment_weight}});
        }}},
      {"l2",
       {"labels and L2 between maps", false,
        [](const Run& run) {
          return train_together<Pair>(
              run, afd::Strategy{afd::CrossEntropy{}, afd::FeatureL2{.weight = run.settings.alignment_weight}});
        }}},
      {"l1-kl",
       {"labels, probabilities and L1 between maps", false,
        [=](const Run& run) {
          return train_together<Pair>(run, afd::Strategy{afd::CrossEntropy{}, kl(run.settings),
                                                         afd::FeatureL1{.weight = run.settings.alignment_weight}});
        }}},
      {"at",
       {"labels and attention maps", false,
        [](const Run& run) {
          return train_together<Pair>(run, afd::Strategy{afd::CrossEntropy{}, afd::AttentionTransfer{}});
        }}},
      {"afd-maps",
       {"labels and the distribution of maps (no probabilities)", false,
        [](const Run& run) { return train_together<Pair>(run, afd::AdversarialFeaturesOnly{}); }}},
      {"afd",
       {"labels, probabilities and the distribution of maps", false,
        [=](const Run& run) {
          return train_together<Pair>(run, afd::Strategy{afd::CrossEntropy{}, kl(run.settings), afd::Adversarial<>{}});
        }}},
  };
}
