// SPDX-License-Identifier: MIT
//
// Taps: terms that read several stages of a network, the same or different ones at both ends of an edge.
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

/// Three stages of maps: [N, w, 16, 16], [N, 2w, 8, 8], [N, 4w, 4, 4].
struct Stages : nn::Module {
  explicit Stages(std::int64_t w)
      : stages{stage(1, w, 1), stage(w, 2 * w, 2), stage(2 * w, 4 * w, 2)},
        head(register_module("head", nn::Linear(4 * w, 4))) {
    for (std::size_t i = 0; i < 3; ++i) register_module("stage" + std::to_string(i), stages[i]);
  }

  afd::TappedOutputs<3> forward(torch::Tensor images) {
    afd::TappedOutputs<3> out;
    torch::Tensor map = images;
    for (std::size_t i = 0; i < 3; ++i) map = out.taps[i] = torch::relu(stages[i](map));
    out.logits = head(map.mean({2, 3}));
    return out;
  }

  static nn::Conv2d stage(std::int64_t in, std::int64_t out, std::int64_t stride) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, 3).stride(stride).padding(1));
  }

  std::array<nn::Conv2d, 3> stages;
  nn::Linear head;
};

int main() {
  torch::manual_seed(1);
  const afd::Batch batch{torch::randn({16, 1, 16, 16}), torch::randint(4, {16}, torch::kInt64)};
  Stages teacher(8), student(4);

  // Attention at three stages, each with its weight.
  const afd::Strategy attention{afd::CrossEntropy{}, afd::At<0, afd::AttentionTransfer>{{.weight = 250}},
                                afd::At<1, afd::AttentionTransfer>{{.weight = 500}},
                                afd::At<2, afd::AttentionTransfer>{{.weight = 1000}}};
  afd::Distiller looks{afd::topology::OneWay{}, attention, afd::frozen(teacher), student};
  const torch::Tensor theirs = teacher.forward(batch.inputs).taps[1], own = student.forward(batch.inputs).taps[1];
  const double by_hand =
      afd::loss::attention_transfer(afd::loss::attention_map(own), afd::loss::attention_map(theirs)).item<double>();
  check(is_near(looks.step(batch).value("attention_transfer_at_1", 0, 1), by_hand), "At<1, Term> reads the second tap");

  // A hint: tap 2 of the teacher for tap 1 of the student, through a convolution where channels differ.
  using Hint = afd::Named<"hint", afd::At<afd::Ends{.teacher = 2, .student = 1}, afd::FeatureL2>>;
  afd::Distiller hinted{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, Hint>{}, afd::frozen(teacher),
                        student};
  check(std::isfinite(hinted.step(batch).value("hint", 0, 1)), "the ends of an edge may be tapped at different stages");

  // A Sequential is tapped at the children that are named.
  const auto layer = Stages::stage;
  nn::Sequential layers({{"low", layer(1, 4, 1)},
                         {"mid", layer(4, 8, 2)},
                         {"high", layer(8, 16, 2)},
                         {"pool", nn::AdaptiveAvgPool2d(1)},
                         {"flat", nn::Flatten()},
                         {"head", nn::Linear(16, 4)}});
  afd::SequentialTap peer(layers, "low", "mid", "high");

  // The method at two stages: a discriminator and a weight for each.
  const afd::Strategy twice{afd::CrossEntropy{}, afd::MutualKL{},
                            afd::At<1, afd::Adversarial<afd::PatchDiscriminator>>{{.weight = 0.5}},
                            afd::At<2, afd::Adversarial<afd::ConvDiscriminator>>{{.weight = 1.0}}};
  afd::Distiller method{afd::topology::Pair{}, twice, student, peer};
  const auto report = method.step(batch);
  check(std::isfinite(report.discriminator_value("adversarial_at_1", 0, 1)) &&
            std::isfinite(report.discriminator_value("adversarial_at_2", 1, 0)),
        "each stage has discriminators of its own, one for each edge");
  return failures;
}
