// SPDX-License-Identifier: MIT
#include <iostream>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>

auto network(std::int64_t width) {  // any torch::nn::Module whose forward gives features and logits will do
  using torch::nn::BatchNorm2d, torch::nn::Conv2d, torch::nn::Conv2dOptions, torch::nn::ReLU;
  return afd::extractor_head(
      torch::nn::Sequential(Conv2d(Conv2dOptions(1, width, 5).stride(2)), BatchNorm2d(width), ReLU(),
                            Conv2d(Conv2dOptions(width, 2 * width, 5).stride(2)), BatchNorm2d(2 * width), ReLU()),
      torch::nn::Linear(2 * width, 10));
}

int main() {
  torch::manual_seed(1);
  const auto load = [](afd::Split split) {
    return afd::load_mnist("/usr/share/datasets/fashion-mnist", split, afd::GzipFiles{});
  };
  afd::BatchLoader train{load(afd::Split::train).first(10000), {.batch_size = 64}};
  afd::BatchLoader test{load(afd::Split::test), {.batch_size = 500, .shuffle = false}};
  auto small = network(8), large = network(32);

  using Recipe = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::Adversarial<afd::ConvDiscriminator>>;
  afd::Distiller distiller{afd::topology::Pair{}, Recipe{}, small, large};
  afd::Trainer{distiller, {.epochs = 5}}.fit(train, test, afd::ProgressLine{std::cout});
  afd::save_network(small, "small.pt");
}
