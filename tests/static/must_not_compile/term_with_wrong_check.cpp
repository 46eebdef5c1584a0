// SPDX-License-Identifier: MIT
// needs: torch
// expect: check of this Term cannot be called as check(read, targets) const with these types
#include <string_view>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct Term {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;
  torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor&) const { return logits.mean(); }
#ifdef AFD_EXPECT_OK
  void check(const torch::Tensor&, const torch::Tensor&) const {}
#else
  void check(const torch::Tensor&) const {}
#endif
};

void use(afd::PlainCnn& a, afd::PlainCnn& b, const afd::Batch& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Term>{}, a, b};
  distiller.step(batch);
}
