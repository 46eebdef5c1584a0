// SPDX-License-Identifier: MIT

// A small and a large network on Fashion-MNIST: each alone, and as a pair that learns from labels, from each other's
// class probabilities and, through two discriminators, from the distribution of each other's feature maps. Most images
// have no label: on those the two learn from each other only.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <tuple>

#include <fmt/format.h>
#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/study/study.hpp>

#include "options.hpp"

namespace {

using example::Options;

/// Labelled images of each class, each so often that a batch has about as many of them as of the others.
afd::TensorDataset partly_labelled(const afd::TensorDataset& all, const Options& options, std::uint64_t seed) {
  if (options.labelled == 0) return all.take(options.images, seed);
  const afd::TensorDataset few = all.take_per_class(options.labelled, seed), many = all.take(options.images, seed);
  const std::int64_t times = std::max<std::int64_t>(1, options.images / few.size());
  constexpr std::int64_t no_label = -100;
  return {torch::cat({few.inputs.repeat({times, 1, 1, 1}), many.inputs}),
          torch::cat({few.targets.repeat({times}), torch::full({many.size()}, no_label, torch::kInt64)})};
}

/// New ones: two of stem stride 2, of 19,000 and 172,000 parameters.
std::tuple<afd::ResNet, afd::ResNet> make_networks() {
  return {afd::ResNet(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 8, .stem_stride = 2}),
          afd::ResNet(afd::ResNetOptions{.depth = 14, .in_channels = 1, .width = 16, .stem_stride = 2})};
}

afd::StudyResult compare(const Options& options) {
  const auto images = afd::load_mnist(options.data, afd::Split::train, afd::GzipFiles{}).split(5000, /*seed=*/1);
  const afd::TensorDataset test =
      options.scores_validation ? images.validation : afd::load_mnist(options.data, afd::Split::test, afd::GzipFiles{});
  const afd::Normalize normalize = afd::channel_statistics(images.train);
  const auto plain = [&](const afd::TensorDataset& all) {
    return afd::BatchLoader(all, {.batch_size = 500, .shuffle = false}, normalize);
  };
  const auto train = [&](std::uint64_t seed) {
    return afd::BatchLoader(partly_labelled(images.train, options, seed), {.batch_size = options.batch, .seed = seed},
                            afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize});
  };

  const afd::Adam slow{.lr = options.feature_lr, .weight_decay = options.feature_decay};
  const afd::DistillerOptions<> optimizers{.logit = {.lr = options.lr, .nesterov = true},
                                           .feature = slow,
                                           .discriminator = slow,
                                           .layout = afd::Layout::channels_last};
  afd::TrainerOptions<> training{.epochs = options.epochs,
                                 .logit_schedule = afd::LinearWarmup{.epochs = 0.5, .then = afd::Cosine{}}};
  if (options.paper) training.logit_schedule = afd::MultiStep{};
  const afd::CrossEntropy labels{.partly_labelled = options.labelled > 0};
  const afd::MutualKL peer{.temperature = options.temperature};
  const auto recipe_of = [&](const auto& strategy) {
    return [&optimizers, strategy](afd::ResNet& small, afd::ResNet& large) {
      return afd::Distiller{afd::topology::Pair{}, strategy, optimizers, small, large};
    };
  };

  afd::Study study{{.seeds = options.seeds,
                    .first_seed = options.first_seed,
                    .folder = options.out,
                    .title = "A small and a large network on Fashion-MNIST",
                    .networks = {"small network", "large network"}}};
  auto validation = plain(images.validation);
  return study.compare([] { return make_networks(); }, train, validation, plain(test),
                       afd::recipe<"alone">(recipe_of(afd::Strategy{labels}), training),
                       afd::recipe<"pair">(recipe_of(afd::Strategy{labels, peer, afd::Adversarial<>{}}), training));
}

int run(const Options& options) {
  torch::set_num_threads(options.threads);
  fmt::print("afd {}: {} images of Fashion-MNIST, {}, {} epochs, {} seeds; threads here: {}\n", AFD_VERSION_STRING,
             options.images,
             options.labelled == 0 ? std::string("all with a label")
                                   : fmt::format("and {} of each class with a label", options.labelled),
             options.epochs, options.seeds, options.threads);
  std::fflush(stdout);
  const afd::StudyResult result = compare(options);
  if (!result.is_finished) return afd::interrupted_exit_code;
  fmt::print("\n{}\n{}: pictures and numbers\n{}: what the pair became, for afd::load_network\n", result.text(),
             (options.out / "index.html").string(), (options.out / "networks").string());
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Trains a small and a large network on Fashion-MNIST, alone and as a pair, and says what it gained."};
  example::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  if (options.paper) options.take_paper_settings(app);
  afd::keep_freed_memory();
  try {
    const int code = run(options);
    if (code == afd::interrupted_exit_code) fmt::print(stderr, "\nstopped; the same command goes on\n");
    return code;
  } catch (const afd::Error& error) {
    fmt::print(stderr, "\nfashion_mnist_pair: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nfashion_mnist_pair: unexpected: {}\n", error.what());
  }
  return EXIT_FAILURE;
}
