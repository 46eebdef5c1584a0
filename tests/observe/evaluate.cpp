// SPDX-License-Identifier: MIT
#include <afd/observe/evaluate.hpp>
//
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include <afd/data/loader.hpp>
#include <afd/data/views.hpp>
#include <afd/observe/multi_label.hpp>
#include <afd/observe/regression.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("observe");

using afd_test::Probe;
using torch::Tensor;

namespace {

/// Gives the inputs, [N, classes], back as its logits.
struct EchoImpl : torch::nn::Module {
  explicit EchoImpl(double factor) : scale(factor) {}
  afd::Outputs forward(const Tensor& inputs) const { return {inputs, inputs * scale}; }
  double scale;
};
TORCH_MODULE(Echo);

/// Takes two tensors, and returns a pair of features and logits.
struct SumImpl : torch::nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& a, const Tensor& b) const {
    return {(a + b).unsqueeze(2).unsqueeze(3), a + b};
  }
};
TORCH_MODULE(Sum);

/// Three samples of two classes, in two batches.
std::vector<afd::Batch> two_batches() {
  const Tensor inputs = torch::tensor({{3.0, 0.0}, {1.0, 2.0}, {0.5, 0.0}}, torch::kDouble);
  const Tensor targets = torch::tensor({0, 0, 1}, torch::kInt64);
  return {{inputs.narrow(0, 0, 2), targets.narrow(0, 0, 2)}, {inputs.narrow(0, 2, 1), targets.narrow(0, 2, 1)}};
}

}  // namespace

TEST_CASE("each network and the mean of their probabilities are scored over all batches") {
  const auto batches = two_batches();
  const Tensor inputs = torch::cat({batches[0].inputs, batches[1].inputs});
  const Tensor targets = torch::cat({batches[0].targets, batches[1].targets});
  Echo same(1.0), opposite(-2.0);
  const auto scores = afd::evaluate(batches, same, opposite);
  CHECK(scores.networks[0].samples == 3);
  CHECK(scores.networks[0].top1 == doctest::Approx(1.0 / 3));
  CHECK(scores.networks[1].top1 == doctest::Approx(2.0 / 3));
  const Tensor mean = (torch::softmax(inputs, 1) + torch::softmax(-2 * inputs, 1)) / 2;
  const Tensor of_labels = mean.gather(1, targets.unsqueeze(1));
  CHECK(scores.ensemble.loss == doctest::Approx(-of_labels.log().mean().item<double>()).epsilon(1e-12));
  CHECK(scores.ensemble.top1 == doctest::Approx(mean.argmax(1).eq(targets).to(torch::kDouble).mean().item<double>()));
}

TEST_CASE("an ensemble whose members are certain and wrong has a finite loss if one is not") {
  const std::vector<afd::Batch> batches{{torch::tensor({{1000.0, 0.0}}), torch::tensor({1}, torch::kInt64)}};
  Echo certain(1.0), unsure(0.0);
  const auto scores = afd::evaluate(batches, certain, unsure);
  CHECK(scores.ensemble.loss == doctest::Approx(-std::log(0.25)));
  CHECK(scores.networks[0].loss == doctest::Approx(1000));
}

TEST_CASE("evaluation runs without a graph in eval mode, and changes neither modes nor statistics") {
  torch::manual_seed(0);
  Probe network;
  network->norm->eval();
  const auto before = afd_test::state_of(*network);
  const std::vector<afd::Batch> batches{afd_test::tiny_batch()};
  static_cast<void>(afd::evaluate(batches, network));
  CHECK_FALSE(network->seen.with_graph);
  CHECK_FALSE(network->seen.training);
  CHECK(network->is_training());
  CHECK_FALSE(network->norm->is_training());
  CHECK(afd_test::same_state(*network, before));
}

