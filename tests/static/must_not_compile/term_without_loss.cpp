// SPDX-License-Identifier: MIT
// needs: torch
// expect: a loss term needs torch::Tensor loss(const afd::Outputs&, const torch::Tensor& targets) const
#include <string_view>

#include <afd/strategy/strategy.hpp>

struct Term {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
#ifdef AFD_EXPECT_OK
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
#else
  double loss(const afd::Outputs&, const torch::Tensor&) const { return 0; }
#endif
};

afd::Strategy<Term> strategy;
