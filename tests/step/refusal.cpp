// SPDX-License-Identifier: MIT
#include <afd/step/refusal.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/lone_peers.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::LonePeers;

TEST_CASE("steps of networks in several processes are those of one, where nothing is wrong") {
  const auto train = [](const auto& options) {
    torch::manual_seed(1);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    torch::manual_seed(2);
    std::vector<double> values;
    for (int i = 0; i < 4; ++i) {
      for (const double value : distiller.step(afd_test::tiny_batch()).values()) values.push_back(value);
    }
    return values;
  };
  const LonePeers peers({0, 1});
  CHECK(train(afd::DistillerOptions<>{}) == train(afd::DistillerOptions{.exchange = peers}));
  CHECK(peers.peers->seen == 4);
  CHECK(peers.peers->own_problems.size() == 4);
  const LonePeers first({0, 1}), logits({0, 1});
  CHECK(train(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}}) ==
        train(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .exchange = first}));
  CHECK(first.peers->own_problems.size() == 8);
  CHECK(train(afd::DistillerOptions{.updates = afd::LogitFirst{}}) ==
        train(afd::DistillerOptions{.updates = afd::LogitFirst{}, .exchange = logits}));
  CHECK(logits.peers->own_problems.size() == 8);
}

TEST_CASE("a problem of another process is one here, before any weight changes") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
  const LonePeers peers({0, 1});
  const auto check = [&](const auto& options, int agreement, bool keeps_weights) {
    torch::manual_seed(1);
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    distiller.step(afd_test::tiny_batch());
    const auto weights = [&] {
      std::vector<torch::Tensor> all;
      for (const auto* network : {&a, &b}) {
        for (const auto& parameter : (*network)->parameters()) all.push_back(parameter.detach().clone());
      }
      return all;
    };
    const std::vector<torch::Tensor> before = weights();
    peers.peers->problem = "process 1: network 1, feature gradients are not finite";
    peers.peers->problem_at = agreement;
    CHECK_THROWS_WITH_AS(distiller.step(afd_test::tiny_batch()), doctest::Contains("process 1: network 1, feature"),
                         afd::NonFiniteError);
    peers.peers->problem.clear();
    const std::vector<torch::Tensor> after = weights();
    bool same = true;
    for (std::size_t i = 0; i < before.size(); ++i) same = same && torch::equal(before[i], after[i]);
    CHECK(same == keeps_weights);
  };
  check(afd::DistillerOptions{.exchange = peers}, 0, true);
  check(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .exchange = peers}, 1, true);
  check(afd::DistillerOptions{.updates = afd::LogitFirst{}, .exchange = peers}, 0, true);
  check(afd::DistillerOptions{.updates = afd::LogitFirst{}, .exchange = peers}, 1, false);  // as in one process
}

TEST_CASE("a step that another process cannot take is skipped here, too") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
  const LonePeers peers({0, 1});
  const afd::DistillerOptions options{.non_finite = afd::SkipNonFinite{}, .exchange = peers};
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  peers.peers->problem = "process 1: network 1, logit gradients are not finite";
  CHECK(distiller.step(afd_test::tiny_batch()).skipped);
  peers.peers->problem.clear();
  CHECK(!distiller.step(afd_test::tiny_batch()).skipped);
  CHECK(distiller.skipped_steps() == 1);
}

TEST_SUITE_END();
