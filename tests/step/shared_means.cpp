// SPDX-License-Identifier: MIT
#include <afd/step/shared_means.hpp>
//
#include <array>
#include <tuple>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

using torch::Tensor;

TEST_CASE("a mean over labels of parts, weighted, is the mean over all labels") {
  using Strategy = afd::Strategy<afd::MutualKL, afd::CrossEntropy>;
  using Plan = afd::detail::Plan<afd::topology::Pair, Strategy, afd::PlainCnn, afd::PlainCnn>;
  using Means = afd::detail::SharedMeans<Plan, afd::Batch>;
  static_assert(Means::counts_any && Means::counts<1> && !Means::counts<0>);
  const Strategy strategy{afd::MutualKL{}, afd::CrossEntropy{.class_weights = {1, 2, 4}, .partly_labelled = true}};
  const auto& term = strategy.get<1>();
  torch::manual_seed(1);
  const Tensor logits = torch::randn({7, 3}, torch::kFloat64), labels = torch::tensor({0, -100, 2, 1, -100, -100, 2});
  for (const std::array<std::int64_t, 3>& cuts : {std::array<std::int64_t, 3>{0, 3, 7}, {0, 1, 7}, {0, 5, 7}}) {
    std::array<Tensor, 2> own;
    for (std::size_t r = 0; r < 2; ++r) {
      own[r] = Means::of(strategy, labels.slice(0, cuts[r], cuts[r + 1]), cuts[r + 1] - cuts[r], torch::kCPU);
    }
    Tensor sum = torch::zeros({}, torch::kFloat64);
    for (std::size_t r = 0; r < 2; ++r) {
      const auto factors = Means::factors(own[r], own[0] + own[1]);
      CHECK_FALSE(factors[0].defined());
      const Tensor loss = term.loss(logits.slice(0, cuts[r], cuts[r + 1]), labels.slice(0, cuts[r], cuts[r + 1]));
      sum += loss * factors[1] * (cuts[r + 1] - cuts[r]) / 7;
    }
    CHECK(torch::allclose(sum, term.loss(logits, labels), 1e-12));
  }
  // No label anywhere: nothing, not NaN.
  const Tensor none = Means::of(strategy, torch::full({2}, -100, torch::kInt64), 2, torch::kCPU);
  CHECK(Means::factors(none, none + none)[1].item<double>() == 0);
}

TEST_SUITE_END();
