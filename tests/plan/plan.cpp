// SPDX-License-Identifier: MIT
#include <afd/plan/plan.hpp>
//
#include <string>
#include <vector>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/star.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("plan");

namespace {

using namespace afd::topology;
using afd::Level;
using afd::detail::Plan;
using Net = afd::PlainCnn;
using Fixed = afd::Frozen<afd::PlainCnn>;

template <class P>
std::vector<std::string> columns() {
  std::vector<std::string> all;
  for (const auto& entry : P::entries) all.push_back(entry.column());
  return all;
}

using Afd = Plan<Pair, afd::AdversarialFeatureDistillation, Net, Net>;
using Offline = Plan<OneWay, afd::DirectAlignmentWithKL, Fixed, Net>;
using Mixed = Plan<Cycle<3>, afd::Strategy<afd::Over<AllPairs<3>, afd::MutualKL>, afd::Adversarial<>>, Net, Net, Net>;

}  // namespace

// What is not used is not there: no discriminators, no feature updates.
static_assert(Plan<Pair, afd::DeepMutualLearning, Net, Net>::discriminator_count == 0);
static_assert(!Plan<Pair, afd::DeepMutualLearning, Net, Net>::trains_somebody(Level::feature));
static_assert(Afd::discriminator_count == 2 && Mixed::discriminator_count == 3);
static_assert(Afd::trains(0, Level::logit) && Afd::trains(1, Level::feature));
static_assert(!Offline::trains(0, Level::logit) && Offline::trains(1, Level::logit) &&
              Offline::trains(1, Level::feature));
// A live teacher that learns from labels only has no feature update.
static_assert(!Plan<Star<3>, afd::AdversarialFeatureDistillation, Net, Net, Net>::trains(0, Level::feature));
static_assert(Plan<Star<3>, afd::AdversarialFeatureDistillation, Net, Net, Net>::trains(0, Level::logit));
static_assert(Plan<OneWay, afd::Strategy<afd::MutualKL>, Net, Net>::has_idle_network());
static_assert(!Plan<OneWay, afd::Strategy<afd::MutualKL>, Fixed, Net>::has_idle_network());
static_assert(Plan<Pair, afd::DeepMutualLearning, Fixed, Net>::has_frozen_student());
static_assert(!Plan<Pair, afd::Alone, Fixed, Net>::has_frozen_student());  // no term uses the edges
static_assert(!Plan<Pair, afd::Strategy<afd::Over<Cycle<3>, afd::MutualKL>>, Net, Net>::topology_fits<0>);

TEST_CASE("every loss of a step is known beforehand: by term, by network or edge, discriminators after their edge") {
  using Names = std::vector<std::string>;
  CHECK(columns<Afd>() == Names{"cross_entropy_0", "cross_entropy_1", "mutual_kl_0_to_1", "mutual_kl_1_to_0",
                                "adversarial_0_to_1", "adversarial_0_to_1_discriminator", "adversarial_1_to_0",
                                "adversarial_1_to_0_discriminator"});
  CHECK(columns<Offline>() == Names{"cross_entropy_1", "mutual_kl_0_to_1", "feature_l1_0_to_1"});
  CHECK(Mixed::entry_count == 6 + 2 * 3);
  CHECK(columns<Mixed>()[6] == "adversarial_0_to_1");
}

TEST_CASE("a cycle needs one discriminator per network where all pairs need K (K - 1)") {
  static_assert(Plan<Cycle<4>, afd::Strategy<afd::Adversarial<>>, Net, Net, Net, Net>::discriminator_count == 4);
  static_assert(Plan<AllPairs<4>, afd::Strategy<afd::Adversarial<>>, Net, Net, Net, Net>::discriminator_count == 12);
  CHECK(Plan<AllPairs<4>, afd::Strategy<afd::Adversarial<>>, Net, Net, Net, Net>::entry_count == 24);
}

TEST_SUITE_END();
