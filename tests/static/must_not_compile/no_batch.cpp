// SPDX-License-Identifier: MIT
// needs: torch
// expect: this is no batch: it needs members inputs and targets
#include <vector>

#include <torch/data/example.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Given = torch::data::Example<>;
#else
using Given = std::vector<torch::data::Example<> >;
#endif

void use(afd::PlainCnn& a, afd::PlainCnn& b, const Given& given) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(given);
}
