// SPDX-License-Identifier: MIT
//
// Inputs: several tensors, token ids with a mask, and a view of its own for each network.
#include <tuple>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"

struct Clinic : torch::nn::Module {
  torch::nn::Linear of_image = register_module("of_image", torch::nn::Linear(64, 4));
  torch::nn::Linear of_metadata = register_module("of_metadata", torch::nn::Linear(3, 4));

  torch::Tensor forward(torch::Tensor image, torch::Tensor metadata) {
    return of_image(image.flatten(1)) + of_metadata(metadata);
  }
};

struct Patient {
  torch::Tensor image;     // [N, 1, 8, 8]
  torch::Tensor metadata;  // [N, 3]
};

void several_tensors() {
  Clinic first, second;
  const torch::Tensor image = torch::randn({16, 1, 8, 8}), metadata = torch::randn({16, 3});
  const torch::Tensor labels = torch::randint(4, {16}, torch::kInt64);
  const double by_hand = torch::cross_entropy_loss(first.forward(image, metadata), labels).item<double>();

  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  const auto of_tuple = distiller.step(afd::BasicBatch{std::tuple{image, metadata}, labels});
  const auto of_struct = distiller.step(afd::BasicBatch{Patient{image, metadata}, labels});
  check(is_near(of_tuple.value("cross_entropy", 0), by_hand), "the elements of a tuple are the arguments of forward");
  check(of_struct.value("cross_entropy", 0) < by_hand, "and so are the members of a struct");
}

struct Text : torch::nn::Module {
  torch::nn::Embedding table = register_module("table", torch::nn::Embedding(100, 16));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(16, 4));

  torch::Tensor forward(torch::Tensor ids, torch::Tensor mask) {
    const torch::Tensor weights = mask.to(torch::kFloat).unsqueeze(2);
    return head((table(ids) * weights).sum(1) / weights.sum(1).clamp_min(1));
  }
};

void tokens_with_a_mask() {
  const torch::Tensor labels = torch::randint(4, {256}, torch::kInt64);
  const torch::Tensor ids = 25 * labels.unsqueeze(1) + torch::randint(25, {256, 12}, torch::kInt64);  // [N, L]
  const torch::Tensor mask = torch::rand({256, 12}) < 0.8;

  const auto [train, test] = afd::tensor_dataset(std::tuple{ids, mask}, labels).split(64, /*seed=*/1);
  afd::BatchLoader batches{train, {.batch_size = 32}}, test_batches{test, {.shuffle = false}};
  Text first, second;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  const auto result = afd::Trainer{distiller, {.epochs = 10}}.fit(batches, test_batches);
  check(result.last[0].scores.top1 > 0.9, "token ids and masks come from a data set in memory");
}

void views() {
  const afd::TensorDataset data{torch::rand({64, 1, 8, 8}), torch::randint(4, {64}, torch::kInt64)};
  const afd::HorizontalFlip weak;
  const afd::Compose strong{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}};
  afd::BatchLoader train{data, {.batch_size = 16}, afd::MakeViews{weak, strong}};

  torch::nn::Sequential first(torch::nn::Flatten(), torch::nn::Linear(64, 4));
  torch::nn::Sequential second(torch::nn::Flatten(), torch::nn::Linear(64, 4));
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  const auto batch = *train.begin();
  const auto& [of_first, of_second] = batch.inputs.each;
  const double by_hand = torch::cross_entropy_loss(second->forward(of_second), batch.targets).item<double>();
  check(is_near(distiller.step(batch).value("cross_entropy", 1), by_hand), "network k takes the k-th view");
}

int main() {
  torch::manual_seed(1);
  several_tensors();
  tokens_with_a_mask();
  views();
  return failures;
}
