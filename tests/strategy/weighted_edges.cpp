// SPDX-License-Identifier: MIT
#include <afd/strategy/weighted_edges.hpp>
//
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::MutualKL;
using afd::WeightedEdges;
using afd::topology::Pair;
using afd_test::check_close;
using afd_test::Notes;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;
using Line = afd::topology::Graph<3, afd::Edge{0, 1}, afd::Edge{1, 2}, afd::Edge{0, 2}>;
template <class Member>
using Bound = afd::detail::BoundTerm<Member, Pair>;

namespace {

using Plain = WeightedEdges<2, MutualKL>;
static_assert(afd::StrategyMember<Plain> && afd::StrategyMember<WeightedEdges<2, afd::Adversarial<>>>);
static_assert(std::is_same_v<Bound<Plain>::Term, MutualKL> && std::is_same_v<Bound<Plain>::Topology, Pair>);
static_assert(Bound<Plain>::name() == "mutual_kl" && Bound<Plain>::period == 1 && Bound<Plain>::weighted_edges == 2);
static_assert(afd::detail::HasEdgeWeights<Bound<Plain>> && !afd::detail::HasEdgeWeights<Bound<MutualKL>>);

// With other wrappers, inside and outside.
using Inside = WeightedEdges<3, afd::Every<4, afd::Over<Line, MutualKL>>>;
using Outside = afd::Every<4, afd::Over<Line, WeightedEdges<3, MutualKL>>>;
static_assert(Bound<Inside>::weighted_edges == 3 && Bound<Outside>::weighted_edges == 3);
static_assert(Bound<Inside>::period == 4 && Bound<Outside>::period == 4);
static_assert(std::is_same_v<Bound<Inside>::Topology, Line> && std::is_same_v<Bound<Outside>::Topology, Line>);

// A weight for each edge.
static_assert(afd::detail::edge_weights_fit<Bound<Plain>>(2) && !afd::detail::edge_weights_fit<Bound<Plain>>(3));
static_assert(afd::detail::edge_weights_fit<Bound<Outside>>(3) && !afd::detail::edge_weights_fit<Bound<Outside>>(2));
static_assert(afd::detail::edge_weights_fit<Bound<MutualKL>>(7));

}  // namespace

TEST_CASE("the term in it is the one that was put there, and weights are 1 if nobody says") {
  const Plain weighted{{1, 0.5}, {.temperature = 5}};
  CHECK(Bound<Plain>::get(weighted).temperature == 5);
  CHECK(weighted.weights == std::array{1.0, 0.5});
  CHECK(Plain{}.weights == std::array{1.0, 1.0});
  const WeightedEdges deduced{{1, 0.5}, MutualKL{.temperature = 4}};
  static_assert(std::is_same_v<decltype(deduced), const Plain>);
  CHECK(deduced.weights == weighted.weights);
  CHECK(deduced.term.temperature == 4);
  const WeightedEdges one{{0.25}, afd::Over{afd::topology::Graph<2, afd::Edge{1, 0}>{}, MutualKL{}}};
  CHECK(one.weights == std::array{0.25});
}

TEST_CASE("weights are found in whatever wrappers there are; without any they are 1") {
  using afd::detail::edge_weight;
  const Inside inside{{1, 2, 3}, {}};
  Outside outside;
  outside.term.term.weights = {4, 5, 6};
  CHECK(edge_weight(inside, 2) == 3);
  CHECK(edge_weight(outside, 0) == 4);
  CHECK(edge_weight(outside, 2) == 6);
  const afd::Named<"soft", Outside> named{outside};
  CHECK(edge_weight(named, 1) == 5);
  CHECK(edge_weight(MutualKL{.weight = 9}, 1) == 1);
  CHECK(edge_weight(afd::Every<2, afd::Over<Line, MutualKL>>{}, 2) == 1);
  CHECK(edge_weight(afd::Every<2, afd::CrossEntropy>{}, 0) == 1);
  CHECK(afd::detail::edge_weights(afd::Every<2, afd::AttentionTransfer>{}).empty());
}

TEST_CASE("weights that cannot be are refused with edge and term") {
  const auto check = [](std::array<double, 3> weights) {
    Outside outside;
    outside.term.term.weights = weights;
    afd::detail::check_edge_weights<Bound<Outside>>(outside);
  };
  CHECK_NOTHROW(check({1, 0, 2}));
  CHECK_NOTHROW(check({0, 0, 1e-3}));
  CHECK_THROWS_WITH_AS(check({1, -0.5, 1}),
                       doctest::Contains("edge 1 -> 2, term mutual_kl: the weight of an edge must be finite and not "
                                         "negative, but is -0.5"),
                       afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({1, 1, std::nan("")}), doctest::Contains("edge 0 -> 2"), afd::ConfigError);
  CHECK_THROWS_AS(check({std::numeric_limits<double>::infinity(), 1, 1}), afd::ConfigError);
  CHECK_THROWS_WITH_AS(check({0, 0, 0}), doctest::Contains("term mutual_kl: all weights of its edges are 0"),
                       afd::ConfigError);
  CHECK_NOTHROW(afd::detail::check_edge_weights<Bound<MutualKL>>(MutualKL{}));
}

