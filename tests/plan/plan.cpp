// SPDX-License-Identifier: MIT
#include <afd/plan/plan.hpp>
//
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>
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
static_assert(Plan<Pair, afd::Strategy<afd::Over<Networks<1>, afd::CrossEntropy>>, Net, Net>::topology_fits<0>);
static_assert(!Plan<Pair, afd::Strategy<afd::Over<Networks<0, 2>, afd::CrossEntropy>>, Net, Net>::topology_fits<0>);
static_assert(Plan<Pair, afd::Alone, Net, Net>::topology_fits<0>);

// A term of each network may be for some only; a frozen one is never among them.
using Some = Plan<Pair, afd::Strategy<afd::Over<Networks<1>, afd::CrossEntropy>, afd::MutualKL>, Net, Net>;
static_assert(!Some::is_for<0>(0) && Some::is_for<0>(1) && !Some::has_network_loss<0>(0));
static_assert(Some::has_network_loss<0>(1) && !Some::has_network_loss<1>(1) && !Some::has_idle_network());
static_assert(Offline::is_for<0>(1) && !Offline::is_for<0>(0));
static_assert(Plan<Pair, afd::Strategy<afd::Over<Networks<1>, afd::CrossEntropy>>, Net, Net>::has_idle_network());
static_assert(
    Plan<Pair, afd::Strategy<afd::Over<Networks<0, 1>, afd::CrossEntropy>>, Net, Fixed>::has_frozen_student());
static_assert(!Plan<Pair, afd::Strategy<afd::Over<Networks<0>, afd::CrossEntropy>>, Net, Fixed>::has_frozen_student());

// A network is looked at as a student, as a teacher or by itself.
using Corner = Graph<4, afd::Edge{0, 2}>;
using Cornered =
    Plan<Corner, afd::Strategy<afd::MutualKL, afd::Over<Networks<3>, afd::CrossEntropy>>, Net, Net, Net, Net>;
static_assert(Cornered::is_read(0) && !Cornered::is_read(1) && Cornered::is_read(2) && Cornered::is_read(3));
static_assert(Cornered::trains(2, Level::logit) && !Cornered::trains(0, Level::logit) && Cornered::has_idle_network());
static_assert(Offline::is_read(0) && !Plan<OneWay, afd::Alone, Fixed, Net>::is_read(0));

// One network may train alone, and a topology may have no edge.
using Lonely = Plan<Single, afd::Alone, Net>;
static_assert(Lonely::network_count == 1 && Lonely::trains(0, Level::logit) && !Lonely::has_idle_network());
static_assert(Lonely::is_read(0) && !Lonely::is_edge_term<0> && Lonely::edge_count<0> == 0);
static_assert(Plan<Single, afd::DeepMutualLearning, Net>::edge_count<1> == 0);
static_assert(Plan<Graph<2>, afd::Strategy<afd::MutualKL>, Net, Net>::has_idle_network());

// What wrappers say is asked of the plan.
using Wrapped = Plan<Pair,
                     afd::Strategy<afd::Every<3, afd::At<1, afd::AttentionTransfer>>,
                                   afd::At<0, afd::AttentionTransfer>, afd::Named<"warm", afd::MutualKL>>,
                     Net, Net>;
static_assert(Wrapped::name<0> == "attention_transfer_at_1" && Wrapped::name<1> == "attention_transfer_at_0");
static_assert(Wrapped::name<2> == "warm" && !Wrapped::has_namesakes());
static_assert(Wrapped::period<0> == 3 && Wrapped::period<1> == 1 && !Wrapped::computes_all() && Afd::computes_all());
static_assert(std::is_same_v<Wrapped::Term<0>, afd::AttentionTransfer> &&
              std::is_same_v<Wrapped::TermTopology<0>, Pair>);

// Two terms must not have one name.
template <class... Terms>
constexpr bool has_namesakes = Plan<Pair, afd::Strategy<Terms...>, Net, Net>::has_namesakes();
static_assert(has_namesakes<afd::MutualKL, afd::CrossEntropy, afd::MutualKL>);
static_assert(has_namesakes<afd::MutualKL, afd::Every<2, afd::MutualKL>>);
static_assert(has_namesakes<afd::MutualKL, afd::Over<OneWay, afd::MutualKL>>);
static_assert(has_namesakes<afd::Named<"mutual_kl", afd::CrossEntropy>, afd::MutualKL>);
static_assert(has_namesakes<afd::At<1, afd::MutualKL>, afd::At<1, afd::Every<2, afd::MutualKL>>>);
static_assert(!has_namesakes<afd::MutualKL, afd::At<1, afd::MutualKL>, afd::Named<"other", afd::MutualKL>>);

// A term of a student and all its teachers has one loss for each student.
using Ensemble = Plan<Star<3>, afd::Strategy<afd::CrossEntropy, afd::EnsembleKL>, Net, Net, Net>;
static_assert(Ensemble::is_group_term<1> && Ensemble::is_edge_term<1> && !Ensemble::is_group_term<0>);
static_assert(!Ensemble::has_network_loss<1>(0) && Ensemble::has_network_loss<1>(1) && Ensemble::edge_count<1> == 2);

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

TEST_CASE("losses are named by what terms are called, for those networks and edges that they are for") {
  using Names = std::vector<std::string>;
  CHECK(columns<Some>() == Names{"cross_entropy_1", "mutual_kl_0_to_1", "mutual_kl_1_to_0"});
  CHECK(columns<Cornered>() == Names{"mutual_kl_0_to_2", "cross_entropy_3"});
  CHECK(columns<Lonely>() == Names{"cross_entropy_0"});
  CHECK(columns<Plan<OneWay,
                     afd::Strategy<afd::Named<"warm", afd::MutualKL>,
                                   afd::At<afd::Ends{.teacher = 2, .student = 1}, afd::Adversarial<>>>,
                     Fixed, Net>>() ==
        Names{"warm_0_to_1", "adversarial_at_2_1_0_to_1", "adversarial_at_2_1_0_to_1_discriminator"});
  CHECK(columns<Ensemble>() ==
        Names{"cross_entropy_0", "cross_entropy_1", "cross_entropy_2", "ensemble_kl_1", "ensemble_kl_2"});
}

TEST_CASE("where a loss is among all is known by its term and place") {
  static_assert(Afd::network_entry<0>(1) == 1 && Afd::edge_entry<1, 0> == 2 && Afd::edge_entry<1, 1> == 3);
  static_assert(Afd::edge_entry<2, 1> == 6 && Afd::discriminator_entry<2, 1> == 7 && Afd::entry_count == 8);
  static_assert(Some::network_entry<0>(1) == 0 && Some::edge_entry<1, 0> == 1);
  static_assert(Ensemble::network_entry<1>(1) == 3 && Ensemble::network_entry<1>(2) == 4);
  std::vector<std::size_t> seen;
  Mixed::for_each_edge_to<0, 1>([&](auto edge, auto teacher) { seen.insert(seen.end(), {edge, teacher}); });
  CHECK(seen == std::vector<std::size_t>{0, 0, 5, 2});  // of all pairs, 0 -> 1 is edge 0 and 2 -> 1 edge 5
  Some::for_each_edge_to<0, 1>([](auto, auto) { FAIL("a term of each network has no edges"); });
}

TEST_SUITE_END();
