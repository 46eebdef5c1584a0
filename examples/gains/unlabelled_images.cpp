// SPDX-License-Identifier: MIT
// A small network learns from a large one on images without labels, beside the few that have one.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <tuple>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/study/study.hpp>

namespace {

/// 40 labelled images of each class, each as often as there are unlabelled ones for it, so that every batch has about
/// as many of either kind. Which they are is drawn with the seed.
afd::TensorDataset partly_labelled(const afd::TensorDataset& images, std::int64_t each, std::int64_t unlabelled,
                                   std::uint64_t seed) {
  const afd::TensorDataset few = images.take_per_class(each, seed), many = images.take(unlabelled, seed);
  const std::int64_t times = std::max<std::int64_t>(1, unlabelled / few.size());
  return {torch::cat({few.inputs.repeat({times, 1, 1, 1}), many.inputs}),
          torch::cat({few.targets.repeat({times}), torch::full({unlabelled}, -100, torch::kInt64)})};
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t unlabelled = argc > 1 ? std::stoi(argv[1]) : 5000, epochs = argc > 2 ? std::stoi(argv[2]) : 20;
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  const auto images = afd::load_mnist(folder, afd::Split::train, afd::GzipFiles{}).split(5000, /*seed=*/1);
  const afd::Normalize normalize = afd::channel_statistics(images.train);
  const auto plain = [&](const afd::TensorDataset& all) {
    return afd::BatchLoader(all, {.batch_size = 500, .shuffle = false}, normalize);
  };
  auto validation = plain(images.validation);
  auto test = plain(afd::load_mnist(folder, afd::Split::test, afd::GzipFiles{}));
  const auto train = [&](std::uint64_t seed) {
    return afd::BatchLoader(partly_labelled(images.train, 40, unlabelled, seed), {.batch_size = 64, .seed = seed},
                            afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize});
  };

  const afd::CrossEntropy labels{.partly_labelled = true};
  const afd::DistillerOptions<> options{.logit = {.lr = 0.05, .nesterov = true}, .layout = afd::Layout::channels_last};
  const afd::TrainerOptions<> training{.epochs = epochs, .schedule = afd::Cosine{}};
  const auto make_networks = [] {
    const auto network = [](std::int64_t depth, std::int64_t width) {
      return afd::ResNet(afd::ResNetOptions{.depth = depth, .in_channels = 1, .width = width, .stem_stride = 2});
    };
    return std::tuple{network(8, 8), network(14, 16)};
  };
  afd::Study study{{.seeds = 3, .folder = "runs/unlabelled_images", .networks = {"small", "large"}}};
  const auto result =
      study.compare(make_networks, train, validation, test,
                    afd::recipe<"labels">(
                        [&](afd::ResNet& small, afd::ResNet& large) {
                          return afd::Distiller{afd::topology::Pair{}, afd::Strategy{labels}, options, small, large};
                        },
                        training),
                    afd::recipe<"teacher">(
                        [&](afd::ResNet& small, afd::ResNet& large) {
                          const afd::Strategy strategy{labels, afd::MutualKL{.temperature = 4}};
                          return afd::Distiller{afd::topology::OneWay{}, strategy, options, afd::frozen(large), small};
                        },
                        training)
                        .with_weights_of("labels", 1));
  std::cout << result.text();
  return result.is_finished ? 0 : afd::interrupted_exit_code;
}
