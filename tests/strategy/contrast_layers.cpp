// SPDX-License-Identifier: MIT
#include <afd/strategy/contrast_layers.hpp>
//
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::ContrastLayers;
using torch::Tensor;

namespace {

/// Rows of one number each.
Tensor rows_of(const std::vector<double>& numbers) {
  return torch::tensor(numbers, torch::kFloat32).unsqueeze(1);
}

Tensor memory_of(const ContrastLayers& layers) {
  return layers->named_buffers()["memory"];
}

}  // namespace

TEST_CASE("parameters and buffers have the names of a checkpoint's keys") {
  const ContrastLayers layers(3, 5, 2, 4);
  std::vector<std::string> names;
  for (const auto& item : layers->named_parameters()) names.push_back(item.key());
  for (const auto& item : layers->named_buffers()) names.push_back(item.key());
  CHECK(names == std::vector<std::string>{"student.weight", "student.bias", "teacher.weight", "teacher.bias", "memory",
                                          "count"});
  CHECK(memory_of(layers).sizes() == torch::IntArrayRef({4, 2}));
  CHECK_FALSE(memory_of(layers).requires_grad());
}

TEST_CASE("each side is projected to one dimension and length 1") {
  torch::manual_seed(0);
  ContrastLayers layers(3, 5, 2, 4);
  const Tensor student = torch::randn({6, 3}), teacher = torch::randn({6, 5}) * 100;
  const Tensor plain =
      torch::linear(student, layers->named_parameters()["student.weight"], layers->named_parameters()["student.bias"]);
  CHECK(layers->student(student).allclose(plain / plain.norm(2, 1, true)));
  CHECK(layers->teacher(teacher).norm(2, 1).allclose(torch::ones({6})));
  CHECK(layers->teacher(teacher).sizes() == torch::IntArrayRef({6, 2}));
}

TEST_CASE("rows take the place of the oldest, and what is not there yet is unused") {
  ContrastLayers layers(1, 1, 1, 5);
  CHECK(torch::equal(layers->unused(2), torch::tensor({false, false, true, true, true, true, true})));
  layers->remember(rows_of({1, 2, 3}));
  CHECK(torch::equal(layers->unused(0), torch::tensor({false, false, false, true, true})));
  CHECK(torch::equal(layers->keys(rows_of({9})), rows_of({9, 1, 2, 3, 0, 0})));
  layers->remember(rows_of({4, 5, 6}));  // 1 goes first
  CHECK(torch::equal(memory_of(layers), rows_of({6, 2, 3, 4, 5})));
  CHECK_FALSE(layers->unused(3).any().item<bool>());
  layers->remember(rows_of({7}));  // then 2
  CHECK(torch::equal(memory_of(layers), rows_of({6, 7, 3, 4, 5})));
  layers->remember(rows_of({10, 11, 12, 13, 14, 15, 16}));  // more than there is room for: the last five
  Tensor sorted = std::get<0>(memory_of(layers).flatten().sort());
  CHECK(torch::equal(sorted, rows_of({12, 13, 14, 15, 16}).flatten()));
  layers->remember(rows_of({20}));  // the oldest of those
  sorted = std::get<0>(memory_of(layers).flatten().sort());
  CHECK(torch::equal(sorted, rows_of({13, 14, 15, 16, 20}).flatten()));
  CHECK(layers->named_buffers()["count"].item<std::int64_t>() == 3 + 3 + 1 + 7 + 1);
}

TEST_CASE("a graph that holds keys can be walked after the memory has changed") {
  torch::manual_seed(1);
  ContrastLayers layers(2, 2, 3, 4);
  layers->remember(torch::randn({4, 3}));
  const Tensor before = memory_of(layers).clone();
  const Tensor student = torch::randn({2, 2}), teacher = torch::randn({2, 2});
  const auto gradients = [&](bool disturb) {
    const Tensor theirs = layers->teacher(teacher);
    const Tensor loss = layers->student(student).matmul(layers->keys(theirs).t()).square().sum();
    if (disturb) layers->remember(theirs);
    return torch::autograd::grad({loss}, layers->parameters());
  };
  const auto undisturbed = gradients(false), disturbed = gradients(true);
  CHECK_FALSE(torch::equal(memory_of(layers), before));
  CHECK_FALSE(memory_of(layers).requires_grad());
  for (std::size_t i = 0; i < undisturbed.size(); ++i) CHECK(torch::equal(undisturbed[i], disturbed[i]));
}

TEST_SUITE_END();
