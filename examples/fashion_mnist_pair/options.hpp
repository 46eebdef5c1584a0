// SPDX-License-Identifier: MIT
#pragma once

// The command line of the example.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <thread>

#include <CLI/CLI.hpp>

namespace example {

struct Options {
  std::int64_t epochs = 10;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "fashion_mnist_pair_out";
  std::filesystem::path checkpoints;
  std::uint64_t seed = 1;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::int64_t images = 30000;
  std::int64_t batch = 128;
  double lr = 0.1;
  double feature_lr = 2e-5;
  double temperature = 3.0;
  bool full_size = false;
  bool plain_output = false;
};

/// Binds the options to `app`, with their checks and their help.
inline void add_options(CLI::App& app, Options& options) {
  app.add_option("--epochs", options.epochs, "Epochs of each training")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--data", options.data, "Folder with the IDX files, gzipped or not")->capture_default_str();
  app.add_option("--out", options.out, "Folder for history.csv, learning_curves.png and small.afd")
      ->capture_default_str();
  app.add_option("--checkpoints", options.checkpoints,
                 "Folder for checkpoints: the same command goes on where it was stopped, or killed");
  app.add_option("--seed", options.seed, "Seed of weights and batches")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of LibTorch (default: all cores)")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--images", options.images, "Training images to use, drawn with the seed; 0 for all 60,000")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Images per batch")->check(CLI::Range(2, 1 << 20))->capture_default_str();
  app.add_option("--lr", options.lr, "Learning rate of the logit loss (SGD)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--feature-lr", options.feature_lr, "Learning rate of feature loss and discriminators (Adam)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--temperature", options.temperature, "Of the softened class probabilities")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--full-size", options.full_size,
               "ResNet-8 and ResNet-20 at full resolution and width; about twenty times slower");
  app.add_flag("--plain-output", options.plain_output, "A line per epoch instead of a live one (default in logs)");
}

}  // namespace example
