// SPDX-License-Identifier: MIT
//
// Features that are no maps: sequences, tokens next to a map, volumes.
#include <cmath>
#include <cstdint>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

/// A signal [N, 1, L], features [N, C, L].
struct Sequences : nn::Module {
  explicit Sequences(std::int64_t channels)
      : conv(register_module("conv", nn::Conv1d(nn::Conv1dOptions(1, channels, 5).padding(2)))),
        head(register_module("head", nn::Linear(channels, 4))) {}

  afd::Outputs forward(torch::Tensor signal) {
    const torch::Tensor features = torch::relu(conv(signal));
    return {features, head(features.mean(2))};
  }

  nn::Conv1d conv;
  nn::Linear head;
};

/// A transformer in small: patches of 4 x 4 pixels as tokens, and a class token before them.
struct Transformer : nn::Module {
  struct Out {
    afd::Tokens features;
    torch::Tensor logits;
  };

  Out forward(torch::Tensor images) {
    const std::int64_t height = images.size(2) / 4, width = images.size(3) / 4;
    torch::Tensor x = patches(images).flatten(2).transpose(1, 2);              // [N, height * width, 16]
    x = torch::cat({class_token.expand({images.size(0), 1, 16}), x}, 1);       // [N, 1 + height * width, 16]
    x = block(x.transpose(0, 1)).transpose(0, 1);                              // LibTorch 1.13 wants [L, N, C]
    return {afd::Tokens{x.slice(1, 1), height, width}, head(x.select(1, 0))};  // features without the class token
  }

  nn::Conv2d patches = register_module("patches", nn::Conv2d(nn::Conv2dOptions(1, 16, 4).stride(4)));
  torch::Tensor class_token = register_parameter("class_token", torch::zeros({1, 1, 16}));
  nn::TransformerEncoderLayer block = register_module(
      "block", nn::TransformerEncoderLayer(nn::TransformerEncoderLayerOptions(16, 2).dim_feedforward(32)));
  nn::Linear head = register_module("head", nn::Linear(16, 4));
};

/// A scan [N, 1, D, H, W], features [N, C, D, H, W].
struct Volumes : nn::Module {
  explicit Volumes(std::int64_t channels)
      : conv(register_module("conv", nn::Conv3d(nn::Conv3dOptions(1, channels, 3).stride(2)))),
        head(register_module("head", nn::Linear(channels, 4))) {}

  afd::Outputs forward(torch::Tensor scan) {
    const torch::Tensor features = torch::relu(conv(scan));
    return {features, head(features.mean({2, 3, 4}))};
  }

  nn::Conv3d conv;
  nn::Linear head;
};

int main() {
  torch::manual_seed(1);
  const torch::Tensor labels = torch::randint(4, {16}, torch::kInt64);

  Sequences first(6), second(10);
  afd::Distiller signals{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, first, second};
  const auto of_signals = signals.step({torch::randn({16, 1, 50}), labels});
  check(std::isfinite(of_signals.discriminator_value("adversarial", 0, 1)), "sequences have layers and discriminators");

  afd::PlainCnn teacher(afd::PlainCnnOptions{.widths = {8, 12}, .classes = 4});  // maps [N, 12, 8, 8]
  Transformer student;                                                           // tokens of a grid of 4 x 4
  const afd::Strategy recipe{afd::CrossEntropy{}, afd::MutualKL{}, afd::FeatureL2{}, afd::AttentionTransfer{}};
  afd::Distiller mixed{afd::topology::OneWay{}, recipe, afd::frozen(teacher), student};
  const auto of_images = mixed.step({torch::randn({16, 1, 16, 16}), labels});
  check(
      std::isfinite(of_images.value("feature_l2", 0, 1)) && std::isfinite(of_images.value("attention_transfer", 0, 1)),
      "a student of tokens learns from a teacher of maps");

  Volumes small(4), large(8);
  using Game = afd::Adversarial<afd::VolumeConvDiscriminator>;
  afd::Distiller scans{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, Game>{}, small, large};
  const auto of_scans = scans.step({torch::randn({16, 1, 9, 9, 9}), labels});
  check(std::isfinite(of_scans.discriminator_value("adversarial", 1, 0)), "volumes have discriminators of three sides");
  return failures;
}
