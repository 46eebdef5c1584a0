// SPDX-License-Identifier: MIT
// Three and four networks.
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>

#include "methods.hpp"

namespace {

using experiments::Method;
using experiments::Methods;
using experiments::Run;
using experiments::train_together;

template <std::size_t K>
Methods of() {
  using namespace afd::topology;
  using afd::CrossEntropy, afd::MutualKL, afd::Strategy;
  const auto kl = [](const Run& run) { return MutualKL{.temperature = run.settings.temperature}; };
  return {
      {"alone", {"labels only", false, [](const Run& run) { return train_together<Cycle<K>>(run, afd::Alone{}); }}},
      {"dml",
       {"labels and the probabilities of all peers (deep mutual learning)", false,
        [=](const Run& run) { return train_together<AllPairs<K>>(run, Strategy{CrossEntropy{}, kl(run)}); }}},
      {"dml-cycle",
       {"labels and the probabilities of the network before in a cycle: afd-cycle without maps", false,
        [=](const Run& run) { return train_together<Cycle<K>>(run, Strategy{CrossEntropy{}, kl(run)}); }}},
      {"ensemble",
       {"labels and the average of all networks' logits", false,
        [](const Run& run) {
          return train_together<AllPairs<K>>(
              run, Strategy{CrossEntropy{}, afd::EnsembleKL{.temperature = run.settings.temperature}});
        }}},
      {"afd-cycle",
       {"labels, and probabilities and maps of the network before in a cycle", false,
        [=](const Run& run) {
          return train_together<Cycle<K>>(run, Strategy{CrossEntropy{}, kl(run), afd::Adversarial<>{}});
        }}},
      {"afd-cycle-dml-weight-0",
       {"as afd-cycle-dml, feature loss weighted 0", false,
        [=](const Run& run) {
          return train_together<Cycle<K>>(
              run, Strategy{CrossEntropy{}, afd::Over{AllPairs<K>{}, kl(run)}, afd::Adversarial<>{.weight = 0}});
        }}},
      {"afd-cycle-dml",
       {"labels, the probabilities of all peers, and the maps of the network before in a cycle", false,
        [=](const Run& run) {
          return train_together<Cycle<K>>(
              run, Strategy{CrossEntropy{}, afd::Over{AllPairs<K>{}, kl(run)}, afd::Adversarial<>{}});
        }}},
      {"afd-all-pairs",
       {"labels, and probabilities and maps of all peers", false,
        [=](const Run& run) {
          return train_together<AllPairs<K>>(run, Strategy{CrossEntropy{}, kl(run), afd::Adversarial<>{}});
        }}},
  };
}

}  // namespace

experiments::Methods experiments::group_methods(std::size_t networks) {
  if (networks == 3) return of<3>();
  if (networks == 4) return of<4>();
  throw afd::ConfigError("methods are compiled for 2, 3 and 4 networks");
}
