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
  std::string data = "fashion-mnist";  ///< fashion-mnist, cifar10 or cifar100
  std::int64_t images = 1000;          ///< training images, drawn with the cell's seed; 0: all that are left
  std::int64_t validation = 5000;      ///< images of the training set that only choose epochs and settings
  std::int64_t epochs = 40;
  std::int64_t batch = 64;
  std::int64_t stem_stride = 2;
  double lr = 0.05;            ///< of the logit loss
  double feature_lr = 2e-5;    ///< of feature loss and discriminators
  double feature_decay = 0.1;  ///< weight decay of feature loss and discriminators
  double temperature = 3.0;
  double alignment_weight = 1.0;  ///< of L1 and L2 losses
  int threads = 1;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Settings, data, images, validation, epochs, batch, stem_stride, lr, feature_lr,
                                   feature_decay, temperature, alignment_weight, threads)

struct Cell {
  std::string method{};
  std::vector<std::string> networks{};  ///< by name, the teacher of offline methods last
  std::uint64_t seed = 1;

  friend bool operator==(const Cell&, const Cell&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Cell, method, networks, seed)

/// Of one network, in per cent top-1; on the test set, which is looked at once, when the training is over.
struct NetworkResult {
  double last = 0;  ///< after the last epoch
  double best = 0;  ///< with the weights of the epoch that was best on the validation images
  std::int64_t best_epoch = 0;
  double validation = 0;  ///< best, on the validation images
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;  ///< of a forward of one image
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NetworkResult, last, best, best_epoch, validation, parameters, multiply_adds)

/// How well the discriminator of an edge tells maps apart, epoch by epoch, on validation images.
struct GameResult {
  std::string edge{};
  std::vector<double> real{};  ///< share of real maps taken for real
  std::vector<double> fake{};  ///< share of fake maps taken for fake
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GameResult, edge, real, fake)

struct Result {
  Cell cell{};
  Settings settings{};
  std::vector<NetworkResult> networks{};
  double ensemble_last = 0;                   ///< of the networks that were trained, by averaged probabilities
  double seconds_per_step = 0;                ///< mean over the training, without evaluation
  std::vector<std::vector<double>> curves{};  ///< validation top-1 of each network, epoch by epoch, per cent
  std::vector<GameResult> games{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Result, cell, settings, networks, ensemble_last, seconds_per_step, curves, games)

}  // namespace experiments
