// SPDX-License-Identifier: MIT
// needs: torch
// expect: this score reads of a Network what Out, which its forward returns, does not have: choose another score
// expect g++: [with S = afd::Classification; Network = FeaturesOnly; Out = Features]
// expect clang: require_score_reads<afd::Classification, FeaturesOnly, Features>
#include <vector>

#include <torch/nn/module.h>

#include <afd/network/frozen.hpp>
#include <afd/observe/evaluate.hpp>

struct Features {
  torch::Tensor features;
};
struct FeaturesOnly : torch::nn::Module {
  Features forward(torch::Tensor inputs) { return {inputs}; }
};
struct Classifier : torch::nn::Module {
  torch::Tensor forward(torch::Tensor inputs) { return inputs; }
};

void use(Classifier& student, FeaturesOnly& other, std::vector<afd::Batch>& batches) {
#ifdef AFD_EXPECT_OK
  // A teacher is not scored then.
  static_cast<void>(afd::evaluate(batches, student, afd::frozen(other)));
#else
  static_cast<void>(afd::evaluate(batches, student, other));
#endif
}
