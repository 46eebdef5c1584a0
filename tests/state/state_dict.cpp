// SPDX-License-Identifier: MIT
#include <afd/state/state_dict.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

using afd::StateDict;

TEST_CASE("values of every type, and tensors of every dtype, come back to the bit") {
  torch::manual_seed(1);
  StateDict state;
  state.set("integer", std::int64_t{-3});
  state.set("real", 0.1);
  state.set("text", std::string("a/b"));
  for (const auto& [element, dtype] : afd::detail::element_types) {
    state.set("tensor " + std::to_string(static_cast<int>(element)), torch::randn({3, 2}).mul_(50).to(dtype));
  }
  state.set("scalar", torch::tensor(7));
  state.set("empty", torch::empty({2, 0, 3}));
  const StateDict back = StateDict::from_bytes(state.to_bytes(), "file");
  CHECK(back.get<std::int64_t>("integer") == -3);
  CHECK(back.get<double>("real") == 0.1);
  CHECK(back.get<std::string>("text") == "a/b");
  for (const auto& [key, value] : state.values()) {
    const auto* tensor = std::get_if<torch::Tensor>(&value);
    if (tensor == nullptr) continue;
    const auto& other = back.get<torch::Tensor>(key);
    CHECK((other.scalar_type() == tensor->scalar_type()));
    CHECK(other.sizes() == tensor->sizes());
    CHECK(other.equal(*tensor));
  }
  CHECK(back.to_bytes() == state.to_bytes());
}

TEST_CASE("a tensor is copied when it is set, whatever its strides, and asks for no gradient") {
  const torch::Tensor tensor = torch::arange(6.0).view({2, 3}).t().requires_grad_();
  StateDict state;
  state.set("t", tensor);
  {
    const torch::NoGradGuard no_grad;
    tensor.mul_(0);
  }
  CHECK(state.get<torch::Tensor>("t").equal(torch::arange(6.0).view({2, 3}).t()));
  CHECK_FALSE(state.get<torch::Tensor>("t").requires_grad());
  const StateDict back = StateDict::from_bytes(state.to_bytes(), "file");
  CHECK(back.get<torch::Tensor>("t").equal(torch::arange(6.0).view({2, 3}).t()));
}

TEST_CASE("what is not there, of another type, or there twice, is named") {
  StateDict state;
  state.set("a", 1.5);
  CHECK(state.contains("a"));
  CHECK_FALSE(state.contains("b"));
  CHECK_THROWS_WITH_AS(static_cast<void>(state.get<double>("b")), "the state has no b", afd::FormatError);
  CHECK_THROWS_WITH_AS(static_cast<void>(state.get<std::int64_t>("a")), doctest::Contains("another type"),
                       afd::FormatError);
  CHECK_THROWS_WITH_AS(state.set("a", 2.0), doctest::Contains("two values called a"), afd::ConfigError);
  state.set("complex", torch::zeros({1}, torch::kComplexFloat));
  CHECK_THROWS_WITH_AS(static_cast<void>(state.to_bytes()), doctest::Contains("cannot save complex"), afd::DataError);
}

TEST_SUITE_END();
