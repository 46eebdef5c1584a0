// SPDX-License-Identifier: MIT
#pragma once

// One cell of the grid: a method on some networks with a seed; the settings that all cells share; and what comes out.

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace experiments {

/// The same for every cell of a grid. All of it is written with each result: a cell counts as done only for the same.
struct Settings {
  std::string data = "fashion-mnist";  ///< fashion-mnist, cifar10, cifar100 or folders
  std::int64_t images = 1000;          ///< training images, drawn with the cell's seed; 0: all that are left
  std::int64_t validation = 2000;      ///< images of the training set that only choose epochs and settings
  std::string score_on = "test";       ///< test, or validation while settings are chosen: the test set is not touched
  std::int64_t epochs = 40;
  std::int64_t evaluate_every = 2;  ///< epochs between looks at the validation images
  std::int64_t batch = 64;
  std::int64_t image_side = 224;  ///< of folders' images; the others have the size that they have
  std::int64_t stem_stride = 2;
  std::vector<double> milestones = {0.5, 0.75};  ///< where all rates fall to a tenth, as shares of the training
  double lr = 0.1;                               ///< of the logit loss
  double feature_lr = 2e-5;                      ///< of adversarial feature loss and discriminators
  double feature_decay = 0.1;                    ///< weight decay of both
  double temperature = 3.0;
  double l1_weight = 0.01;
  double l2_weight = 0.01;
  double at_weight = 10.0;  ///< of attention transfer
  int threads = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Settings, data, images, validation, score_on, epochs, evaluate_every,
                                                batch, image_side, stem_stride, milestones, lr, feature_lr,
                                                feature_decay, temperature, l1_weight, l2_weight, at_weight, threads)

struct Cell {
  std::string method{};
  std::vector<std::string> networks{};  ///< by name, the teacher of offline methods last
  std::uint64_t seed = 1;

  friend bool operator==(const Cell&, const Cell&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cell, method, networks, seed)

/// The names that are joined by +.
[[nodiscard]] inline std::vector<std::string> split(const std::string& cast) {
  std::vector<std::string> names(1);
  for (const char c : cast) {
    if (c == '+') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

[[nodiscard]] inline std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

/// Of one network, in per cent top-1; on the images that settings.score_on names, which are scored once the training is
/// over.
struct NetworkResult {
  double last = 0;  ///< after the last epoch
  double best = 0;  ///< with the weights of the epoch that was best on the validation images
  std::int64_t best_epoch = 0;
  double validation = 0;  ///< best, on the validation images
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  ///< of a forward of one image
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NetworkResult, last, best, best_epoch, validation, parameters, multiply_adds)

/// How well the discriminator of an edge tells maps apart, at each evaluation, on validation images.
struct GameResult {
  std::string edge{};
  std::vector<double> real{};  ///< share of real maps taken for real
  std::vector<double> fake{};  ///< share of fake maps taken for fake
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GameResult, edge, real, fake)

/// A cell whose losses became infinite or NaN. It would do so again, so the grid goes on without it.
struct Failure {
  Cell cell{};
  Settings settings{};
  std::string why{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Failure, cell, settings, why)

struct Result {
  Cell cell{};
  Settings settings{};
  std::vector<NetworkResult> networks{};
  double ensemble_last = 0;     ///< of the networks that were trained, by averaged probabilities
  double seconds_per_step = 0;  ///< median over groups of four steps, with the making of batches, without evaluation
  std::int64_t edge_parameters = 0;  ///< of transfer layers and discriminators, which are dropped after training
  double step_multiply_adds = 0;     ///< forwards of a step, of networks, transfer layers and discriminators, per image
  std::vector<std::int64_t> epochs{};         ///< that were evaluated, from 1
  std::vector<std::vector<double>> curves{};  ///< validation top-1 of each network at each of them, per cent
  std::vector<GameResult> games{};
  std::string machine{};  ///< see afd/study/machine.hpp
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Result, cell, settings, networks, ensemble_last, seconds_per_step, edge_parameters,
                                   step_multiply_adds, epochs, curves, games, machine)

}  // namespace experiments
