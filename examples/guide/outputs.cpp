// SPDX-License-Identifier: MIT
//
// Outputs: a struct of one's own, logits alone, a teacher of features alone, and images of changing size.
#include <cmath>
#include <cstdint>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

struct Answer {
  torch::Tensor features;     // read by terms of features
  torch::Tensor logits;       // read by CrossEntropy and MutualKL
  torch::Tensor uncertainty;  // read by nobody, so it may be anything
};

struct Net : nn::Module {
  explicit Net(std::int64_t width)
      : conv(register_module("conv", nn::Conv2d(nn::Conv2dOptions(1, width, 3).padding(1)))),
        head(register_module("head", nn::Linear(width, 4))) {}

  Answer forward(torch::Tensor images) {
    const torch::Tensor features = torch::relu(conv(images));
    return {features, head(features.mean({2, 3})), torch::Tensor()};
  }

  nn::Conv2d conv;
  nn::Linear head;
};

/// No logits: as a teacher of features it needs none.
struct Backbone : nn::Module {
  struct Seen {
    torch::Tensor features;
  };
  nn::Conv2d conv = register_module("conv", nn::Conv2d(nn::Conv2dOptions(1, 4, 3).padding(1)));

  Seen forward(torch::Tensor images) { return {torch::relu(conv(images))}; }
};

afd::Batch batch_of(std::int64_t side) {
  return {torch::randn({16, 1, side, side}), torch::randint(4, {16}, torch::kInt64)};
}

int main() {
  torch::manual_seed(1);
  const afd::Batch batch = batch_of(8);

  Net small(4), large(8);
  afd::Distiller pair{afd::topology::Pair{}, afd::DirectAlignmentWithKL{}, small, large};
  const auto report = pair.step(batch);
  check(std::isfinite(report.value("feature_l1", 1, 0)), "terms find `features` and `logits` in a struct of one's own");

  nn::Sequential plain(nn::Flatten(), nn::Linear(64, 4));  // returns one tensor: the logits
  Net peer(4);
  afd::Distiller mixed{afd::topology::Pair{}, afd::DeepMutualLearning{}, plain, peer};
  check(std::isfinite(mixed.step(batch).value("mutual_kl", 0, 1)), "a torch::nn::Sequential is a network as it is");

  Backbone teacher;
  Net student(4);
  afd::Distiller hints{afd::topology::OneWay{}, afd::DirectAlignmentL2{}, afd::frozen(teacher), student};
  const double by_hand =
      torch::mse_loss(student.forward(batch.inputs).features, teacher.forward(batch.inputs).features).item<double>();
  check(is_near(hints.step(batch).value("feature_l2", 0, 1), by_hand), "a frozen teacher may return features alone");

  Net a(4), b(8);
  afd::Distiller sizes{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  for (const std::int64_t side : {8, 5, 12}) {
    check(std::isfinite(sizes.step(batch_of(side)).value("mutual_kl", 0, 1)), "batches may change their size");
  }
  return failures;
}
