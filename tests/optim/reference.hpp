// SPDX-License-Identifier: MIT
#pragma once

// Optimizers of this library against LibTorch's, 100 steps of each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/optim.h>

#include <afd/optim/adam.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/sgd.hpp>
#include <afd/optim/torch_optimizer.hpp>

#include "support/doctest.hpp"

namespace optim_test {

using torch::Tensor;

/// Parameters of the kinds that networks have: larger than a piece, smaller, a scalar, and one in channels_last. If
/// not dense, the second is strided.
inline std::vector<Tensor> some_parameters(torch::Dtype dtype, bool dense) {
  torch::manual_seed(3);
  const auto options = torch::TensorOptions(dtype);
  std::vector<Tensor> parameters{torch::randn({70, 100}, options),
                                 dense ? torch::randn({3}, options) : torch::randn({6}, options).slice(0, 0, 6, 2),
                                 torch::randn({}, options),
                                 torch::randn({4, 3, 5, 5}, options).contiguous(torch::MemoryFormat::ChannelsLast)};
  for (Tensor& parameter : parameters) parameter = parameter.detach().requires_grad_();
  return parameters;
}

/// Gradients of step `i`: the second is missing now and then, the fourth is in another memory order than its parameter.
inline std::vector<Tensor> some_gradients(const std::vector<Tensor>& parameters, int i) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + i));
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : parameters) gradients.push_back(torch::randn(parameter.sizes(), parameter.dtype()));
  if (i % 3 == 1) gradients[1].reset();
  return gradients;
}

/// The largest relative difference of parameters after 100 steps, the rate changed on the way.
template <class Reference, class Policy, class Options>
double difference(const Policy& policy, const Options& options, torch::Dtype dtype, bool dense) {
  std::vector<Tensor> ours = some_parameters(dtype, dense), theirs = some_parameters(dtype, dense);
  auto state = policy.make(ours);
  REQUIRE(state.is_fused() == dense);
  afd::TorchOptimizerState<Reference> reference(theirs, options);
  for (int i = 0; i < 100; ++i) {
    if (i == 60) {
      state.scale_rate(0.1);
      reference.scale_rate(0.1);
    }
    state.apply(some_gradients(ours, i));
    reference.apply(some_gradients(theirs, i));
  }
  double worst = 0;
  const std::vector<Tensor> start = some_parameters(dtype, dense);
  for (std::size_t p = 0; p < ours.size(); ++p) {
    worst = std::max(worst, ((ours[p] - theirs[p]).norm() / theirs[p].norm()).template item<double>());
    CHECK((ours[p] - start[p]).abs().max().template item<double>() > 1e-3);
  }
  return worst;
}

/// Every policy and dtype against its counterpart.
inline void check_all(bool dense) {
  using namespace torch::optim;
  for (const auto dtype : {torch::kFloat32, torch::kFloat64}) {
    const double allowed = dtype == torch::kFloat32 ? 1e-6 : 1e-13;
    for (const bool nesterov : {false, true}) {
      const afd::Sgd sgd{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = nesterov};
      const auto theirs = SGDOptions(0.05).momentum(0.9).weight_decay(0.01).nesterov(nesterov);
      CHECK(difference<SGD>(sgd, theirs, dtype, dense) < allowed);
    }
    const afd::Sgd plain{.lr = 0.05, .momentum = 0, .weight_decay = 0};
    CHECK(difference<SGD>(plain, SGDOptions(0.05), dtype, dense) < allowed);
    const afd::Adam adam{.lr = 0.01, .weight_decay = 0.1};
    CHECK(difference<Adam>(adam, AdamOptions(0.01).weight_decay(0.1), dtype, dense) < allowed);
    const afd::AdamW adamw{.lr = 0.01, .weight_decay = 0.1};
    CHECK(difference<AdamW>(adamw, AdamWOptions(0.01).weight_decay(0.1), dtype, dense) < allowed);
  }
}

/// Steps, saves, and steps on; a copy that was loaded must step on to the same bits. `other_order`: the copy's
/// parameters lie in another order of memory.
template <class Policy>
void check_resume(const Policy& policy, bool dense, bool other_order = false) {
  std::vector<Tensor> ours = some_parameters(torch::kFloat32, dense);
  auto state = policy.make(ours);
  state.scale_rate(0.5);
  for (int i = 0; i < 7; ++i) state.apply(some_gradients(ours, i));
  const std::vector<std::string> names{"matrix", "few", "scalar", "kernel"};
  afd::StateDict saved;
  afd::SaveState save(saved);
  state.visit_state(names, save);
  const afd::StateDict file = afd::StateDict::from_bytes(saved.to_bytes(), "file");

  std::vector<Tensor> theirs = some_parameters(torch::kFloat32, dense);
  if (other_order) theirs[3] = theirs[3].detach().contiguous().requires_grad_();
  {
    const torch::NoGradGuard no_grad;
    for (std::size_t p = 0; p < ours.size(); ++p) theirs[p].copy_(ours[p]);
  }
  auto copy = policy.make(theirs);
  copy.scale_rate(0.5);
  afd::CheckState check(file);
  copy.visit_state(names, check);
  afd::LoadState load(file);
  copy.visit_state(names, load);
  for (int i = 7; i < 15; ++i) {
    state.apply(some_gradients(ours, i));
    copy.apply(some_gradients(theirs, i));
  }
  for (std::size_t p = 0; p < ours.size(); ++p) CHECK(ours[p].equal(theirs[p]));

  // By name: the same parameters in another order.
  std::vector<Tensor> reversed = some_parameters(torch::kFloat32, dense);
  std::reverse(reversed.begin(), reversed.end());
  {
    const torch::NoGradGuard no_grad;
    for (std::size_t p = 0; p < ours.size(); ++p) reversed[p].copy_(ours[ours.size() - 1 - p]);
  }
  const std::vector<std::string> names_reversed(names.rbegin(), names.rend());
  auto backwards = policy.make(reversed);
  backwards.scale_rate(0.5);
  afd::StateDict now;
  afd::SaveState save_now(now);
  state.visit_state(names, save_now);
  afd::CheckState check_now(now);
  backwards.visit_state(names_reversed, check_now);
  afd::LoadState load_now(now);
  backwards.visit_state(names_reversed, load_now);
  const std::vector<Tensor> gradients = some_gradients(ours, 15);
  state.apply(gradients);
  backwards.apply(std::vector<Tensor>(gradients.rbegin(), gradients.rend()));
  for (std::size_t p = 0; p < ours.size(); ++p) CHECK(ours[p].equal(reversed[ours.size() - 1 - p]));

  // Other parameters, and a parameter of another shape.
  std::vector<std::string> renamed = names;
  renamed[1] = "others";
  CHECK_THROWS_AS(copy.visit_state(renamed, check), afd::FormatError);
}

}  // namespace optim_test
