// SPDX-License-Identifier: MIT
// needs: torch
// expect: this Term reads a tap that this Network does not return: taps are counted from 0, and Out has fewer
// expect g++: Reader = afd::Tap<2>
// expect g++: Out = afd::TappedOutputs<2>
// expect clang: require_read<afd::AttentionTransfer, afd::Tap<2>, std::reference_wrapper<Net>, afd::TappedOutputs<2>>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

struct Net : torch::nn::Module {
  afd::TappedOutputs<2> forward(torch::Tensor inputs) { return {{inputs, inputs}, inputs}; }
};

void use(Net& a, Net& b, const afd::Batch& batch) {
#ifdef AFD_EXPECT_OK
  using Term = afd::At<1, afd::AttentionTransfer>;
#else
  using Term = afd::At<2, afd::AttentionTransfer>;
#endif
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Term>{}, a, b};
  distiller.step(batch);
}
