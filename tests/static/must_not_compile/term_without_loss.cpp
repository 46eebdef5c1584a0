// SPDX-License-Identifier: MIT
// needs: torch
// expect: a loss term needs torch::Tensor loss(read, targets) const
#include <string_view>

#include <afd/strategy/strategy.hpp>

struct Term {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
#ifdef AFD_EXPECT_OK
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
#else
  torch::Tensor lost(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
#endif
};

afd::Strategy<Term> strategy;
