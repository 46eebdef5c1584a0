// SPDX-License-Identifier: MIT
// Does it help, for these two networks and this data? docs/study.md says what comes out.
#include <iostream>
#include <tuple>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/study/study.hpp>

auto network(std::int64_t width) {
  namespace nn = torch::nn;
  return afd::extractor_head(
      nn::Sequential(nn::Conv2d(nn::Conv2dOptions(1, width, 5).stride(2)), nn::BatchNorm2d(width), nn::ReLU()),
      nn::Linear(width, 10));
}

int main(int argc, char** argv) {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  const auto images = afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}).split(2000, /*seed=*/1);
  afd::BatchLoader train{images.train.take(argc > 1 ? std::stoi(argv[1]) : 2000, /*seed=*/1), {.batch_size = 32}};
  afd::BatchLoader validation{images.validation, {.batch_size = 500, .shuffle = false}};
  afd::BatchLoader test{afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}),
                        {.batch_size = 500, .shuffle = false}};
  const afd::TrainerOptions<> training{.epochs = argc > 2 ? std::stoi(argv[2]) : 20, .schedule = afd::Cosine{}};
  const afd::topology::Pair pair;

  afd::Study study{{.seeds = 3, .folder = "runs/own_study", .networks = {"small", "large"}}};
  const auto result = study.compare(
      [] { return std::tuple{network(8), network(32)}; }, train, validation, test,
      afd::recipe<"alone">([&](auto&... each) { return afd::Distiller{pair, afd::Alone{}, each...}; }, training),
      afd::recipe<"dml">([&](auto&... each) { return afd::Distiller{pair, afd::DeepMutualLearning{}, each...}; },
                         training),
      afd::recipe<"afd">(
          [&](auto&... each) { return afd::Distiller{pair, afd::AdversarialFeatureDistillation{}, each...}; },
          training));
  std::cout << result.text();
  return result.is_finished ? 0 : afd::interrupted_exit_code;
}
