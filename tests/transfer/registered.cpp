// SPDX-License-Identifier: MIT
#include <afd/transfer/registered.hpp>
//
#include <memory>

#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::detail::registered;

TEST_CASE("a registered layer is its owner's, under its name, and the one that was given") {
  torch::nn::Module owner;
  const torch::nn::Linear layer(2, 3);
  const torch::nn::Linear held = registered(owner, "held", layer);
  const std::shared_ptr<torch::nn::LinearImpl> shared = registered(owner, "shared", layer.ptr());
  CHECK(held.ptr() == layer.ptr());
  CHECK(shared == layer.ptr());
  REQUIRE(owner.named_children().size() == 2);
  CHECK(owner.named_children()["held"] == layer.ptr());
  CHECK(owner.named_children()["shared"]->as<torch::nn::Linear>() == layer.get());
  CHECK(owner.named_parameters().contains("held.weight"));
}

TEST_CASE("names are refused as LibTorch refuses them") {
  torch::nn::Module owner;
  CHECK_THROWS_AS(static_cast<void>(registered(owner, "a.b", torch::nn::Linear(1, 1))), c10::Error);
}

TEST_SUITE_END();
