// SPDX-License-Identifier: MIT
// Two networks: alone, from each other, and from a frozen teacher that was trained alone, the last of the two.
#include <afd/network/frozen.hpp>
#include <afd/optim/schedule.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/strategy/scheduled.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/transfer/transfer_layers.hpp>

#include "run.hpp"

namespace {

using afd::Adversarial, afd::CrossEntropy, afd::Strategy, afd::topology::Pair;
using experiments::kl, experiments::l1, experiments::options_of, experiments::Run;

/// The first network learns from the last, which has the weights that "alone" gave it.
template <afd::TermName Name, class Strategy, class Options>
auto offline(const Run& run, const Strategy& strategy, const Options& options) {
  return experiments::watched<Name>(run,
                                    [=](afd::AnyNetwork& student, afd::AnyNetwork& teacher) {
                                      return afd::Distiller{afd::topology::OneWay{}, strategy, options,
                                                            afd::frozen(teacher), student};
                                    })
      .with_weights_of("alone", 1);
}

template <afd::TermName Name, class Strategy, class Options>
auto pair(const Run& run, const Strategy& strategy, const Options& options) {
  return experiments::together<Name, Pair>(run, strategy, options);
}

}  // namespace

afd::StudyResult experiments::compare_pair(const Run& run) {
  const Settings& settings = run.settings;
  const auto options = options_of(settings);
  const auto in_one_sum = options_of<afd::JointUpdate>(settings);  // as direct alignment is published
  const auto in_turn = options_of<afd::LogitFirst>(settings);
  const Adversarial<> maps, no_maps{.weight = 0};
  // What peers say counts in full after a quarter of the training.
  const afd::Scheduled<afd::MutualKL> slowly{.term = kl(settings),
                                             .weight = afd::Ramp{.epochs = static_cast<double>(settings.epochs) / 4}};
  const Adversarial<afd::ConvDiscriminator, afd::LeastSquares, afd::BothSides> both_sides;

  afd::Study study(run.options);
  return study.compare([&](std::uint64_t seed) { return run.networks<2>(seed); }, run.data.train, run.data.validation,
                       run.data.scored, pair<"alone">(run, Strategy{CrossEntropy{}}, options),
                       pair<"dml">(run, Strategy{CrossEntropy{}, kl(settings)}, options),
                       offline<"kd-offline">(run, Strategy{CrossEntropy{}, kl(settings)}, options),
                       pair<"afd">(run, Strategy{CrossEntropy{}, kl(settings), maps}, options),
                       pair<"afd-maps">(run, Strategy{CrossEntropy{}, maps}, options),
                       pair<"afd-maps-weight-0">(run, Strategy{CrossEntropy{}, no_maps}, options),
                       pair<"l1-kl">(run, Strategy{CrossEntropy{}, kl(settings), l1(settings)}, in_one_sum),
                       pair<"l1">(run, Strategy{CrossEntropy{}, l1(settings)}, in_one_sum),
                       offline<"afd-offline">(run, Strategy{CrossEntropy{}, kl(settings), maps}, options),
                       pair<"dml-ramp">(run, Strategy{CrossEntropy{}, slowly}, options),
                       pair<"afd-ramp">(run, Strategy{CrossEntropy{}, slowly, maps}, options),
                       pair<"afd-both-sides">(run, Strategy{CrossEntropy{}, kl(settings), both_sides}, options),
                       pair<"afd-logit-first">(run, Strategy{CrossEntropy{}, kl(settings), maps}, in_turn));
}
