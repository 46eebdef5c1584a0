// SPDX-License-Identifier: MIT
// needs: torch
// expect: this Term has a loss(outputs, targets) of each network and a view with a loss(student_view, teacher_view)
#include <string_view>

#include <afd/step/distiller.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct Term {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  torch::Tensor view(const afd::Outputs& outputs) const { return outputs.logits; }
  torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return (student - teacher).mean();
  }
#ifndef AFD_EXPECT_OK
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor&) const { return outputs.logits.mean(); }
#endif
};

void use(afd::PlainCnn& a, afd::PlainCnn& b, const afd::Batch& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Term>{}, a, b};
  distiller.step(batch);
}
