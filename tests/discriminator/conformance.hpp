// SPDX-License-Identifier: MIT
#pragma once

// What every discriminator policy must do; called once per policy from that policy's test.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/discriminator/discriminator.hpp>
#include <afd/error.hpp>
#include <afd/loss/gan.hpp>
#include <afd/transfer/feature_shape.hpp>

#include "support/doctest.hpp"

namespace afd_test {

inline const std::vector<afd::FeatureShape> flat_shapes = {{3, {}},     {3, {1}},    {5, {2}},    {4, {9}},
                                                           {3, {1, 1}}, {5, {2, 2}}, {4, {7, 7}}, {6, {8, 8}},
                                                           {2, {3, 9}}, {3, {6, 1}}, {3, {1, 8}}};
inline const std::vector<afd::FeatureShape> volume_shapes = {{3, {1, 1, 1}}, {2, {2, 3, 5}}, {2, {1, 4, 6}}};

inline torch::Tensor random_features(std::int64_t batch, const afd::FeatureShape& shape) {
  return torch::randn(shape.sizes(batch));
}

inline std::vector<torch::Tensor> copies(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> result;
  for (const torch::Tensor& tensor : tensors) result.push_back(tensor.detach().clone());
  return result;
}

inline bool all_equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!torch::equal(a[i], b[i])) return false;
  }
  return true;
}

inline bool has_gradient(const torch::Tensor& tensor) {
  return tensor.grad().defined() && tensor.grad().isfinite().all().item<bool>() &&
         tensor.grad().abs().max().item<double>() > 0;
}

/// One score or one map of scores per sample; gradient to the input and to every parameter, through a real
/// and a fake forward before one backward.
template <afd::Discriminator D>
void check_scores_and_gradients(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  torch::Tensor real = random_features(4, shape).requires_grad_();
  torch::Tensor fake = random_features(4, shape).requires_grad_();
  const torch::Tensor real_scores = module->forward(real);
  const torch::Tensor fake_scores = module->forward(fake);
  REQUIRE(real_scores.dim() >= 1);
  CHECK(real_scores.size(0) == 4);
  CHECK(real_scores.isfinite().all().template item<bool>());
  CHECK(module->forward(random_features(3, shape)).size(0) == 3);  // and other batch sizes, before the backward

  afd::NonSaturating{}.discriminator(real_scores, fake_scores).backward();
  CHECK(has_gradient(real));
  CHECK(has_gradient(fake));
  REQUIRE_FALSE(module->parameters().empty());
  for (const auto& parameter : module->named_parameters()) {
    CAPTURE(parameter.key());
    CHECK(has_gradient(parameter.value()));
  }
}

/// Evaluation is repeatable, changes nothing, and scores each sample by itself.
template <afd::Discriminator D>
void check_evaluation(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  const torch::NoGradGuard no_grad;
  module->forward(random_features(8, shape));  // moves running statistics off their defaults
  module->eval();
  const std::vector<torch::Tensor> before = copies(module->buffers());
  const torch::Tensor features = random_features(4, shape);
  const torch::Tensor scores = module->forward(features);
  CHECK(torch::equal(scores, module->forward(features)));
  CHECK(all_equal(before, module->buffers()));
  CHECK(torch::allclose(scores.slice(0, 1, 2), module->forward(features.slice(0, 1, 2)), 1e-4, 1e-5));
}

/// No sigmoid: with large weights and inputs, scores leave (0, 1).
template <afd::Discriminator D>
void check_raw_scores(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor parameter : module->parameters()) parameter.normal_(0, 10);
  const torch::Tensor scores = module->forward(random_features(64, shape) * 10);
  CHECK((scores.lt(-0.5) | scores.gt(1.5)).any().template item<bool>());
}

template <afd::Discriminator D>
void check_double_precision(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  const torch::NoGradGuard no_grad;
  module->eval();
  const torch::Tensor features = random_features(4, shape);
  const torch::Tensor single = module->forward(features);
  module->to(torch::kDouble);
  const torch::Tensor twice = module->forward(features.to(torch::kDouble));
  CHECK((twice.scalar_type() == torch::kDouble));
  CHECK(torch::allclose(twice.to(torch::kFloat), single, 1e-4, 1e-5));
}

