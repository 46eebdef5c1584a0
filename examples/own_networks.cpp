// SPDX-License-Identifier: MIT
#include <iostream>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
namespace nn = torch::nn;

auto network(std::int64_t w) {  // any torch::nn::Module whose forward gives features and logits will do
  return afd::extractor_head(
      nn::Sequential(nn::Conv2d(nn::Conv2dOptions(1, w, 5).stride(2)), nn::BatchNorm2d(w), nn::ReLU(),
                     nn::Conv2d(nn::Conv2dOptions(w, 2 * w, 5).stride(2)), nn::BatchNorm2d(2 * w), nn::ReLU()),
      nn::Linear(2 * w, 10));
}

int main() {
  torch::manual_seed(1);
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  afd::BatchLoader train{afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}).first(10000), {.batch_size = 64}};
  afd::BatchLoader test{afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}), {.shuffle = false}};
  auto small = network(8), large = network(32);
  using Recipe = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::Adversarial<afd::ConvDiscriminator>>;
  afd::Distiller distiller{afd::topology::Pair{}, Recipe{}, small, large};
  afd::Trainer{distiller, {.epochs = 5}}.fit(train, test, afd::ProgressLine{std::cout});
  afd::save_network(small, "small.afd");
}