TEST_CASE("a recipe names weights that are not 1") {
  using afd::detail::edge_weights_text;
  CHECK(edge_weights_text(Plain{{1, 0.5}, {}}) == "1, 0.5");
  CHECK(edge_weights_text(Plain{}).empty());
  CHECK(edge_weights_text(MutualKL{}).empty());
  const afd::Every<3, Plain> every{{{0.1, 1}, {}}};
  CHECK(edge_weights_text(every) == "0.1, 1");
}

TEST_CASE("a student minimises the sum of its edges' weighted losses over their number") {
  torch::manual_seed(0);
  auto a = tiny_network(), b = tiny_network(), c = tiny_network();
  using Two = afd::topology::Graph<3, afd::Edge{0, 2}, afd::Edge{1, 2}>;
  const Notes notes;
  const afd::WeightedEdges<2, afd::MutualKL> kl{{0.25, 3}, {.temperature = 2, .weight = 5}};
  afd::Distiller distiller{Two{}, afd::Strategy{afd::CrossEntropy{}, kl}, notes.options(), a, b, c};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits,
               zc = c->forward(batch.inputs).logits;
  const Tensor of_a = afd_test::kl(zc, za, 2), of_b = afd_test::kl(zc, zb, 2);
  CHECK(report.value("mutual_kl", 0, 2) == doctest::Approx(of_a.item<double>()));  // without its weight
  CHECK(report.value("mutual_kl", 1, 2) == doctest::Approx(of_b.item<double>()));
  const Tensor loss = torch::cross_entropy_loss(zc, batch.targets) + 5 * (0.25 * of_a + 3 * of_b) / 2;
  check_close(notes.logit[2].gradients, reference_gradients(loss, c->parameters()));
}

TEST_CASE("of a pair each direction has its weight, in a game, too, whichever moves first") {
  for (const bool first : {false, true}) {
    torch::manual_seed(1);
    auto a = tiny_network(), b = tiny_network();
    using Game = afd::Adversarial<afd::BasicConvDiscriminator<afd::Unnormalised>>;
    const auto gradients = [&](auto term, std::size_t k, bool of_discriminator) {
      torch::manual_seed(2);
      const Notes notes;
      const auto run = [&](auto options) {
        afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy{term}, options, a, b};
        torch::manual_seed(3);
        distiller.step(tiny_batch());
      };
      first ? run(notes.options<afd::DiscriminatorFirst>()) : run(notes.options());
      return of_discriminator ? notes.discriminator[k].gradients : notes.feature[k].gradients;
    };
    const afd::WeightedEdges<2, Game> weighted{{0.5, 0}, {}};  // 0 -> 1 and 1 -> 0
    const auto scaled = [](std::vector<Tensor> all, double factor) {
      for (Tensor& each : all)
        if (each.defined()) each = each * factor;
      return all;
    };
    check_close(gradients(weighted, 1, false), scaled(gradients(Game{}, 1, false), 0.5));
    check_close(gradients(weighted, 0, false), scaled(gradients(Game{}, 0, false), 0));
    check_close(gradients(weighted, 0, true), gradients(Game{}, 0, true));
    check_close(gradients(weighted, 1, true), gradients(Game{}, 1, true));
  }
}

TEST_CASE("weights of 1 are the term without them, in the recipe as well; others are named") {
  auto a = tiny_network(), b = tiny_network();
  const auto recipe = [&](auto term) {
    return afd::Distiller{afd::topology::Pair{}, afd::Strategy{term}, a, b}.recipe();
  };
  using Weighted = afd::WeightedEdges<2, afd::MutualKL>;
  CHECK(afd::differences(recipe(afd::MutualKL{}), recipe(Weighted{})).empty());
  CHECK(afd::differences(recipe(Weighted{}), recipe(afd::MutualKL{})).empty());
  CHECK(afd::differences(recipe(afd::MutualKL{}), recipe(Weighted{{1, 0.5}, {}})) ==
        "\n  term mutual_kl edges have the weights: 1 each in the file, 1, 0.5 here");
  CHECK(afd::differences(recipe(Weighted{{1, 0.5}, {}}), recipe(afd::Every<1, Weighted>{{{0.5, 1}, {}}})) ==
        "\n  term mutual_kl edges have the weights: 1, 0.5 in the file, 0.5, 1 here");
}

TEST_CASE("weights that cannot be are refused when the distiller is made") {
  auto a = tiny_network(), b = tiny_network();
  const auto make = [&](std::array<double, 2> weights) {
    afd::Distiller{afd::topology::Pair{}, afd::Strategy{afd::WeightedEdges<2, afd::MutualKL>{weights, {}}}, a, b};
  };
  CHECK_NOTHROW(make({0, 1}));
  CHECK_THROWS_WITH_AS(make({1, -1}), doctest::Contains("edge 1 -> 0, term mutual_kl"), afd::ConfigError);
  CHECK_THROWS_AS(make({0, 0}), afd::ConfigError);
}

TEST_SUITE_END();
