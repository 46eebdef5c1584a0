// SPDX-License-Identifier: MIT
#include <afd/network/normal_tensors.hpp>
//
#include <optional>
#include <tuple>

#include <c10/core/InferenceMode.h>
#include <torch/torch.h>

#include <afd/network/outputs.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

TEST_CASE("outputs of InferenceMode become ordinary ones, and others stay the same objects") {
  afd::Outputs outputs;
  {
    const c10::InferenceMode guard;
    outputs = {torch::randn({2, 3}), torch::randn({2, 4})};
  }
  const Tensor ordinary = torch::randn({2});
  REQUIRE(outputs.logits.is_inference());
  const auto made = afd::detail::as_normal(std::tuple{outputs, ordinary, std::optional<Tensor>()});
  CHECK_FALSE(std::get<0>(made).features.is_inference());
  CHECK_FALSE(std::get<0>(made).logits.is_inference());
  CHECK(torch::equal(std::get<0>(made).logits, outputs.logits));
  CHECK(std::get<1>(made).is_same(ordinary));
  CHECK_FALSE(afd::detail::as_normal(afd::Outputs{}).logits.defined());
  // The backward of a student can keep them.
  const Tensor weight = torch::randn({2, 4}, torch::requires_grad());
  (weight * std::get<0>(made).logits).sum().backward();
  CHECK(torch::equal(weight.grad(), outputs.logits));
  const c10::InferenceMode guard;
  CHECK(afd::detail::as_normal(outputs).logits.is_same(outputs.logits));
}

TEST_CASE("a module that was made under InferenceMode becomes an ordinary one, its tensors the same objects") {
  torch::manual_seed(0);
  std::shared_ptr<afd_test::ProbeImpl> made;
  {
    const c10::InferenceMode guard;
    made = std::make_shared<afd_test::ProbeImpl>();
  }
  const Tensor parameter = made->parameters().front();
  REQUIRE(parameter.is_inference());
  REQUIRE(made->buffers().front().is_inference());
  const auto before = afd_test::state_of(*made);
  const bool learns = parameter.requires_grad();
  afd::detail::make_normal(*made);
  CHECK(made->conv->weight.is_same(parameter));
  for (const auto& tensor : made->parameters()) CHECK_FALSE(tensor.is_inference());
  for (const auto& tensor : made->buffers()) CHECK_FALSE(tensor.is_inference());
  CHECK(afd_test::same_state(*made, before));
  CHECK(parameter.requires_grad() == learns);
  // Versions are counted, values can be written, flags set, and gradients taken.
  const auto version = parameter._version();
  {
    const torch::NoGradGuard no_grad;
    Tensor(parameter).mul_(2);
    made->norm->running_mean.add_(1);
  }
  CHECK(parameter._version() == version + 1);
  for (Tensor& tensor : made->parameters()) tensor.requires_grad_(true);
  made->train();
  made->forward(torch::randn({3, 1, 8, 8}, torch::kDouble)).logits.sum().backward();
  CHECK(parameter.grad().defined());
  CHECK(parameter.grad().abs().sum().item<double>() > 0);
}

TEST_SUITE_END();
