// SPDX-License-Identifier: MIT
#pragma once

// Trains one cell with the recipe that its method names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/network/multiply_adds.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/train/distiller.hpp>
#include <afd/train/trainer.hpp>

#include "cell.hpp"
#include "data.hpp"
#include "networks.hpp"

namespace experiments {

/// What a training needs from outside: the cell, its data, networks with weights of its seed, and a sign of life.
struct Run {
  const Cell& cell;
  const Settings& settings;
  const CellData& data;
  std::vector<AnyNetwork>& networks;
  std::function<bool(double share)> progress;  ///< told how much is done; false: stop
};

/// Thrown when the user has asked to stop; the cell is not recorded.
struct Interrupted {};

/// A copy of weights and statistics, to come back to.
class Weights {
 public:
  explicit Weights(const torch::nn::Module& module) {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& tensor : tensors(module)) copies_.push_back(tensor.clone());
  }
  void restore(const torch::nn::Module& module) const {
    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> all = tensors(module);
    for (std::size_t i = 0; i < all.size(); ++i) all[i].copy_(copies_[i]);
  }

 private:
  static std::vector<torch::Tensor> tensors(const torch::nn::Module& module) {
    std::vector<torch::Tensor> all = module.parameters();
    for (const torch::Tensor& buffer : module.buffers()) all.push_back(buffer);
    return all;
  }
  std::vector<torch::Tensor> copies_;
};

/// Trains the distiller, evaluates every epoch on the validation images, and looks at the test set once at the end.
/// `first_trained`: networks before it only teach.
template <class Distiller>
[[nodiscard]] Result train(Distiller& distiller, const Run& run, std::size_t first_trained) {
  constexpr std::size_t count = Distiller::network_count;
  const Settings& settings = run.settings;
  Result result{.cell = run.cell, .settings = settings};
  result.networks.resize(count);
  result.curves.resize(count);
  std::vector<Weights> best;
  for (auto& network : run.networks) best.emplace_back(*network);

  auto train_loader = run.data.train_loader(settings, run.cell.seed);
  auto validation = run.data.plain_loader(run.data.validation);
  const std::int64_t steps = settings.epochs * train_loader.batch_count();
  std::int64_t done = 0;
  double seconds = 0;

  const auto on_epoch = [&](const afd::EpochEvent<Distiller>& event) {
    seconds += event.train_seconds;
    for (std::size_t k = 0; k < count; ++k) {
      const double top1 = 100 * event.scores->networks[k].top1;
      result.curves[k].push_back(top1);
      if (top1 <= result.networks[k].validation) continue;
      result.networks[k].validation = top1;
      result.networks[k].best_epoch = event.epoch + 1;
      best[k] = Weights(*run.networks[k]);
    }
    const auto games = distiller.game_health(validation);
    if (result.games.empty()) {
      for (const auto& game : games) result.games.push_back({game.place(), {}, {}});
    }
    for (std::size_t i = 0; i < games.size(); ++i) {
      result.games[i].real.push_back(games[i].real);
      result.games[i].fake.push_back(games[i].fake);
    }
  };
  struct StepCount {
    std::function<bool()> next;
    bool on_step(const afd::StepEvent<Distiller>&) { return next(); }
  };
  StepCount on_step{[&] { return run.progress(static_cast<double>(++done) / static_cast<double>(steps)); }};

  afd::Trainer trainer{distiller, afd::TrainerOptions{.epochs = settings.epochs,
                                                      .logit_schedule = afd::MultiStep{},
                                                      .feature_schedule = afd::MultiStep{},
                                                      .discriminator_schedule = afd::MultiStep{}}};
  const auto trained = trainer.fit(train_loader, validation, on_step, on_epoch);
  if (trained.stop == afd::StopReason::callback) throw Interrupted{};

  result.seconds_per_step = seconds / static_cast<double>(steps);
  auto test = run.data.plain_loader(run.data.test);
  const auto last = distiller.evaluate(test);
  result.ensemble_last = 100 * last.ensemble.top1;
  for (std::size_t k = 0; k < count; ++k) {
    NetworkResult& network = result.networks[k];
    network.last = 100 * last.networks[k].top1;
    network.parameters = afd::parameter_count(*run.networks[k]);
    network.multiply_adds =
        afd::multiply_adds(run.networks[k], run.data.test.inputs.narrow(0, 0, 1).to(torch::kFloat32));
    if (k >= first_trained) best[k].restore(*run.networks[k]);
  }
  const auto at_best = distiller.evaluate(test);
  for (std::size_t k = 0; k < count; ++k) result.networks[k].best = 100 * at_best.networks[k].top1;
  return result;
}

/// The optimizers of all methods.
struct Optimizers {
  afd::Sgd logit;
  afd::Adam feature;
  explicit Optimizers(const Settings& settings)
      : logit{.lr = settings.lr, .nesterov = true},
        feature{.lr = settings.feature_lr, .weight_decay = settings.feature_decay} {}
};

/// Networks that train together.
template <class Topology, class Order = afd::Simultaneous, class Updates = afd::SeparateUpdates, class Strategy>
[[nodiscard]] Result train_together(const Run& run, const Strategy& strategy) {
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    if (run.networks.size() != sizeof...(K)) throw afd::ConfigError("this method is for another number of networks");
    const Optimizers optimizers(run.settings);
    torch::manual_seed(run.cell.seed + 1000);  // transfer layers and discriminators
    afd::Distiller distiller{Topology{}, strategy,
                             afd::DistillerOptions{.logit = optimizers.logit,
                                                   .feature = optimizers.feature,
                                                   .discriminator = optimizers.feature,
                                                   .order = Order{},
                                                   .updates = Updates{},
                                                   .layout = afd::Layout::channels_last},
                             run.networks[K]...};
    return train(distiller, run, 0);
  }(std::make_index_sequence<Topology::network_count>{});
}

}  // namespace experiments
