// SPDX-License-Identifier: MIT
#include <afd/strategy/over.hpp>
//
#include <type_traits>

#include <afd/step/distiller.hpp>
#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::CrossEntropy;
using afd::MutualKL;
using AllPairs = afd::topology::AllPairs<3>;
using Cycle = afd::topology::Cycle<3>;
using Networks = afd::topology::Networks<0, 2>;
using OneEdge = afd::topology::Graph<3, afd::Edge{2, 0}>;

namespace {

template <class M>
using Bound = afd::detail::BoundTerm<M, Cycle>;

// Edges for a term of edges, networks for one of networks; the other is left as it is.
static_assert(std::is_same_v<Bound<afd::Over<AllPairs, MutualKL>>::Topology, AllPairs>);
static_assert(std::is_same_v<Bound<afd::Over<AllPairs, MutualKL>>::Networks, afd::AllNetworks>);
static_assert(std::is_same_v<Bound<afd::Over<OneEdge, MutualKL>>::Topology, OneEdge>);
static_assert(std::is_same_v<Bound<afd::Over<Networks, CrossEntropy>>::Topology, Cycle>);
static_assert(std::is_same_v<Bound<afd::Over<Networks, CrossEntropy>>::Networks, Networks>);
static_assert(std::is_same_v<Bound<afd::Over<Networks, afd::Every<2, CrossEntropy>>>::Networks, Networks>);
static_assert(afd::Over<Networks, CrossEntropy>::of_networks && !afd::Over<Networks, CrossEntropy>::of_edges);
static_assert(afd::Over<OneEdge, MutualKL>::of_edges && !afd::Over<OneEdge, MutualKL>::of_networks);
static_assert(sizeof(afd::Over<OneEdge, MutualKL>) == sizeof(MutualKL));  // where it is computed costs nothing

}  // namespace

TEST_CASE("a bound term keeps its edges, an unbound one takes the default") {
  using BoundKL = Bound<afd::Over<AllPairs, MutualKL>>;
  static_assert(std::is_same_v<BoundKL::Topology, AllPairs> && std::is_same_v<BoundKL::Term, MutualKL>);
  using Unbound = Bound<afd::Adversarial<>>;
  static_assert(std::is_same_v<Unbound::Topology, Cycle> && std::is_same_v<Unbound::Term, afd::Adversarial<>>);

  const afd::Over over{AllPairs{}, MutualKL{.temperature = 4}};
  static_assert(std::is_same_v<decltype(over), const afd::Over<AllPairs, MutualKL>>);
  CHECK(BoundKL::get(over).temperature == 4);
  const afd::Over of_networks{Networks{}, CrossEntropy{.weight = 3}};
  static_assert(std::is_same_v<decltype(of_networks), const afd::Over<Networks, CrossEntropy>>);
  CHECK(Bound<afd::Over<Networks, CrossEntropy>>::get(of_networks).weight == 3);
  const afd::Adversarial<> term{.weight = 2};
  CHECK(Unbound::get(term).weight == 2);
}

TEST_CASE("a step has the losses of those edges and those networks only") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network(), c = afd_test::tiny_network();
  const afd::Batch batch = afd_test::tiny_batch();
  const MutualKL kl;
  const double expected =
      kl.loss(kl.view(a->forward(batch.inputs).logits), kl.view(c->forward(batch.inputs).logits)).item<double>();
  using Terms = afd::Strategy<CrossEntropy, afd::Over<OneEdge, MutualKL>>;
  afd::Distiller edges{Cycle{}, Terms{}, a, b, c};
  const auto report = edges.step(batch);
  REQUIRE(report.entries.size() == 3 + 1);
  CHECK(report.entries[3].column() == "mutual_kl_2_to_0");
  CHECK(report.value("mutual_kl", 2, 0) == doctest::Approx(expected));

  using OfTwo = afd::Strategy<afd::Over<Networks, CrossEntropy>, MutualKL>;
  afd::Distiller networks{Cycle{}, OfTwo{}, a, b, c};
  const auto of_two = networks.step(batch);
  REQUIRE(of_two.entries.size() == 2 + 3);
  CHECK(of_two.entries[0].column() == "cross_entropy_0");
  CHECK(of_two.entries[1].column() == "cross_entropy_2");
}

TEST_SUITE_END();
