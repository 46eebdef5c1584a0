// SPDX-License-Identifier: MIT
//
// Targets: some labels, mixed ones, one for each pixel, several for a sample, numbers, none, several kinds at once.
#include <cmath>
#include <cstdint>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

nn::Sequential linear(std::int64_t outputs) {
  return nn::Sequential(nn::Flatten(), nn::Linear(64, outputs));
}

/// One step of two networks, numbered 0 and 1, that learn from each other.
template <class Recipe, class Net, class Targets>
auto one_step(const Recipe& recipe, Net& first, Net& second, const torch::Tensor& images, const Targets& targets) {
  afd::Distiller distiller{afd::topology::Pair{}, recipe, first, second};
  return distiller.step(afd::BasicBatch{images, targets});
}

struct Both {
  torch::Tensor logits;
  torch::Tensor position;
};

struct TwoHeads : nn::Module {
  nn::Linear what = register_module("what", nn::Linear(64, 4)), where = register_module("where", nn::Linear(64, 2));

  Both forward(torch::Tensor images) { return {what(images.flatten(1)), where(images.flatten(1))}; }
};

struct Truth {
  torch::Tensor labels;    // [N]
  torch::Tensor position;  // [N, 2]
};

int main() {
  torch::manual_seed(1);
  const torch::Tensor images = torch::randn({16, 1, 8, 8}), labels = torch::randint(4, {16}, torch::kInt64);
  nn::Sequential first = linear(4), second = linear(4);

  torch::Tensor some = labels.clone();
  some.slice(0, 8) = -100;  // CrossEntropy's ignore_index: no label. MutualKL needs none
  const afd::Strategy partly{afd::CrossEntropy{.partly_labelled = true}, afd::MutualKL{}};
  const double of_half =
      torch::cross_entropy_loss(first->forward(images.slice(0, 0, 8)), labels.slice(0, 0, 8)).item<double>();
  check(is_near(one_step(partly, first, second, images, some).value("cross_entropy", 0), of_half),
        "cross entropy is the mean over samples that have a label");

  afd::BatchLoader mixed{afd::TensorDataset{images, labels}, {.batch_size = 8}, afd::Mixup{.alpha = 0.2, .classes = 4}};
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  for (const auto& batch : mixed) {
    check(batch.targets.is_floating_point() && batch.targets.size(1) == 4, "mixup makes soft labels, [N, classes]");
    distiller.step(batch);  // CrossEntropy takes them as they are
  }

  nn::Sequential dense(nn::Conv2d(nn::Conv2dOptions(1, 4, 3).padding(1)));  // logits [N, 4, 8, 8]
  nn::Sequential other(nn::Conv2d(nn::Conv2dOptions(1, 4, 3).padding(1)));
  torch::Tensor pixels = torch::randint(4, {16, 8, 8}, torch::kInt64);
  pixels.slice(1, 0, 2) = 255;
  const afd::Strategy segmentation{afd::CrossEntropy{.ignore_index = 255}, afd::MutualKL{}};
  check(std::isfinite(one_step(segmentation, dense, other, images, pixels).value("mutual_kl", 0, 1)),
        "labels of pixels are int64 [N, H, W]");

  nn::Sequential tags = linear(3), other_tags = linear(3);
  const torch::Tensor has_tag = torch::rand({16, 3}) < 0.5;
  const afd::Strategy<afd::BinaryCrossEntropy, afd::MutualBinaryKL> multi_label;
  check(one_step(multi_label, tags, other_tags, images, has_tag.to(torch::kFloat)).value("mutual_binary_kl", 0, 1) > 0,
        "labels that do not exclude each other are 0 or 1 for each logit");

  nn::Sequential ages = linear(1), other_ages = linear(1);
  const afd::Strategy<afd::MeanSquaredError, afd::MutualMeanSquaredError> regression;
  check(one_step(regression, ages, other_ages, images, torch::randn({16, 1})).value("mean_squared_error", 0) > 0,
        "numbers have the shape of the predictions");

  nn::Sequential teacher = linear(4), student = linear(4);
  afd::Distiller unlabelled{afd::topology::OneWay{}, afd::Strategy<afd::MutualKL>{}, afd::frozen(teacher), student};
  const double kl = unlabelled.step(afd::BasicBatch{images, afd::NoTargets{}}).value("mutual_kl", 0, 1);
  check(kl > 0, "probabilities of a teacher can be learnt without any label");

  const afd::Strategy where_right{afd::CrossEntropy{}, afd::CorrectTeacherKL{.temperature = 4}};
  afd::Distiller careful{afd::topology::OneWay{}, where_right, afd::frozen(teacher), student};
  const torch::Tensor wrong = (teacher->forward(images).argmax(1) + 1).remainder(4);
  check(careful.step({images, wrong}).value("correct_teacher_kl", 0, 1) == 0,
        "a term of an edge may read targets, too");

  TwoHeads a, b;
  using What = afd::Against<&Truth::labels, afd::CrossEntropy>;
  using Where = afd::At<&Both::position, afd::Against<&Truth::position, afd::MeanSquaredError>>;
  const Truth truth{labels, torch::randn({16, 2})};
  const double by_hand = torch::mse_loss(a.forward(images).position, truth.position).item<double>();
  check(is_near(one_step(afd::Strategy<What, Where>{}, a, b, images, truth).value("mean_squared_error", 0), by_hand),
        "each term is given its part of the outputs and of the targets");
  return failures;
}
