// SPDX-License-Identifier: MIT
// From a frozen teacher that was trained alone.
#include <tuple>
#include <utility>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "methods.hpp"
#include "terms.hpp"

namespace {

using afd::CrossEntropy, afd::Strategy;
using experiments::Result, experiments::Run, experiments::Settings;

template <class Updates, class Strategy>
Result train_offline(const Run& run, const Strategy& strategy, Updates updates) {
  // A distillation's teacher is its first network, a cell's the last.
  std::vector<afd::AnyNetwork> networks{run.networks.at(1), run.networks.at(0)};
  const Run turned{run.cell, run.settings, run.data, networks, run.progress, run.say};
  torch::manual_seed(run.cell.seed + 1000);
  afd::Distiller distiller{
      afd::topology::OneWay{}, strategy,
      experiments::distiller_options(experiments::Optimizers(run.settings), afd::Simultaneous{}, updates),
      afd::frozen(networks[0]), networks[1]};
  Result result = experiments::train(distiller, turned, 1);
  std::swap(result.networks[0], result.networks[1]);
  std::swap(result.curves[0], result.curves[1]);
  return result;
}

/// `terms` makes the terms besides the labels from the settings.
template <class Terms, class Updates = afd::SeparateUpdates>
auto offline(const Terms& terms, Updates updates = {}) {
  return [=](const Run& run) {
    return std::apply(
        [&](const auto&... term) { return train_offline(run, Strategy{CrossEntropy{}, term...}, updates); },
        terms(run.settings));
  };
}

}  // namespace

experiments::Methods experiments::offline_methods() {
  constexpr afd::JointUpdate in_one_sum;
  return {
      {"kd-offline", {"labels and a frozen teacher's probabilities", true, offline([](const Settings& s) {
                        return std::tuple{kl(s)};
                      })}},
      {"l1-offline",
       {"labels and L1 to a frozen teacher's maps", true,
        offline([](const Settings& s) { return std::tuple{l1(s)}; }, in_one_sum)}},
      {"l2-offline",
       {"labels and L2 to a frozen teacher's maps", true,
        offline([](const Settings& s) { return std::tuple{l2(s)}; }, in_one_sum)}},
      {"l1-kl-offline",
       {"labels, a frozen teacher's probabilities and L1 to its maps", true,
        offline([](const Settings& s) { return std::tuple{kl(s), l1(s)}; }, in_one_sum)}},
      {"at-offline",
       {"labels and a frozen teacher's attention maps", true,
        offline([](const Settings& s) { return std::tuple{attention(s)}; }, in_one_sum)}},
      {"afd-maps-offline",
       {"labels and the distribution of a frozen teacher's maps", true,
        offline([](const Settings&) { return std::tuple{afd::Adversarial<>{}}; })}},
      {"afd-offline",
       {"labels, a frozen teacher's probabilities and the distribution of its maps", true,
        offline([](const Settings& s) { return std::tuple{kl(s), afd::Adversarial<>{}}; })}},
  };
}
