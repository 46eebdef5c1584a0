// SPDX-License-Identifier: MIT
#include <afd/step/first_look.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using torch::Tensor;

namespace {

/// Mistakes that compile.
struct MistakenImpl : torch::nn::Module {
  MistakenImpl()
      : body(register_module("body", torch::nn::Linear(64, 16))),
        head(register_module("head", torch::nn::Linear(16, 4))) {
    to(torch::kDouble);
  }
  afd::Outputs forward(const Tensor& images) {
    const Tensor features = body->forward(images.flatten(1));
    const Tensor logits = head->forward(features);
    if (swaps) return {.features = logits, .logits = features};
    return {.features = features, .logits = takes_softmax ? torch::softmax(logits, 1) : logits};
  }
  bool swaps = false, takes_softmax = false;
  torch::nn::Linear body, head;
};
TORCH_MODULE(Mistaken);

std::vector<std::string> said_of(Mistaken& a) {
  Mistaken b;
  if (a->swaps) b->swaps = true;
  std::vector<std::string> said;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }}, a, b};
  for (int i = 0; i < 3; ++i) distiller.step(afd_test::tiny_batch());
  return said;
}

}  // namespace

TEST_CASE("probabilities in place of logits are told once") {
  Mistaken right, softmax;
  softmax->takes_softmax = true;
  CHECK(said_of(right).empty());
  const auto said = said_of(softmax);
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("network 0: its logits are not negative and sum to 1"));
}

TEST_CASE("logits that are wider than features which would do for the labels are told once for each network") {
  Mistaken swapped;
  swapped->swaps = true;
  const auto said = said_of(swapped);
  REQUIRE(said.size() == 2);
  CHECK(said[1].starts_with("network 1: its logits have shape [6, 16] and its features [6, 4]"));
}

namespace {

struct InPlaceImpl : torch::nn::Module {
  InPlaceImpl()
      : body(register_module("body", torch::nn::Conv2d(1, 3, 3))),
        head(register_module("head", torch::nn::Linear(108, 4))) {
    to(torch::kDouble);
  }
  afd::Outputs forward(const Tensor& images) {
    const Tensor features = body->forward(images);
    Tensor flat = features.flatten(1);
    return {.features = features, .logits = head->forward(in_place ? torch::relu_(flat) : torch::relu(flat))};
  }
  bool in_place = false;
  torch::nn::Conv2d body;
  torch::nn::Linear head;
};
TORCH_MODULE(InPlace);

}  // namespace

TEST_CASE("features that a later layer changes in place through a view are told once") {
  InPlace a, b;
  b->in_place = true;
  std::vector<std::string> said;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }}, a, b};
  for (int i = 0; i < 3; ++i) distiller.step(afd_test::tiny_batch());
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("network 1: its features were changed in place through a view"));
}

TEST_CASE("what is looked for") {
  const Tensor rows = torch::tensor({0.25, 0.75, 1.0, 0.0}, torch::kDouble).view({2, 2});
  CHECK(afd::detail::look_like_probabilities(rows));
  CHECK_FALSE(afd::detail::look_like_probabilities(rows * 1.01));
  CHECK_FALSE(afd::detail::look_like_probabilities(rows - 0.5));
  CHECK_FALSE(afd::detail::look_like_probabilities(torch::ones({3, 1})));
  const Tensor wide = torch::zeros({3, 8}), narrow = torch::zeros({3, 4});
  CHECK(afd::detail::look_swapped(wide, narrow, torch::tensor({0, 3, 1})));
  CHECK_FALSE(afd::detail::look_swapped(wide, narrow, torch::tensor({0, 4, 1})));
  CHECK_FALSE(afd::detail::look_swapped(narrow, wide, torch::tensor({0, 3, 1})));
}

TEST_SUITE_END();
