// SPDX-License-Identifier: MIT
// Three and four networks: all from all, or each from the one before it in a cycle.
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>

#include "run.hpp"

namespace {

using experiments::kl, experiments::Run, experiments::together;

template <std::size_t K>
afd::StudyResult compare(const Run& run) {
  using Cycle = afd::topology::Cycle<K>;
  using AllPairs = afd::topology::AllPairs<K>;
  using afd::CrossEntropy, afd::Strategy;
  const auto options = experiments::options_of(run.settings);
  const afd::Over all{AllPairs{}, kl(run.settings)};
  const afd::Adversarial<> maps, no_maps{.weight = 0};
  afd::Study study(run.options);
  return study.compare([&](std::uint64_t seed) { return run.template networks<K>(seed); }, run.data.train,
                       run.data.validation, run.data.scored,
                       together<"alone", Cycle>(run, Strategy{CrossEntropy{}}, options),
                       together<"dml", AllPairs>(run, Strategy{CrossEntropy{}, kl(run.settings)}, options),
                       together<"dml-cycle", Cycle>(run, Strategy{CrossEntropy{}, kl(run.settings)}, options),
                       together<"afd-cycle", Cycle>(run, Strategy{CrossEntropy{}, kl(run.settings), maps}, options),
                       together<"afd-cycle-dml", Cycle>(run, Strategy{CrossEntropy{}, all, maps}, options),
                       together<"afd-cycle-dml-weight-0", Cycle>(run, Strategy{CrossEntropy{}, all, no_maps}, options));
}

}  // namespace

afd::StudyResult experiments::compare_three(const Run& run) {
  return compare<3>(run);
}
afd::StudyResult experiments::compare_four(const Run& run) {
  return compare<4>(run);
}
