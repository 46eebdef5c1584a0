// SPDX-License-Identifier: MIT
// needs: torch
// expect: a loss term must not be final
#include <string_view>

#include <afd/strategy/strategy.hpp>

#ifdef AFD_EXPECT_OK
struct Term {
#else
struct Term final {
#endif
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
};

afd::Strategy<Term> strategy;
