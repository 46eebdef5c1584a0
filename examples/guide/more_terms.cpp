// SPDX-License-Identifier: MIT
//
// More of what a network can learn from: relations between samples, contrast with a memory, a game whose discriminator
// pays for steep scores; and edges that count more or less.
#include <cmath>
#include <cstdint>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

struct Net : nn::Module {
  explicit Net(std::int64_t width)
      : conv(register_module("conv", nn::Conv2d(nn::Conv2dOptions(1, width, 3).stride(2)))),
        head(register_module("head", nn::Linear(width, 4))) {}

  afd::Outputs forward(const torch::Tensor& images) {
    const torch::Tensor features = torch::relu(conv(images));
    return {.features = features, .logits = head(features.mean({2, 3}))};
  }

  nn::Conv2d conv;
  nn::Linear head;
};

int main() {
  torch::manual_seed(1);
  const afd::Batch batch{torch::randn({16, 1, 9, 9}), torch::randint(4, {16}, torch::kInt64)};
  Net teacher(8), student(4);

  // How far samples are from each other, without the angles, and which of them is which, among 64 of earlier batches.
  const afd::Strategy relations{
      afd::CrossEntropy{}, afd::RelationalKD{.angle = 0},
      afd::ContrastiveDistillation{.dimension = 32, .memory = 64, .temperature = 0.1, .weight = 0.5}};
  afd::Distiller related{afd::topology::OneWay{}, relations, afd::frozen(teacher), student};
  const auto relations_of = [&](Net& net) {
    return afd::loss::relations(net.forward(batch.inputs).features.mean({2, 3}), false);
  };
  const double expected = afd::loss::relational_distance(relations_of(student), relations_of(teacher)).item<double>();
  const auto first = related.step(batch);
  check(is_near(first.value("relational_kd", 0, 1), expected), "relations are of features' means over places");
  const double alone = first.value("contrastive", 0, 1);
  check(related.step(batch).value("contrastive", 0, 1) > alone,
        "with a memory there are more samples to be told apart");

  // The game of the paper with R1 beside it: the discriminator pays for steep scores at the teacher's maps.
  using Steady = afd::Penalised<afd::Adversarial<afd::MlpDiscriminator>>;
  const afd::Strategy game{afd::CrossEntropy{}, Steady{{.weight = 0.5}, {.weight = 5}}};
  afd::Distiller steady{afd::topology::OneWay{}, game, afd::frozen(teacher), student};
  check(steady.step(batch).discriminator_value("adversarial", 0, 1) > 0, "its loss has the penalty in it");

  // A Wasserstein critic, whose slopes are to be 1 between the maps of both.
  using Critic = afd::Penalised<afd::Adversarial<afd::MlpDiscriminator, afd::Wasserstein>, afd::InterpolatedSlopes>;
  afd::Distiller critical{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, Critic>{}, afd::frozen(teacher),
                          student};
  check(std::isfinite(critical.step(batch).value("adversarial", 0, 1)), "and so may a critic");

  // Of a pair the second network learns a quarter as much from the first as the other way round.
  const afd::Strategy uneven{afd::CrossEntropy{}, afd::WeightedEdges{{0.25, 1.0}, afd::MutualKL{.temperature = 4}}};
  afd::Distiller pair{afd::topology::Pair{}, uneven, student, teacher};
  check(pair.step(batch).value("mutual_kl", 0, 1) > 0, "weights are for edges in the topology's order");
  return failures;
}
