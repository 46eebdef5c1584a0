// SPDX-License-Identifier: MIT
#include <afd/optim/gradient_sums.hpp>
//
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/optim/sgd.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("optim");

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

TEST_CASE("an optimizer takes means over samples, and updates with what is left when asked to") {
  Tensor w = torch::zeros({2}, torch::dtype(torch::kDouble).requires_grad(true));
  auto state = afd::Sgd{.lr = 1, .momentum = 0, .weight_decay = 0, .accumulate = 3}.make({w});
  const auto step = [&](double g0, double g1, std::int64_t samples) {
    state.count_samples(samples);
    const std::vector<Tensor> gradients{torch::tensor({g0, g1}, torch::kDouble)};
    state.prepare(gradients);
    state.apply(gradients);
  };
  step(1, 0, 8);
  step(1, 0, 8);
  step(4, 2, 4);
  CHECK(torch::allclose(w, torch::tensor({-(8.0 + 8 + 16) / 20, -8.0 / 20}, torch::kDouble), 1e-14));
  CHECK_FALSE(state.has_rest());
  step(2, 2, 8);
  step(0, 4, 2);
  CHECK(state.has_rest());
  const Tensor before = w.detach().clone();
  state.prepare_rest();
  CHECK(torch::equal(w, before));
  state.apply_rest();
  CHECK(torch::allclose(before - w, torch::tensor({16.0 / 10, (16.0 + 8) / 10}, torch::kDouble), 1e-14));
  CHECK_FALSE(state.has_rest());
  state.apply_rest();  // nothing is left
  step(3, 3, 5);       // and the next update is due after three steps again
  step(3, 3, 5);
  CHECK(state.has_rest());
  step(3, 3, 5);
  CHECK_FALSE(state.has_rest());
}

TEST_CASE("a step that was refused leaves nothing behind for the rest") {
  Tensor w = torch::zeros({1}, torch::dtype(torch::kDouble).requires_grad(true));
  auto state = afd::Sgd{.lr = 1, .momentum = 0, .weight_decay = 0, .accumulate = 3}.make({w});
  const std::vector<Tensor> good{torch::ones({1}, torch::kDouble)}, refused{torch::full({1}, 100.0, torch::kDouble)};
  state.apply(good);
  state.prepare(refused);  // another optimizer's gradients were not finite
  state.apply_rest();
  CHECK(w.item<double>() == -1.0);
}

TEST_CASE("what is left is clipped like any other update") {
  Tensor w = torch::zeros({2}, torch::dtype(torch::kDouble).requires_grad(true));
  auto state = afd::Sgd{.lr = 1, .momentum = 0, .weight_decay = 0, .max_norm = 1, .accumulate = 4}.make({w});
  state.apply(std::vector<Tensor>{torch::tensor({3.0, 4.0}, torch::kDouble)});
  state.apply_rest();
  CHECK(w.norm().item<double>() == doctest::Approx(1.0).epsilon(1e-5));
}

TEST_SUITE_END();
