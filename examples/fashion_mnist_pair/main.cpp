// SPDX-License-Identifier: MIT

// A small and a large network on Fashion-MNIST: first each alone, then as a pair that learns from labels, from each
// other's class probabilities and, through two discriminators, from the distribution of each other's feature maps.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>
#include <torch/torch.h>

#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>

#include "learning_curves.hpp"
#include "options.hpp"

namespace {

using example::Options;

volatile std::sig_atomic_t interrupted = 0;

/// Ends the training after the current step when the user presses Ctrl-C. With checkpoints the trainer does it by
/// itself, and this is what a second Ctrl-C comes to.
struct StopOnInterrupt {
  template <class Event>
  bool on_step(const Event& /*event*/) const {
    return interrupted == 0;
  }
};

struct Data {
  afd::TensorDataset train;
  afd::TensorDataset test;
};

Data load(const Options& options) {
  Data data{afd::load_mnist(options.data, afd::Split::train, afd::GzipFiles{}),
            afd::load_mnist(options.data, afd::Split::test, afd::GzipFiles{})};
  if (options.images > 0 && options.images < data.train.size()) {
    data.train = data.train.take(options.images, options.seed);
  }
  return data;
}

/// The two networks, with the same initial weights for the same seed, whatever else was done before.
struct Networks {
  afd::ResNet small{nullptr};
  afd::ResNet large{nullptr};
};

afd::ResNet small_network(bool full_size) {
  return afd::ResNet(
      afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = full_size ? 16 : 8, .stem_stride = full_size ? 1 : 2});
}

Networks make_networks(const Options& options) {
  torch::manual_seed(options.seed);
  Networks networks;
  networks.small = small_network(options.full_size);
  networks.large = afd::ResNet(afd::ResNetOptions{
      .depth = options.full_size ? 20 : 14, .in_channels = 1, .stem_stride = options.full_size ? 1 : 2});
  return networks;
}

template <class Strategy>
afd::TrainResult<2> train(const std::string& label, const Options& options, const Data& data, Strategy strategy,
                          Networks& networks) {
  const std::filesystem::path folder = options.checkpoints.empty() ? "" : options.checkpoints / label;
  const afd::Normalize normalize = afd::channel_statistics(data.train);
  afd::BatchLoader train{data.train,
                         {.batch_size = options.batch, .seed = options.seed},
                         afd::Compose{afd::PadCrop{.padding = 2}, afd::HorizontalFlip{}, normalize}};
  afd::BatchLoader test{data.test, {.batch_size = 500, .shuffle = false}, normalize};

  afd::Distiller distiller{afd::topology::Pair{}, std::move(strategy),
                           afd::DistillerOptions{.logit = afd::Sgd{.lr = options.lr, .nesterov = true},
                                                 .feature = afd::Adam{.lr = options.feature_lr},
                                                 .discriminator = afd::Adam{.lr = options.feature_lr}},
                           networks.small, networks.large};
  afd::Trainer trainer{distiller,
                       afd::TrainerOptions{.epochs = options.epochs,
                                           .logit_schedule = afd::LinearWarmup{.epochs = 0.5, .then = afd::Cosine{}},
                                           .checkpoint = {.folder = folder}}};
  const bool live = !options.plain_output && ::isatty(STDERR_FILENO) != 0;
  afd::ProgressLine progress{std::cerr, {.label = fmt::format("{:<5}", label), .live = live}};
  return trainer.fit(train, test, progress, StopOnInterrupt{});
}

/// Both histories side by side, columns named after their training.
afd::History joined(const afd::History& alone, const afd::History& pair) {
  std::vector<std::string> columns{"epoch"};
  for (std::size_t i = 1; i < alone.columns().size(); ++i) columns.push_back("alone_" + alone.columns()[i]);
  for (std::size_t i = 1; i < pair.columns().size(); ++i) columns.push_back("pair_" + pair.columns()[i]);
  afd::History both(std::move(columns));
  for (std::size_t row = 0; row < std::min(alone.rows().size(), pair.rows().size()); ++row) {
    afd::History::Row values = alone.rows()[row];
    values.insert(values.end(), pair.rows()[row].begin() + 1, pair.rows()[row].end());
    both.add(std::move(values));
  }
  return both;
}

