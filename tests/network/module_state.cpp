// SPDX-License-Identifier: MIT
#include <afd/network/module_state.hpp>
//
#include <torch/torch.h>

#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

namespace {

afd::StateDict saved(torch::nn::Module& module) {
  afd::StateDict state;
  afd::SaveState save(state);
  afd::detail::visit_module(module, "net/", save);
  return state;
}

}  // namespace

TEST_CASE("parameters, buffers and the mode of every submodule come back") {
  torch::manual_seed(1);
  auto network = afd::resnet8(10, 1);
  static_cast<void>(network->forward(torch::randn({4, 1, 8, 8})));  // moves the running statistics
  const auto parts = network->modules();
  network->train();
  parts.at(3)->eval();  // one that has parts of its own
  const afd::StateDict state = saved(*network);
  CHECK(state.contains("net/conv1.weight"));
  CHECK(state.contains("net/bn1.running_mean"));

  auto other = afd::resnet8(10, 1);
  other->eval();
  afd::LoadState load(state);
  afd::detail::visit_module(*other, "net/", load);
  CHECK(saved(*other).to_bytes() == state.to_bytes());
  for (std::size_t i = 0; i < parts.size(); ++i) CHECK(other->modules()[i]->is_training() == parts[i]->is_training());
}

TEST_CASE("modes whose parent differs come back, too") {
  using torch::nn::Linear, torch::nn::ModuleList;
  ModuleList outer(ModuleList(Linear(1, 1)), Linear(1, 1));
  outer->eval();
  outer->children()[0]->children()[0]->train();
  const afd::StateDict state = saved(*outer);
  ModuleList other(ModuleList(Linear(1, 1)), Linear(1, 1));
  afd::LoadState load(state);
  afd::detail::visit_module(*other, "net/", load);
  CHECK_FALSE(other->is_training());
  CHECK_FALSE(other->children()[0]->is_training());
  CHECK(other->children()[0]->children()[0]->is_training());
  CHECK_FALSE(other->children()[1]->is_training());
}

TEST_CASE("checking changes nothing, not even a mode, and names what differs") {
  auto network = afd::resnet8(10, 1);
  network->eval();
  const afd::StateDict state = saved(*network);
  auto other = afd::resnet8(10, 1);
  const auto before = saved(*other).to_bytes();
  afd::CheckState check(state);
  afd::detail::visit_module(*other, "net/", check);
  CHECK(saved(*other).to_bytes() == before);
  auto wide = afd::resnet8(12, 1);
  CHECK_THROWS_WITH_AS(afd::detail::visit_module(*wide, "net/", check), doctest::Contains("net/fc.weight is"),
                       afd::FormatError);
  auto deep = afd::resnet14(10, 1);
  CHECK_THROWS_WITH_AS(afd::detail::visit_module(*deep, "net/", check),
                       doctest::Contains("the state has no net/layer1"), afd::FormatError);
}

TEST_SUITE_END();
