// SPDX-License-Identifier: MIT
#pragma once

// Small networks and batches for tests of whole steps, and what tests ask about modules.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/batch.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>
#include <afd/zoo/plain_cnn.hpp>

namespace afd_test {

constexpr std::int64_t tiny_classes = 4;

/// A PlainCnn on 1x8x8 images in double precision; maps are [last width, 4, 4], or [.., 2, 2] with a stem stride of 2.
inline afd::PlainCnn tiny_network(std::vector<std::int64_t> widths = {3, 5}, std::int64_t stem_stride = 1) {
  afd::PlainCnn network(
      afd::PlainCnnOptions{.widths = std::move(widths), .classes = tiny_classes, .stem_stride = stem_stride});
  network->to(torch::kDouble);
  return network;
}

inline afd::Batch tiny_batch(std::int64_t size = 6) {
  return {torch::randn({size, 1, 8, 8}, torch::kDouble), torch::arange(size, torch::kInt64).remainder(tiny_classes)};
}

/// Copies of all parameters and buffers.
inline std::vector<torch::Tensor> state_of(const torch::nn::Module& module) {
  std::vector<torch::Tensor> state;
  for (const auto& tensor : module.parameters()) state.push_back(tensor.detach().clone());
  for (const auto& tensor : module.buffers()) state.push_back(tensor.detach().clone());
  return state;
}

inline bool same_state(const torch::nn::Module& module, const std::vector<torch::Tensor>& before) {
  const std::vector<torch::Tensor> now = state_of(module);
  if (now.size() != before.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i)
    if (!torch::equal(now[i], before[i])) return false;
  return true;
}

/// What a network saw in its last forward.
struct Sighting {
  int forwards = 0;
  bool with_graph = false;
  bool training = false;
};

/// A tiny network that takes notes.
struct ProbeImpl : torch::nn::Module {
  explicit ProbeImpl(std::int64_t classes = tiny_classes)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 3, 3).stride(2).padding(1)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(3))),
        head(register_module("head", torch::nn::Linear(3, classes))) {
    to(torch::kDouble);
  }

  afd::Outputs forward(const torch::Tensor& inputs) {
    ++seen.forwards;
    seen.with_graph = torch::GradMode::is_enabled();
    seen.training = is_training();
    const torch::Tensor features = torch::relu(norm->forward(conv->forward(inputs)));
    return {features, head->forward(features.mean({2, 3})) * scale};
  }

  Sighting seen;
  double scale = 1.0;  ///< of the logits; infinity makes every loss of the logits NaN
  torch::nn::Conv2d conv;
  torch::nn::BatchNorm2d norm;
  torch::nn::Linear head;
};
TORCH_MODULE(Probe);

}  // namespace afd_test
