// SPDX-License-Identifier: MIT
#include <afd/step/gradient_sums.hpp>
//
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::GradientSums;
using torch::Tensor;

namespace {

const std::vector<Tensor>& some(int i) {
  static const std::vector<std::vector<Tensor>> all{
      {torch::tensor({1.0, 2.0}, torch::kDouble), torch::tensor({4.0}, torch::kDouble)},
      {torch::tensor({3.0, 6.0}, torch::kDouble), Tensor()},
      {torch::tensor({5.0, 1.0}, torch::kDouble), torch::tensor({8.0}, torch::kDouble)}};
  return all[static_cast<std::size_t>(i)];
}

}  // namespace

TEST_CASE("the mean is over samples, whatever the sizes of steps, and a missing gradient counts as none") {
  GradientSums sums(2);
  const std::vector<std::int64_t> samples{6, 6, 3};
  for (int i = 0; i < 2; ++i) sums.keep(sums.with(some(i), samples[static_cast<std::size_t>(i)]), 6);
  CHECK(sums.steps() == 2);
  const std::vector<Tensor> all = sums.with(some(2), 3);
  const double scale = sums.scale_with(3);
  CHECK(torch::allclose(all[0] * scale, (6 * some(0)[0] + 6 * some(1)[0] + 3 * some(2)[0]) / 15, 1e-14));
  CHECK(torch::allclose(all[1] * scale, (6 * some(0)[1] + 3 * some(2)[1]) / 15, 1e-14));
  // What there is so far.
  CHECK(torch::allclose(sums.gradients()[0] * sums.scale(), (some(0)[0] + some(1)[0]) / 2, 1e-14));
  sums.clear();
  CHECK(sums.steps() == 0);
  CHECK(sums.scale_with(9) == 1.0);
  CHECK(sums.with(some(0), 9)[0].is_same(some(0)[0]));
}

TEST_CASE("steps of equal size are summed up as they are: no operator for their weights") {
  GradientSums sums(2);
  sums.keep(sums.with(some(0), 4), 4);
  CHECK(torch::equal(sums.with(some(1), 4)[0], some(0)[0] + some(1)[0]));
  CHECK(sums.scale_with(4) == 0.5);
}

TEST_CASE("sums are part of the state, with the samples they are of") {
  const std::vector<std::string> names{"a", "b"};
  std::vector<Tensor> like{torch::zeros({2}, torch::kDouble), torch::zeros({1}, torch::kDouble)};
  GradientSums sums(2), copy(2);
  sums.keep(sums.with(some(1), 4), 4);
  afd::StateDict state;
  afd::SaveState save(state);
  sums.visit(names, like, save);
  afd::LoadState load(state);
  copy.visit(names, like, load);
  CHECK(copy.steps() == 1);
  CHECK_FALSE(copy.gradients()[1].defined());
  CHECK(torch::equal(copy.with(some(2), 2)[0], sums.with(some(2), 2)[0]));
  CHECK(copy.scale_with(2) == sums.scale_with(2));
}

TEST_CASE("sums of other parameters go on with those that both have") {
  const Tensor a = torch::zeros({2}), b = torch::zeros({1}), c = torch::zeros({3});
  GradientSums sums(2), others(2);
  others.keep(others.with(some(0), 4), 4);
  sums.take_over(others, {b, c}, {a, b});
  CHECK(sums.steps() == 1);
  CHECK(torch::equal(sums.gradients()[0], some(0)[1]));
  CHECK_FALSE(sums.gradients()[1].defined());
  CHECK(sums.scale_with(4) == 0.5);
}

TEST_SUITE_END();
