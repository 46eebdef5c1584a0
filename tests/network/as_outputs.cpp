// SPDX-License-Identifier: MIT
#include <afd/network/as_outputs.hpp>
//
#include <string>
#include <tuple>
#include <utility>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

struct More {
  Tensor logits;
  Tensor features;
  std::string note;
};
struct Half {
  Tensor features;
};

}  // namespace

static_assert(afd::OutputsLike<afd::Outputs> && afd::OutputsLike<const More&>);
static_assert(afd::OutputsLike<std::pair<Tensor, Tensor>> && afd::OutputsLike<std::tuple<Tensor, Tensor>>);
static_assert(!afd::OutputsLike<Tensor> && !afd::OutputsLike<Half>);
static_assert(!afd::OutputsLike<std::tuple<Tensor, Tensor, Tensor>> && !afd::OutputsLike<std::pair<Tensor, int>>);

TEST_CASE("outputs are read by name from a struct, and by place from a pair or tuple, without a copy") {
  const Tensor features = torch::ones({2, 3}), logits = torch::zeros({2, 4});
  const auto same = [&](const afd::Outputs& outputs) {
    return outputs.features.is_same(features) && outputs.logits.is_same(logits);
  };
  CHECK(same(afd::as_outputs(afd::Outputs{features, logits})));
  CHECK(same(afd::as_outputs(More{.logits = logits, .features = features, .note = "x"})));
  CHECK(same(afd::as_outputs(std::pair(features, logits))));
  CHECK(same(afd::as_outputs(std::tuple(features, logits))));
}

TEST_SUITE_END();
