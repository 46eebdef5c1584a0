// SPDX-License-Identifier: MIT
// A small network learns from a large one that others trained, on images without labels beside the few that have one.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <tuple>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/study/study.hpp>

namespace {

const std::filesystem::path folder = "runs/unlabelled_images", teacher_file = folder / "teacher.afd";
const afd::DistillerOptions<> options{.logit = {.lr = 0.05, .nesterov = true}, .layout = afd::Layout::channels_last};

afd::ResNet network(std::int64_t depth, std::int64_t width) {
  return afd::ResNet(afd::ResNetOptions{.depth = depth, .in_channels = 1, .width = width, .stem_stride = 2});
}

auto augmented(const afd::Normalize& normalize) {
  return afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize};
}

/// What others have: a large network, and labels that are not at hand here.
void train_teacher(const afd::TensorDataset& images, const afd::Normalize& normalize) {
  torch::manual_seed(1);
  afd::ResNet large = network(14, 16);
  afd::BatchLoader train(images, {.batch_size = 64, .seed = 1}, augmented(normalize));
  afd::Distiller distiller{afd::topology::Single{}, afd::Alone{}, options, large};
  afd::Trainer{distiller, {.epochs = 4, .schedule = afd::Cosine{}}}.fit(train, afd::ProgressLine{std::cerr});
  std::filesystem::create_directories(folder);
  afd::save_network(large, teacher_file);
}

/// 40 labelled images of each class, each as often as there are unlabelled ones for it, so that every batch has about
/// as many of either kind. Which they are is drawn with the seed.
afd::TensorDataset partly_labelled(const afd::TensorDataset& images, std::int64_t each, std::int64_t unlabelled,
                                   std::uint64_t seed) {
  const afd::TensorDataset few = images.take_per_class(each, seed), many = images.take(unlabelled, seed);
  const std::int64_t times = std::max<std::int64_t>(1, unlabelled / few.size());
  return {torch::cat({few.inputs.repeat({times, 1, 1, 1}), many.inputs}),
          torch::cat({few.targets.repeat({times}), torch::full({many.size()}, -100, torch::kInt64)})};
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t unlabelled = argc > 1 ? std::stoi(argv[1]) : 5000, epochs = argc > 2 ? std::stoi(argv[2]) : 20;
  const std::int64_t seeds = argc > 3 ? std::stoi(argv[3]) : 5;
  const std::string data = "/usr/share/datasets/fashion-mnist";
  const auto images = afd::load_mnist(data, afd::Split::train, afd::GzipFiles{}).split(5000, /*seed=*/1);
  const afd::Normalize normalize = afd::channel_statistics(images.train);
  const auto ours = images.train.split(20000, /*seed=*/2);  // the teacher sees the 20,000, the student the others
  if (!std::filesystem::exists(teacher_file)) train_teacher(ours.validation.take(4 * unlabelled, 1), normalize);

  const auto plain = [&](const afd::TensorDataset& all) {
    return afd::BatchLoader(all, {.batch_size = 500, .shuffle = false}, normalize);
  };
  auto validation = plain(images.validation);
  auto test = plain(afd::load_mnist(data, afd::Split::test, afd::GzipFiles{}));
  const auto train = [&](std::uint64_t seed) {
    return afd::BatchLoader(partly_labelled(ours.train, 40, unlabelled, seed), {.batch_size = 64, .seed = seed},
                            augmented(normalize));
  };
  const auto make_networks = [] {
    std::tuple networks{network(8, 8), network(14, 16)};
    afd::load_network(std::get<1>(networks), teacher_file);
    return networks;
  };
  const auto beside_teacher = [](const auto& strategy) {
    return [strategy](afd::ResNet& small, afd::ResNet& large) {
      return afd::Distiller{afd::topology::OneWay{}, strategy, options, afd::frozen(large), small};
    };
  };
  const afd::CrossEntropy labels{.partly_labelled = true};
  const afd::TrainerOptions<> training{.epochs = epochs, .schedule = afd::Cosine{}};
  afd::Study study{{.seeds = seeds, .folder = folder, .networks = {"small", "teacher"}}};
  const auto result = study.compare(
      make_networks, train, validation, test, afd::recipe<"labels">(beside_teacher(afd::Strategy{labels}), training),
      afd::recipe<"teacher">(beside_teacher(afd::Strategy{labels, afd::MutualKL{.temperature = 4}}), training));
  std::cout << result.text();
  return result.is_finished ? 0 : afd::interrupted_exit_code;
}