void print_table(const afd::TrainResult<2>& alone, const afd::TrainResult<2>& pair) {
  const auto line = [](const char* name, const auto& best, const auto& last) {
    fmt::print("{:<24}{:>9.2f}{:>8}{:>12.2f}{:>12.2f}{:>12.4f}\n", name, 100 * best.scores.top1, best.epoch + 1,
               100 * last.scores.top1, 100 * last.scores.top5, last.scores.loss);
  };
  fmt::print("\n{:<24}{:>9}{:>8}{:>12}{:>12}{:>12}\n", "test set", "best", "epoch", "last top-1", "last top-5",
             "last loss");
  line("small network alone", alone.best[0], alone.last[0]);
  line("small network in pair", pair.best[0], pair.last[0]);
  line("large network alone", alone.best[1], alone.last[1]);
  line("large network in pair", pair.best[1], pair.last[1]);
  line("ensemble, both alone", alone.best_ensemble, alone.last_ensemble);
  line("ensemble of the pair", pair.best_ensemble, pair.last_ensemble);
  fmt::print(
      "Top-1 and top-5 in per cent. \"best\" was chosen on this same test set, so compare \"last\"; one seed says\n"
      "little about differences of a few tenths.\n\n");
}

/// Saves the small network and reads it back. Throws afd::Error if its logits are not the same to the bit.
void save_and_check(afd::ResNet& small, const Options& options, const Data& data) {
  const std::filesystem::path path = options.out / "small.afd";
  afd::save_network(small, path);
  afd::ResNet read = small_network(options.full_size);
  afd::load_network(read, path);
  const torch::NoGradGuard no_grad;
  small->eval();
  read->eval();
  const torch::Tensor images = data.test.first(500).inputs.to(torch::kFloat32).div_(255);
  if (!torch::equal(small->forward(images).logits, read->forward(images).logits)) {
    throw afd::Error(fmt::format("{} was read back with other logits", path.string()));
  }
  fmt::print("{}: the small network, {} parameters; read back, its logits are identical\n", path.string(),
             afd::parameter_count(*small));
}

/// Finds out before the training whether results can be written.
void prepare_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) {
    throw afd::FileError(fmt::format("cannot make the output folder {}: {}", folder.string(), problem.message()));
  }
  afd::History().write_csv(folder / "history.csv");
}

int run(const Options& options) {
  torch::set_num_threads(options.threads);
  prepare_folder(options.out);
  const Data data = load(options);

  Networks apart = make_networks(options);
  Networks together = make_networks(options);
  fmt::print("afd {}: {} training and {} test images, {} epochs, seed {}, {} threads\n", AFD_VERSION_STRING,
             data.train.size(), data.test.size(), options.epochs, options.seed, options.threads);
  fmt::print("small network: ResNet-{}, {} parameters; large network: ResNet-{}, {} parameters\n",
             apart.small->options().depth, afd::parameter_count(*apart.small), apart.large->options().depth,
             afd::parameter_count(*apart.large));
  std::fflush(stdout);

  const auto exit_code = [](const afd::TrainResult<2>& result) {
    return result.stop == afd::StopReason::callback ? 130
           : result.stop == afd::StopReason::signal ? afd::interrupted_exit_code
                                                    : EXIT_SUCCESS;
  };
  const auto alone = train("alone", options, data, afd::Alone{}, apart);
  if (const int code = exit_code(alone); code != EXIT_SUCCESS) return code;
  const afd::Strategy strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = options.temperature},
                               afd::Adversarial<afd::ConvDiscriminator, afd::LeastSquares>{}};
  const auto pair = train("pair", options, data, strategy, together);
  if (const int code = exit_code(pair); code != EXIT_SUCCESS) return code;

  print_table(alone, pair);
  const afd::History history = joined(alone.history, pair.history);
  const std::filesystem::path csv = options.out / "history.csv";
  history.write_csv(csv);
  fmt::print("{}: losses and scores of every epoch\n", csv.string());
  save_and_check(together.small, options, data);
  const std::filesystem::path picture = options.out / "learning_curves.png";
  example::draw_learning_curves(history,
                                {{"small, alone", "alone_top1_0", "lc rgb '#9ecae1' lw 2 dt 2 pt 6"},
                                 {"small, in the pair", "pair_top1_0", "lc rgb '#08519c' lw 2 pt 7"},
                                 {"large, alone", "alone_top1_1", "lc rgb '#fdae6b' lw 2 dt 2 pt 6"},
                                 {"large, in the pair", "pair_top1_1", "lc rgb '#d94801' lw 2 pt 7"},
                                 {"ensemble of the pair", "pair_top1_ensemble", "lc rgb '#555555' lw 2 dt 3 pt 5"}},
                                picture);
  fmt::print("{}: learning curves\n", picture.string());
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Trains a small and a large network on Fashion-MNIST, alone and as a pair."};
  example::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  afd::keep_freed_memory();
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  try {
    const int code = run(options);
    if (code == 130) fmt::print(stderr, "\ninterrupted; nothing was written\n");
    if (code == afd::interrupted_exit_code) {
      fmt::print(stderr, "\nstopped; the same command goes on from {}\n", options.checkpoints.string());
    }
    return code;
  } catch (const afd::Error& error) {
    fmt::print(stderr, "\nfashion_mnist_pair: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nfashion_mnist_pair: unexpected: {}\n", error.what());
  }
  return EXIT_FAILURE;
}
