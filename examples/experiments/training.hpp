// SPDX-License-Identifier: MIT
#pragma once

// Trains one cell with the recipe that its method names.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/compute/multiply_adds.hpp>
#include <afd/network/frozen.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/step/distiller.hpp>
#include <afd/study/machine.hpp>
#include <afd/study/step_times.hpp>
#include <afd/train/game_watch.hpp>
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
  std::vector<afd::AnyNetwork>& networks;
  std::function<bool(double share)> progress;           ///< told how much is done; false: stop
  std::function<void(const std::string& warning)> say;  ///< what the user should know of this cell
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

/// The multiply-adds of four steps, so that a loss which is only computed in every fourth counts for a quarter.
class StepMultiplyAdds {
 public:
  void after_step(std::int64_t step, std::int64_t samples) {
    if (per_image_ == 0 && step == 1) {
      counter_.emplace();
      first_samples_ = samples;
    } else if (counter_) {
      per_image_ = static_cast<double>(counter_->total()) / static_cast<double>(samples - first_samples_);
      if (step == 5) counter_.reset();
    }
  }
  /// An epoch of fewer steps than that has ended.
  void after_epoch() { counter_.reset(); }

  [[nodiscard]] double per_image() const { return per_image_; }

 private:
  double per_image_ = 0;
  std::int64_t first_samples_ = 0;
  std::optional<afd::MultiplyAddCounter> counter_;
};

/// Edge by edge what a watch has seen.
[[nodiscard]] inline std::vector<GameResult> game_results(const std::vector<afd::GameRecord>& records) {
  std::vector<GameResult> results;
  for (const afd::GameRecord& record : records) {
    results.resize(record.games.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      results[i].edge = record.games[i].place();
      results[i].real.push_back(record.games[i].real);
      results[i].fake.push_back(record.games[i].fake);
    }
  }
  return results;
}

/// Trains the distiller, evaluates it on the validation images, and scores it when the training is over.
/// `first_trained`: networks before it only teach.
template <class Distiller>
[[nodiscard]] Result train(Distiller& distiller, const Run& run, std::size_t first_trained) {
  constexpr std::size_t count = Distiller::network_count;
  const Settings& settings = run.settings;
  Result result{.cell = run.cell, .settings = settings, .machine = afd::detail::machine_text()};
  result.networks.resize(count);
  result.curves.resize(count);
  std::vector<Weights> best;
  for (auto& network : run.networks) best.emplace_back(*network);

  afd::AnySource source = run.data.train, validation = run.data.validation;
  const double steps = static_cast<double>(settings.epochs * source.batch_count().value());
  std::int64_t done = 0;
  afd::detail::StepTimes times;
  StepMultiplyAdds multiply_adds;
  afd::GameWatch watch{distiller, validation, settings.evaluate_every, run.say};

  const auto on_epoch = [&](const afd::EpochEvent<Distiller>& event) {
    multiply_adds.after_epoch();
    if (!event.scores) return;
    result.epochs.push_back(event.epoch + 1);
    for (std::size_t k = 0; k < count; ++k) {
      const double top1 = 100 * event.scores->networks[k].top1;
      result.curves[k].push_back(top1);
      if (top1 <= result.networks[k].validation) continue;
      result.networks[k].validation = top1;
      result.networks[k].best_epoch = event.epoch + 1;
      best[k] = Weights(*run.networks[k]);
    }
  };
  struct OnStep {
    std::function<bool(const afd::StepEvent<Distiller>&)> function;
    bool on_step(const afd::StepEvent<Distiller>& event) { return function(event); }
  };
  OnStep on_step{[&](const auto& event) {
    times.after_step(event.step, event.epoch_seconds);
    multiply_adds.after_step(event.step, event.samples);
    return run.progress(static_cast<double>(++done) / steps);
  }};

  const afd::MultiStep schedule{.milestones = settings.milestones};
  afd::Trainer trainer{
      distiller,
      afd::TrainerOptions{.epochs = settings.epochs, .schedule = schedule, .evaluate_every = settings.evaluate_every}};
  const auto trained = trainer.fit(source, validation, on_step, on_epoch, watch);
  if (trained.stop == afd::StopReason::callback) throw Interrupted{};

  result.games = game_results(watch.records());
  result.seconds_per_step = times.median();
  result.step_multiply_adds = multiply_adds.per_image();
  for (const auto& module : distiller.cohort().edges().modules())
    result.edge_parameters += afd::parameter_count(*module);
  afd::AnySource scored = settings.score_on == "test" ? run.data.test : run.data.validation;
  const auto last = distiller.evaluate(scored);
  result.ensemble_last = 100 * last.ensemble.top1;
  for (std::size_t k = 0; k < count; ++k) {
    NetworkResult& network = result.networks[k];
    network.last = 100 * last.networks[k].top1;
    network.parameters = afd::parameter_count(*run.networks[k]);
    network.multiply_adds = afd::multiply_adds(run.networks[k], run.data.example);
    if (k >= first_trained) best[k].restore(*run.networks[k]);
  }
  const auto at_best = distiller.evaluate(scored);
  for (std::size_t k = 0; k < count; ++k) result.networks[k].best = 100 * at_best.networks[k].top1;
  return result;
}

/// The optimizers of a method.
struct Optimizers {
  afd::Sgd logit;
  afd::Adam feature;
  afd::Adam discriminator;
  explicit Optimizers(const Settings& settings)
      : logit{.lr = settings.lr, .nesterov = true},
        feature{.lr = settings.feature_lr, .weight_decay = settings.feature_decay},
        discriminator(feature) {}
};

template <class Order, class Updates>
[[nodiscard]] auto distiller_options(const Optimizers& optimizers, Order order, Updates updates) {
  return afd::DistillerOptions{.logit = optimizers.logit,
                               .feature = optimizers.feature,
                               .discriminator = optimizers.discriminator,
                               .order = order,
                               .updates = updates,
                               .layout = afd::Layout::channels_last};
}

/// Networks that train together.
template <class Topology, class Order = afd::Simultaneous, class Updates = afd::SeparateUpdates, class Strategy>
[[nodiscard]] Result train_together(const Run& run, const Strategy& strategy, const Optimizers& optimizers) {
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    if (run.networks.size() != sizeof...(K)) throw afd::ConfigError("this method is for another number of networks");
    torch::manual_seed(run.cell.seed + 1000);  // transfer layers and discriminators
    afd::Distiller distiller{Topology{}, strategy, distiller_options(optimizers, Order{}, Updates{}),
                             run.networks[K]...};
    return train(distiller, run, 0);
  }(std::make_index_sequence<Topology::network_count>{});
}
template <class Topology, class Order = afd::Simultaneous, class Updates = afd::SeparateUpdates, class Strategy>
[[nodiscard]] Result train_together(const Run& run, const Strategy& strategy) {
  return train_together<Topology, Order, Updates>(run, strategy, Optimizers(run.settings));
}

}  // namespace experiments
