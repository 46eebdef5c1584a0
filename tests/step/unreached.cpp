// SPDX-License-Identifier: MIT
#include <afd/step/unreached.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::tiny_batch;
using torch::Tensor;

namespace {

/// Has a branch that its forward leaves out, and may detach its features.
struct ForgetfulImpl : torch::nn::Module {
  ForgetfulImpl()
      : conv(register_module("conv", torch::nn::Conv2d(1, 3, 3))),
        branch(register_module("branch", torch::nn::Linear(3, 3))),
        head(register_module("head", torch::nn::Linear(3, afd_test::tiny_classes))) {
    to(torch::kDouble);
  }
  afd::Outputs forward(const Tensor& images) {
    const Tensor features = torch::relu(conv->forward(images));
    return {detaches ? features.detach() : features, head->forward(features.mean({2, 3}))};
  }
  bool detaches = false;
  torch::nn::Conv2d conv;
  torch::nn::Linear branch, head;
};
TORCH_MODULE(Forgetful);

}  // namespace

TEST_CASE("some names stand for many") {
  CHECK(afd::detail::some_of({"a"}) == "a");
  CHECK(afd::detail::some_of({"a", "b", "c", "d"}) == "a, b, c, d");
  CHECK(afd::detail::some_of({"a", "b", "c", "d", "e", "f"}) == "a, b, c, d and 2 more");
}

TEST_CASE("parameters that no loss reaches are told once, after enough steps") {
  Forgetful a;
  afd_test::Probe b;
  std::vector<std::string> said;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }}, a, b};
  for (int i = 0; i < 9; ++i) distiller.step(tiny_batch());
  CHECK(said.empty());
  for (int i = 0; i < 15; ++i) distiller.step(tiny_batch());
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("network 0: no loss reached 2 of its 6 parameters in the first 10 steps"));
  CHECK(said[0].find("branch.weight, branch.bias") != std::string::npos);
}

TEST_CASE("a feature loss of detached features trains nothing but its transfer layers, and says so") {
  Forgetful a, teacher;
  a->detaches = true;
  a->branch->weight.requires_grad_(false);
  a->branch->bias.requires_grad_(false);
  std::vector<std::string> said;
  afd::Distiller distiller{
      afd::topology::OneWay{},
      afd::Strategy{afd::CrossEntropy{}, afd::FeatureAlignment<afd::L1Distance, afd::AlwaysConv>{}},
      afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }}, afd::frozen(teacher), a};
  for (int i = 0; i < 10; ++i) distiller.step(tiny_batch());
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("network 1, feature loss: it reached no parameter of the network"));
}

TEST_CASE("a term that is computed seldom is waited for") {
  afd_test::Probe a, b;
  std::vector<std::string> said;
  afd::Distiller distiller{afd::topology::Pair{},
                           afd::Strategy{afd::Every<12, afd::CrossEntropy>{}, afd::Every<16, afd::MutualKL>{}},
                           afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }}, a, b};
  for (int i = 0; i < 40; ++i) distiller.step(tiny_batch());
  CHECK(said.empty());
}

TEST_SUITE_END();
