// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer_layers.hpp>

#include <utility>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::FeatureShape;
using afd::Tokens;
using torch::Tensor;

TEST_CASE("StudentConv adds layers only where channels differ, and pools the larger map") {
  torch::manual_seed(1);
  auto same = afd::StudentConv{}.make({4, {8, 8}}, {4, {4, 4}});
  CHECK(same->parameters().empty());
  const Tensor map = torch::randn({2, 4, 8, 8});
  CHECK(same->student(map).equal(torch::adaptive_avg_pool2d(map, {4, 4})));
  const Tensor teacher = torch::randn({2, 4, 4, 4});
  CHECK(same->teacher(teacher).is_same(teacher));

  auto other = afd::StudentConv{}.make({3, {4, 4}}, {5, {8, 8}});
  CHECK_FALSE(other->parameters().empty());
  CHECK(other->output() == FeatureShape{5, {4, 4}});
  CHECK(other->student(torch::randn({2, 3, 4, 4})).sizes() == torch::IntArrayRef({2, 5, 4, 4}));
  CHECK(other->teacher(torch::randn({2, 5, 8, 8})).sizes() == torch::IntArrayRef({2, 5, 4, 4}));
}

TEST_CASE("both sides come out in the shape that output() says, for every pair that has one") {
  const FeatureShape tokens = afd::feature_shape(Tokens{torch::zeros({1, 16, 3})}),
                     grid = afd::feature_shape(Tokens{torch::zeros({1, 16, 3}), 2, 8});
  const std::vector<std::pair<FeatureShape, FeatureShape>> pairs = {{{3, {}}, {5, {}}},
                                                                    {{3, {}}, {5, {4, 4}}},
                                                                    {{3, {2, 3, 4}}, {5, {}}},
                                                                    {{3, {9}}, {5, {4}}},
                                                                    {{3, {9}}, {5, {}}},
                                                                    {{3, {8, 2}}, {5, {4, 4}}},
                                                                    {{3, {2, 4, 4}}, {5, {4, 2, 4}}},
                                                                    {tokens, {5, {4, 4}}},
                                                                    {tokens, {5, {2, 8}}},
                                                                    {tokens, {5, {2, 2}}},
                                                                    {tokens, {5, {16}}},
                                                                    {tokens, {5, {}}},
                                                                    {grid, {5, {4, 4}}},
                                                                    {grid, {5, {}}},
                                                                    {grid, tokens},
                                                                    {tokens, tokens}};
  for (const auto& pair : pairs) {
    const FeatureShape &student = pair.first, &teacher = pair.second;
    CAPTURE(student);
    CAPTURE(teacher);
    auto layers = afd::BothSides{.channels = 6}.make(student, teacher);
    CHECK(layers->output().channels == 6);
    CHECK_FALSE(layers->output().tokens);
    const Tensor features = torch::randn(student.sizes(4)).requires_grad_();
    const Tensor ours = layers->student(features), theirs = layers->teacher(torch::randn(teacher.sizes(4)));
    CHECK(layers->output().describes(ours));
    CHECK(layers->output().describes(theirs));
    (ours - theirs).square().mean().backward();
    CHECK(features.grad().abs().max().item<double>() > 0);
    for (const Tensor& parameter : layers->parameters()) CHECK(parameter.grad().abs().max().item<double>() > 0);
  }
}

TEST_CASE("a student's tokens are transferred as the map that they are the places of") {
  torch::manual_seed(2);
  const Tensor tokens = torch::randn({2, 36, 3});  // 6 x 6
  const Tensor map = tokens.view({2, 6, 6, 3}).permute({0, 3, 1, 2}).contiguous();
  for (const Tokens& given : {Tokens{tokens}, Tokens{tokens, 6, 6}}) {
    torch::manual_seed(3);
    auto of_tokens = afd::StudentConv{.kernel_size = 3}.make(afd::feature_shape(given), {5, {3, 3}});
    torch::manual_seed(3);
    auto of_map = afd::StudentConv{.kernel_size = 3}.make({3, {6, 6}}, {5, {3, 3}});
    CHECK(torch::allclose(of_tokens->student(afd::channels_first(given)), of_map->student(map), 1e-4, 1e-5));
  }
}

