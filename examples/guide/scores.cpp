// SPDX-License-Identifier: MIT
//
// Scores: what evaluations, histories and best epochs go by. One that is there, another, and one of one's own.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

/// The share of samples whose number is predicted with an error below `tolerance`.
struct Within {
  struct Result {
    double within = 0;
    std::int64_t samples = 0;
    friend bool operator==(const Result&, const Result&) = default;
  };
  using Reads = afd::Logits;
  static constexpr std::array<afd::ScoreColumn<Result>, 1> columns{{{"within", &Result::within, "within %", 100}}};
  static constexpr std::size_t watched = 0;  // the column that best epochs and patience go by
  static constexpr afd::Better better = afd::Better::higher;

  double tolerance = 0.5;
  double hits = 0;
  std::int64_t samples = 0;

  void add(const torch::Tensor& predictions, const torch::Tensor& targets) {
    hits += (predictions - targets).abs().lt(tolerance).sum().item<double>();
    samples += predictions.size(0);
  }
  [[nodiscard]] Result result() const {
    if (samples == 0) throw afd::DataError("there is nothing to score");
    return {hits / static_cast<double>(samples), samples};
  }
  /// What networks say together: without it the ensemble is not scored.
  static torch::Tensor ensemble(const std::vector<torch::Tensor>& predictions) {
    return torch::stack(predictions).mean(0);
  }
};

nn::Sequential network(std::int64_t width) {
  return nn::Sequential(nn::Linear(4, width), nn::ReLU(), nn::Linear(width, 1));
}

int main() {
  torch::manual_seed(1);
  const torch::Tensor x = torch::randn({512, 4}), y = x.square().sum(1, true) + 0.1 * torch::randn({512, 1});
  const auto [train, test] = afd::TensorDataset{x, y}.split(128, /*seed=*/1);
  afd::BatchLoader batches{train, {.batch_size = 32}}, test_batches{test, {.shuffle = false}};

  nn::Sequential small = network(8), large = network(64);
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::MeanSquaredError, afd::MutualMeanSquaredError>{},
                           afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.01}}, small, large};
  const afd::TrainerOptions options{.epochs = 100, .patience = 5, .score = afd::Regression{}};
  const auto result = afd::Trainer{distiller, options}.fit(batches, test_batches);
  check(result.stop == afd::StopReason::early_stopping, "patience goes by the mean absolute error");
  check(result.best[0].scores.mae <= result.last[0].scores.mae, "the best epoch is the one of the least error");
  check(result.history.column("mae_1").size() == static_cast<std::size_t>(result.epochs), "a column for each network");

  const auto scores = afd::evaluate(test_batches, Within{.tolerance = 1.0}, small, large);
  check(scores.networks[1].within > 0.5 && scores.ensemble.samples == 128, "a score of one's own is used alike");
  afd::Distiller again{afd::topology::Pair{}, afd::Strategy<afd::MeanSquaredError>{}, small, large};
  const auto more = afd::Trainer{again, afd::TrainerOptions{.epochs = 2, .score = Within{}}}.fit(
      batches, test_batches, [](const auto& event) { return event.scores->networks[0].within < 1; });
  check(more.history.csv().find(",within_0,within_1,within_ensemble") != std::string::npos, "and has columns, too");

  nn::Sequential dense(nn::Conv2d(nn::Conv2dOptions(1, 3, 1)));
  const std::vector<afd::Batch> images{{torch::randn({4, 1, 8, 8}), torch::randint(3, {4, 8, 8}, torch::kInt64)}};
  const double iou = afd::evaluate(images, afd::DenseClassification{}, dense).networks[0].mean_iou;
  check(iou > 0 && iou < 1, "labels of pixels have a score");
  return failures;
}
