// SPDX-License-Identifier: MIT
// needs: torch
// expect: this Term reads the logits of this Network, but Out, which its forward returns, has none
// expect g++: Term = afd::MutualKL
// expect g++: Out = FeaturesAlone
// expect clang: require_read<afd::MutualKL, afd::Logits, afd::Frozen<Teacher>, FeaturesAlone>
#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct FeaturesAlone {
  torch::Tensor features;
};
struct Teacher : torch::nn::Module {
  FeaturesAlone forward(torch::Tensor inputs) { return {inputs}; }
};

void use(Teacher& teacher, afd::PlainCnn& student, const afd::Batch& batch) {
#ifdef AFD_EXPECT_OK
  using Recipe = afd::DirectAlignment;
#else
  using Recipe = afd::KnowledgeDistillation;
#endif
  afd::Distiller distiller{afd::topology::OneWay{}, Recipe{}, afd::frozen(teacher), student};
  distiller.step(batch);
}
