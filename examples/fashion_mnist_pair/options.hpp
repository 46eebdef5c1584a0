// SPDX-License-Identifier: MIT
#pragma once

// The command line of the example.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <thread>

#include <CLI/CLI.hpp>

namespace example {

/// The recipe was chosen on validation images; docs/quickstart.md says from what.
struct Options {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "fashion_mnist_pair_out";
  std::int64_t seeds = 5;
  std::uint64_t first_seed = 1;
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::int64_t labelled = 20;  ///< images of each class; 0: all of `images` are
  std::int64_t images = 4000;  ///< whose label nobody knows, or, if all are labelled, that are trained on
  std::int64_t epochs = 8;
  std::int64_t batch = 64;
  double lr = 0.05;
  double feature_lr = 2e-5;
  double feature_decay = 0.1;
  double temperature = 3.0;
  bool paper = false;
  bool scores_validation = false;

  /// What differs in the published settings, as far as they are known, where nothing else was asked for: all images
  /// have labels. They are for 300 epochs of another data set.
  void take_paper_settings(const CLI::App& app) {
    const auto set = [&](const char* name, auto& value, auto paper_value) {
      if (app.count(name) == 0) value = paper_value;
    };
    set("--labelled", labelled, 0);
    set("--images", images, 20000);
    set("--epochs", epochs, 4);
    set("--batch", batch, 128);
    set("--lr", lr, 0.1);
  }
};

/// Binds the options to `app`, with their checks and their help.
inline void add_options(CLI::App& app, Options& options) {
  app.add_option("--data", options.data, "Folder with the IDX files, gzipped or not")->capture_default_str();
  app.add_option("--out", options.out, "Folder for report, pictures and networks; the same command goes on there")
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "How often each is trained")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--first-seed", options.first_seed, "Others follow it")->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of LibTorch (default: all cores)")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_flag("--paper", options.paper, "The paper's settings as far as they are known; others given here still hold");
  app.add_option("--labelled", options.labelled, "Images of each class that have a label; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--images", options.images, "Images beside those, without label, or all that there are")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "Epochs of each training")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch", options.batch, "Images per batch")->check(CLI::Range(2, 1 << 20))->capture_default_str();
  app.add_option("--lr", options.lr, "Learning rate of the logit loss (SGD)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--feature-lr", options.feature_lr, "Learning rate of feature loss and discriminators (Adam)")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--feature-decay", options.feature_decay, "Weight decay of both")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--temperature", options.temperature, "Of the softened class probabilities")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--score-validation", options.scores_validation,
               "Score on validation images in place of the test set, while settings are chosen");
}

}  // namespace example