TEST_CASE("labels out of range, outputs of another form and no samples are errors with names") {
  Echo network(1.0);
  const Tensor inputs = torch::zeros({2, 3});
  const auto evaluated = [&](std::vector<afd::Batch> batches) { static_cast<void>(afd::evaluate(batches, network)); };
  CHECK_THROWS_WITH_AS(evaluated({{inputs, torch::tensor({0, 3}, torch::kInt64)}}), doctest::Contains("label 3"),
                       afd::DataError);
  CHECK_THROWS_AS(evaluated({}), afd::DataError);
  CHECK_THROWS_WITH_AS(evaluated({{inputs, torch::tensor({0, 1}, torch::kInt32)}}),
                       doctest::Contains("targets must be int64"), afd::DataError);
  CHECK_THROWS_WITH_AS(evaluated({{inputs, torch::tensor({0}, torch::kInt64)}}),
                       doctest::Contains("one label per input"), afd::DataError);
  CHECK_THROWS_WITH_AS(evaluated({{inputs * std::numeric_limits<double>::quiet_NaN(), torch::tensor({0, 1})}}),
                       doctest::Contains("NaN or infinity"), afd::DataError);
  CHECK_THROWS_WITH_AS(evaluated({{torch::zeros({2, 3, 4}), torch::tensor({0, 1}, torch::kInt64)}}),
                       doctest::Contains("network 0"), afd::ShapeError);
  CHECK(network->is_training());
}

TEST_CASE("predictions of NaN miss, and their loss says so") {
  const std::vector<afd::Batch> batches{{torch::ones({2, 3}), torch::tensor({0, 1}, torch::kInt64)}};
  Echo lost(std::numeric_limits<double>::infinity()), zero(0.0);
  const auto scores = afd::evaluate(batches, lost, zero);
  CHECK(std::isnan(scores.networks[0].loss));
  CHECK(scores.networks[0].top1 == 0);
  CHECK(scores.networks[0].top5 == 0);
  CHECK(scores.networks[1].top5 == 1);
}

TEST_CASE("a loader is evaluated in whole, its last small batch too") {
  Probe network;
  const afd::Batch all = afd_test::tiny_batch(7);
  afd::BatchLoader loader{afd::TensorDataset{all.inputs, all.targets}, {.batch_size = 3, .shuffle = false}};
  CHECK(afd::evaluate(loader, network).networks[0].samples == 7);
}

TEST_CASE("each network is scored on its own view of the inputs") {
  const Tensor inputs = torch::tensor({{1.0, 0.0}, {0.0, 1.0}}, torch::kDouble);
  const afd::BasicBatch batch{afd::Views(inputs, inputs.flip(1)), torch::tensor({0, 0}, torch::kInt64)};
  Echo a(1.0), b(3.0);
  const auto scores = afd::evaluate(std::vector{batch}, a, b);
  CHECK(scores.networks[0].loss == doctest::Approx((std::log1p(std::exp(-1.0)) + std::log1p(std::exp(1.0))) / 2));
  CHECK(scores.networks[1].loss == doctest::Approx((std::log1p(std::exp(3.0)) + std::log1p(std::exp(-3.0))) / 2));
  CHECK(scores.ensemble.samples == 2);
}

TEST_CASE("inputs may be a tuple, and outputs a pair") {
  const Tensor inputs = torch::tensor({{3.0, 0.0}, {1.0, 2.0}}, torch::kDouble);
  const afd::BasicBatch batch{std::tuple{inputs, inputs}, torch::tensor({0, 0}, torch::kInt64)};
  Sum sum;
  const auto scores = afd::evaluate(std::vector{batch}, sum);
  CHECK(scores.networks[0].samples == 2);
  CHECK(scores.networks[0].top1 == 0.5);
  CHECK(scores.networks[0].loss == doctest::Approx((std::log1p(std::exp(-6.0)) + std::log1p(std::exp(2.0))) / 2));
}

TEST_CASE("what add cannot compute is an error with a name") {
  const std::vector<afd::Batch> batches{{torch::zeros({2, 3}), torch::zeros({2, 2})}};
  Echo network(1.0);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::evaluate(batches, afd::Regression{}, network)),
                       doctest::Contains("network 0: regression: targets"), afd::DataError);
  CHECK_THROWS_AS(static_cast<void>(afd::evaluate(std::vector<afd::Batch>{}, afd::MultiLabel{}, network)),
                  afd::DataError);
}

TEST_SUITE_END();