TEST_CASE("a teacher's tokens are laid out next to the student's map") {
  const Tensor tokens = torch::randn({2, 36, 3});
  auto layers = afd::StudentConv{}.make({3, {2, 2}}, afd::feature_shape(Tokens{tokens}));
  const Tensor map = tokens.view({2, 6, 6, 3}).permute({0, 3, 1, 2}).contiguous();
  CHECK(torch::allclose(layers->teacher(afd::channels_first(Tokens{tokens})), torch::avg_pool2d(map, 3), 1e-4, 1e-6));
}

TEST_CASE("tokens without a grid are compared place by place, and averaged next to a vector") {
  torch::manual_seed(4);
  const Tensor tokens = torch::randn({2, 17, 3});
  auto layers = afd::AlwaysConv{}.make(afd::feature_shape(Tokens{tokens}), afd::feature_shape(Tokens{tokens}));
  const Tensor weight = layers->named_parameters()["student.layers.conv.weight"].flatten(1);
  const Tensor hidden = torch::matmul(tokens, weight.t());  // N, L, C: a linear layer of each token
  const Tensor rows = hidden.flatten(0, 1);
  const Tensor normed = (hidden - rows.mean(0)) / (rows.var(0, false) + 1e-5).sqrt();
  const Tensor result = layers->student(tokens.transpose(1, 2));
  CHECK(torch::allclose(result.transpose(1, 2), normed.relu(), 1e-3, 1e-4));

  auto vector = afd::StudentConv{}.make(afd::feature_shape(Tokens{tokens}), {3, {}});
  CHECK(vector->parameters().empty());
  CHECK(torch::allclose(vector->student(tokens.transpose(1, 2)), tokens.mean(1), 1e-5, 1e-6));
}

TEST_CASE("AlwaysConv convolves one side, BothSides both") {
  const auto always = afd::AlwaysConv{}.make({4, {4, 4}}, {4, {4, 4}});
  auto both = afd::BothSides{.channels = 6}.make({3, {4, 4}}, {4, {4, 4}});
  CHECK_FALSE(always->parameters().empty());
  CHECK(both->parameters().size() == 2 * always->parameters().size());
  CHECK(both->output() == FeatureShape{6, {4, 4}});
  CHECK(both->teacher(torch::randn({2, 4, 4, 4})).sizes() == torch::IntArrayRef({2, 6, 4, 4}));
  CHECK((afd::BothSides{}.make({3, {4}}, {4, {4}})->output() == FeatureShape{4, {4}}));
}

TEST_CASE("next to a teacher whose features have both signs a student's convolution does not end in a ReLU") {
  torch::manual_seed(1);
  const FeatureShape student{3, {4, 4}};
  FeatureShape teacher{5, {4, 4}};
  const Tensor features = torch::randn({6, 3, 4, 4});
  CHECK(afd::StudentConv{}.make(student, teacher)->student(features).ge(0).all().item<bool>());
  teacher.is_signed = true;
  CHECK(afd::StudentConv{}.make(student, teacher)->student(features).lt(0).any().item<bool>());
  CHECK(afd::AlwaysConv{}.make(student, teacher)->student(features).lt(0).any().item<bool>());
  // Two projections are made to look like each other.
  auto both = afd::BothSides{}.make(student, teacher);
  CHECK(both->student(features).ge(0).all().item<bool>());
  CHECK(both->teacher(torch::randn({6, 5, 4, 4})).ge(0).all().item<bool>());
}

TEST_CASE("what cannot be compared is refused by name") {
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::StudentConv{}.make({3, {16}}, {4, {4, 4}})),
                       doctest::Contains("StudentConv: the student's features [3, 16] and the teacher's [4, 4, 4]"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::AlwaysConv{}.make({3, {2, 2}}, {4, {4, 2, 2}})),
                       doctest::Contains("AlwaysConv: "), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::BothSides{}.make({3, {16}}, {4, {4, 4}})),
                       doctest::Contains("BothSides: "), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::BothSides{.channels = -1}.make({3, {}}, {4, {}})),
                       doctest::Contains("but is -1"), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::StudentConv{.kernel_size = 2}.make({3, {4, 4}}, {4, {4, 4}})),
                  afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::AlwaysConv{.kernel_size = 3}.make({3, {2, 4, 4}}, {4, {2, 4, 4}})),
                       doctest::Contains("AlwaysConv: volumes [4, 2, 4, 4]"), afd::ConfigError);
  CHECK_NOTHROW(static_cast<void>(afd::AlwaysConv{.kernel_size = 3}.make({3, {2, 4, 4}}, {4, {}})));
}

TEST_SUITE_END();
