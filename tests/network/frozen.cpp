// SPDX-License-Identifier: MIT
#include <afd/network/frozen.hpp>

#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("a frozen network runs in eval mode and without a graph, its flags untouched") {
  afd::PlainCnn teacher(afd::PlainCnnOptions{.classes = 3});
  const auto handle = afd::frozen(teacher);
  teacher->train();
  const afd::Outputs outputs = afd::run(handle, torch::randn({2, 1, 28, 28}));
  CHECK_FALSE(outputs.logits.requires_grad());
  CHECK_FALSE(outputs.features.requires_grad());
  CHECK_FALSE(teacher->is_training());
  for (const auto& parameter : teacher->parameters()) CHECK(parameter.requires_grad());
  static_assert(afd::is_frozen<decltype(handle)> && !afd::is_frozen<afd::PlainCnn>);
  static_assert(!afd::Network<int> && !afd::Network<torch::nn::Linear>);
}

TEST_SUITE_END();
