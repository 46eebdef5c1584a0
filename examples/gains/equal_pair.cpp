// SPDX-License-Identifier: MIT
// Two equal networks learn from each other's class probabilities in a long training on few images.
#include <cstdint>
#include <iostream>
#include <string>
#include <tuple>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/study/study.hpp>

int main(int argc, char** argv) {
  const std::int64_t count = argc > 1 ? std::stoi(argv[1]) : 1000, epochs = argc > 2 ? std::stoi(argv[2]) : 240;
  const std::int64_t seeds = argc > 3 ? std::stoi(argv[3]) : 5;
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  const auto images = afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}).split(5000, /*seed=*/1);
  const afd::Normalize normalize = afd::channel_statistics(images.train);
  const auto plain = [&](const afd::TensorDataset& all) {
    return afd::BatchLoader(all, {.batch_size = 500, .shuffle = false}, normalize);
  };
  auto validation = plain(images.validation);
  auto test = plain(afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}));
  const auto train = [&](std::uint64_t seed) {
    return afd::BatchLoader(images.train.take(count, seed), {.batch_size = 64, .seed = seed},
                            afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize});
  };

  const afd::DistillerOptions<> options{.logit = {.lr = 0.1, .nesterov = true}, .layout = afd::Layout::channels_last};
  const afd::TrainerOptions<> training{.epochs = epochs, .schedule = afd::Cosine{}, .evaluate_every = 20};
  const auto make_networks = [] {
    const auto network = [] {
      return afd::ResNet(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 8, .stem_stride = 2});
    };
    return std::tuple{network(), network()};
  };
  const auto pair_with = [&](const auto& strategy) {
    return [&options, strategy](afd::ResNet& one, afd::ResNet& other) {
      return afd::Distiller{afd::topology::Pair{}, strategy, options, one, other};
    };
  };
  // Both have the same name: their mean is compared.
  afd::Study study{{.seeds = seeds, .folder = "runs/equal_pair", .networks = {"twin", "twin"}}};
  const afd::Strategy from_each_other{afd::CrossEntropy{}, afd::MutualKL{.temperature = 3}};
  const auto result =
      study.compare(make_networks, train, validation, test, afd::recipe<"alone">(pair_with(afd::Alone{}), training),
                    afd::recipe<"dml">(pair_with(from_each_other), training));
  std::cout << result.text();
  return result.is_finished ? 0 : afd::interrupted_exit_code;
}
