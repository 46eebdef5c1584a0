// SPDX-License-Identifier: MIT
// Four networks that were trained alone teach a fifth of the same size, which then costs a quarter of them.
#include <array>
#include <cstdint>
#include <iostream>
#include <string>

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

  const afd::DistillerOptions<> options{.logit = {.lr = 0.05, .nesterov = true}, .layout = afd::Layout::channels_last};
  const afd::TrainerOptions<> training{.epochs = epochs, .schedule = afd::Cosine{}, .evaluate_every = 20};
  const auto make_networks = [] {
    const auto network = [] {
      return afd::ResNet(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 8, .stem_stride = 2});
    };
    return std::array{network(), network(), network(), network(), network()};
  };
  using afd::Edge, afd::frozen, afd::ResNet;
  using All = afd::topology::Graph<5, Edge{0, 4}, Edge{1, 4}, Edge{2, 4}, Edge{3, 4}>;
  afd::Study study{{.seeds = seeds,
                    .folder = "runs/ensemble_into_one",
                    .networks = {"teacher", "teacher", "teacher", "teacher", "student"}}};
  const auto result = study.compare(
      make_networks, train, validation, test,
      afd::recipe<"alone">(
          [&](ResNet& a, ResNet& b, ResNet& c, ResNet& d, ResNet& student) {
            return afd::Distiller{All{}, afd::Alone{}, options, a, b, c, d, student};
          },
          training),
      afd::recipe<"from-one">(
          [&](ResNet& a, ResNet&, ResNet&, ResNet&, ResNet& student) {
            const afd::Strategy strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = 4}};
            return afd::Distiller{afd::topology::OneWay{}, strategy, options, frozen(a), student};
          },
          training)
          .with_weights_of("alone", 0),
      afd::recipe<"from-four">(
          [&](ResNet& a, ResNet& b, ResNet& c, ResNet& d, ResNet& student) {
            const afd::Strategy strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = 4}};
            return afd::Distiller{All{}, strategy, options, frozen(a), frozen(b), frozen(c), frozen(d), student};
          },
          training)
          .with_weights_of("alone", 0)
          .with_weights_of("alone", 1)
          .with_weights_of("alone", 2)
          .with_weights_of("alone", 3));
  std::cout << result.text();
  return result.is_finished ? 0 : afd::interrupted_exit_code;
}
