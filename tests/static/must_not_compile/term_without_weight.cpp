// SPDX-License-Identifier: MIT
// needs: torch
// expect: a loss term needs a weight: double weight = 1.0;
#include <string_view>

#include <afd/strategy/strategy.hpp>

struct Term {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
#ifdef AFD_EXPECT_OK
  double weight = 1.0;
#endif
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
};

afd::Strategy<Term> strategy;
