// SPDX-License-Identifier: MIT
// Two networks that learn from each other.
#include <tuple>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "methods.hpp"
#include "terms.hpp"

namespace {

using afd::CrossEntropy, afd::Strategy, afd::topology::Pair;
using experiments::Run, experiments::Settings, experiments::train_together;

/// `terms` makes the terms besides the labels from the settings.
template <class Terms>
auto online(const Terms& terms) {
  return [terms](const Run& run) {
    return std::apply([&](const auto&... term) { return train_together<Pair>(run, Strategy{CrossEntropy{}, term...}); },
                      terms(run.settings));
  };
}

/// With all losses in one sum and one optimizer, as direct alignment is published.
template <class Terms>
auto online_sum(const Terms& terms) {
  return [terms](const Run& run) {
    return std::apply(
        [&](const auto&... term) {
          return train_together<Pair, afd::Simultaneous, afd::JointUpdate>(run, Strategy{CrossEntropy{}, term...});
        },
        terms(run.settings));
  };
}

}  // namespace

experiments::Methods experiments::pair_methods() {
  return {
      {"alone", {"labels only", false, online([](const Settings&) { return std::tuple{}; })}},
      {"dml", {"labels and the peer's probabilities (deep mutual learning)", false, online([](const Settings& s) {
                 return std::tuple{kl(s)};
               })}},
      {"l1", {"labels and L1 between maps", false, online_sum([](const Settings& s) { return std::tuple{l1(s)}; })}},
      {"l2", {"labels and L2 between maps", false, online_sum([](const Settings& s) { return std::tuple{l2(s)}; })}},
      {"l1-kl", {"labels, probabilities and L1 between maps", false, online_sum([](const Settings& s) {
                   return std::tuple{kl(s), l1(s)};
                 })}},
      {"at",
       {"labels and attention maps", false, online_sum([](const Settings& s) { return std::tuple{attention(s)}; })}},
      {"afd-maps", {"labels and the distribution of maps (no probabilities)", false, online([](const Settings&) {
                      return std::tuple{afd::Adversarial<>{}};
                    })}},
      {"afd", {"labels, probabilities and the distribution of maps", false, online([](const Settings& s) {
                 return std::tuple{kl(s), afd::Adversarial<>{}};
               })}},
  };
}
