// SPDX-License-Identifier: MIT
#include <afd/plan/require_plan.hpp>
//
#include <functional>
#include <memory>

#include <torch/nn.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>
#include <afd/topology/star.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("plan");

namespace {

using namespace afd::topology;
using afd::CrossEntropy;
using afd::MutualKL;
using afd::detail::require_plan;

struct Bare : torch::nn::Module {};  // what it returns is asked later, when there is a batch
using Net = std::reference_wrapper<Bare>;
using Shared = std::shared_ptr<Bare>;
using Fixed = afd::Frozen<Bare>;

// What does not fit together does not compile, and is seen to by tests/static; this fits.
static_assert(require_plan<Pair, afd::DeepMutualLearning, Net, Shared>());
static_assert(require_plan<Single, afd::Alone, Net>());
static_assert(require_plan<OneWay, afd::Strategy<MutualKL>, Fixed, Net>());
static_assert(require_plan<OneWay, afd::DeepMutualLearning, Net, Net>());  // the teacher learns from labels
static_assert(require_plan<Star<3>, afd::KnowledgeDistillation, Fixed, Net, Net>());
static_assert(require_plan<Pair, afd::Alone, Fixed, Net>());  // nobody uses the edges
static_assert(require_plan<Pair, afd::Strategy<CrossEntropy, afd::Over<OneWay, MutualKL>>, Fixed, Net>());

// A graph may leave networks out, if another term trains them or they are frozen.
using Corner = Graph<3, afd::Edge{0, 2}>;
static_assert(require_plan<Corner, afd::DeepMutualLearning, Net, Net, Net>());
static_assert(require_plan<Corner, afd::Strategy<MutualKL>, Fixed, Fixed, Net>());
static_assert(require_plan<Corner, afd::Strategy<afd::Over<Networks<0, 1>, CrossEntropy>, MutualKL>, Net, Net, Net>());
static_assert(require_plan<Corner, afd::Strategy<afd::Over<AllPairs<3>, MutualKL>>, Net, Net, Net>());
static_assert(require_plan<Graph<2>, afd::Alone, Net, Net>());

// The same term twice has two names.
static_assert(require_plan<Pair, afd::Strategy<MutualKL, afd::Named<"warm", MutualKL>>, Net, Net>());
static_assert(require_plan<Pair, afd::Strategy<afd::At<0, afd::FeatureL2>, afd::At<1, afd::FeatureL2>>, Net, Net>());

}  // namespace

TEST_CASE("one network trains alone, as the baseline of all others") {
  torch::manual_seed(1);
  auto network = afd_test::tiny_network();
  const auto before = afd_test::state_of(*network);
  const afd::Batch batch = afd_test::tiny_batch();
  const torch::Tensor expected = torch::cross_entropy_loss(network->forward(batch.inputs).logits, batch.targets);
  afd::Distiller distiller{Single{}, afd::Alone{}, network};
  const auto report = distiller.step(batch);
  REQUIRE(report.entries.size() == 1);
  CHECK(report.value("cross_entropy", 0) == doctest::Approx(expected.item<double>()));
  CHECK_FALSE(afd_test::same_state(*network, before));
}

TEST_CASE("a network that is left out learns from what is left") {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network(), c = afd_test::tiny_network();
  afd::Distiller distiller{Corner{}, afd::DeepMutualLearning{}, a, b, c};
  const auto before = afd_test::state_of(*b);
  const auto report = distiller.step(afd_test::tiny_batch());
  REQUIRE(report.entries.size() == 3 + 1);
  CHECK(report.entries[3].column() == "mutual_kl_0_to_2");
  CHECK_FALSE(afd_test::same_state(*b, before));
}

TEST_SUITE_END();
