// SPDX-License-Identifier: MIT
#include <afd/step/loss_scale.hpp>
//
#include <limits>
#include <vector>

#include <torch/torch.h>

#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/objective.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

namespace {

using afd::detail::LossScale;

}  // namespace

TEST_CASE("losses are scaled in float16 only") {
  for (const afd::Precision precision : {afd::Precision::full, afd::Precision::bfloat16}) {
    LossScale scale(precision);
    CHECK_FALSE(scale.is_used());
    for (int i = 0; i < LossScale::steps_to_double; ++i) scale.note_update();
    CHECK(scale.now() == 1);
    CHECK_FALSE(scale.shrink());
  }
  CHECK(LossScale(afd::Precision::float16).is_used());
}

TEST_CASE("a scale is halved at once, to 1 and no further, and doubled after many updates in a row") {
  LossScale scale(afd::Precision::float16);
  CHECK(scale.now() == 65536);
  for (int i = 0; i < LossScale::steps_to_double - 1; ++i) scale.note_update();
  CHECK(scale.shrink());
  CHECK(scale.now() == 32768);
  for (int i = 0; i < LossScale::steps_to_double - 1; ++i) scale.note_update();
  CHECK(scale.now() == 32768);
  scale.note_update();
  CHECK(scale.now() == 65536);
  for (int i = 0; i < 100 * LossScale::steps_to_double; ++i) scale.note_update();
  CHECK(scale.now() == LossScale::most);
  int halvings = 0;
  while (scale.shrink()) ++halvings;
  CHECK(halvings == 32);
  CHECK(scale.now() == 1);
}

TEST_CASE("a scale goes on from its state") {
  LossScale scale(afd::Precision::float16), other(afd::Precision::float16);
  CHECK(scale.shrink());
  for (int i = 0; i < LossScale::steps_to_double - 1; ++i) scale.note_update();
  afd::StateDict state;
  afd::SaveState save(state);
  scale.visit_state(save);
  afd::LoadState load(state);
  other.visit_state(load);
  CHECK(other.now() == 32768);
  other.note_update();
  CHECK(other.now() == 65536);
}

TEST_CASE("gradients that would vanish in half precision are there when the loss is scaled, in their own size") {
  torch::Tensor weight = torch::full({3}, 1.0).requires_grad_();
  const auto loss = [&] { return (weight.to(torch::kHalf) * 2e-8).to(torch::kFloat).sum(); };
  const std::vector<torch::Tensor> plain = afd::detail::gradients(loss(), {weight}, false);
  CHECK(plain[0].abs().max().item<float>() == 0);  // 2e-8 is under half of the least number of float16
  const std::vector<torch::Tensor> scaled = afd::detail::gradients(loss(), {weight}, false, 1024);
  CHECK(scaled[0][0].item<float>() == doctest::Approx(2e-8).epsilon(0.01));
}

TEST_CASE("in float a scaled gradient is the same to the bit, also where parameters are given one tensor, or none") {
  torch::Tensor a = torch::randn({4}).requires_grad_(), b = torch::randn({4}).requires_grad_(),
                c = torch::randn({2}).requires_grad_();
  const auto loss = [&] { return (a + b).exp().sum(); };
  const auto plain = afd::detail::gradients(loss(), {a, b, c}, false);
  const auto scaled = afd::detail::gradients(loss(), {a, b, c}, false, 1024);
  CHECK(scaled[0].equal(plain[0]));
  CHECK(scaled[1].equal(plain[1]));
  CHECK_FALSE(scaled[2].defined());
}

TEST_SUITE_END();