template <afd::Discriminator D>
void check_clone(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  const torch::NoGradGuard no_grad;
  module->forward(random_features(8, shape));
  const std::shared_ptr<torch::nn::Module> clone = module->clone();
  CHECK(all_equal(clone->parameters(), module->parameters()));
  CHECK(all_equal(clone->buffers(), module->buffers()));
  clone->parameters().front().add_(1);
  CHECK_FALSE(all_equal(clone->parameters(), module->parameters()));
}

/// For a shape that the policy has layers for, its last two sides of different lengths.
template <afd::Discriminator D>
void check_refusals(const D& policy, const afd::FeatureShape& shape) {
  CHECK_THROWS_WITH_AS(static_cast<void>(policy.make({0, {4, 4}})), doctest::Contains("feature_shape(features)"),
                       afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(policy.make({4, {0, 4}})), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(policy.make({4, {4, 4, -1}})), afd::ShapeError);
  auto module = policy.make(shape);
  const torch::Tensor features = random_features(2, shape);
  CHECK_THROWS_WITH_AS(module->forward(features.slice(1, 1)),
                       doctest::Contains(afd::detail::concat(shape, " but was given [").c_str()), afd::ShapeError);
  CHECK_THROWS_AS(module->forward(features.transpose(-1, -2)), afd::ShapeError);
  CHECK_THROWS_AS(module->forward(features.select(0, 0)), afd::ShapeError);
  CHECK_THROWS_AS(module->forward(features.flatten(2)), afd::ShapeError);
  CHECK_THROWS_AS(module->forward(torch::zeros({5})), afd::ShapeError);
  afd::FeatureShape one_place = shape;
  std::fill_n(one_place.sides.begin(), shape.rank, 1);
  CHECK_THROWS_AS(policy.make(one_place)->forward(torch::zeros({2, shape.channels})), afd::ShapeError);
}

/// Tokens score as the map or sequence of the same numbers, by which the layers' making differs in nothing.
template <afd::Discriminator D>
void check_tokens(const D& policy) {
  const torch::Tensor values = torch::randn({3, 12, 4});
  for (const afd::Tokens& tokens : {afd::Tokens{values}, afd::Tokens{values, 3, 4}}) {
    const torch::Tensor first = afd::channels_first(tokens);
    torch::manual_seed(8);
    auto of_tokens = policy.make(afd::feature_shape(tokens));
    torch::manual_seed(8);
    auto of_tensor = policy.make(afd::feature_shape(first));
    of_tokens->eval();
    of_tensor->eval();
    CHECK(torch::allclose(of_tokens->forward(first), of_tensor->forward(first.contiguous()), 1e-4, 1e-5));
  }
}

template <afd::Discriminator D>
void check_shapes(const D& policy, const std::vector<afd::FeatureShape>& shapes) {
  torch::manual_seed(0);
  for (const afd::FeatureShape& shape : shapes) {
    CAPTURE(shape);
    check_scores_and_gradients(policy, shape);
    check_evaluation(policy, shape);
    check_raw_scores(policy, shape);
    check_double_precision(policy, shape);
    check_clone(policy, shape);
  }
}

/// The whole suite, for a policy that is for everything but volumes.
template <afd::Discriminator D>
void check_flat_discriminator(const D& policy) {
  check_shapes(policy, flat_shapes);
  check_tokens(policy);
  check_refusals(policy, {3, {4, 5}});
}

/// The whole suite, for a policy that is for volumes alone.
template <afd::Discriminator D>
void check_volume_discriminator(const D& policy) {
  check_shapes(policy, volume_shapes);
  check_refusals(policy, {3, {2, 4, 5}});
}

/// The whole suite, for a policy that is for all features.
template <afd::Discriminator D>
void check_discriminator(const D& policy) {
  check_flat_discriminator(policy);
  check_volume_discriminator(policy);
}

/// The names of a module's parameters and buffers: they are a checkpoint's keys.
inline std::vector<std::string> state_names(const torch::nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& parameter : module.named_parameters()) names.push_back(parameter.key());
  for (const auto& buffer : module.named_buffers()) names.push_back(buffer.key());
  return names;
}

}  // namespace afd_test
