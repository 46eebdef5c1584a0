// SPDX-License-Identifier: MIT
#include <afd/observe/regression.hpp>
//
#include <cmath>
#include <vector>

#include <afd/observe/evaluate.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using afd::Regression;
using torch::Tensor;

namespace {

/// Its prediction is its inputs, times a factor, in a member of another name.
struct Depth {
  Tensor depth;
};
struct DepthNetImpl : torch::nn::Module {
  explicit DepthNetImpl(double factor) : scale(factor) {}
  Depth forward(const Tensor& inputs) const { return {inputs * scale}; }
  double scale;
};
TORCH_MODULE(DepthNet);

struct DepthError : afd::Regression {
  using Reads = afd::Member<&Depth::depth>;
};
static_assert(afd::Score<DepthError>);

}  // namespace

TEST_CASE("absolute and squared errors are means over all numbers of all batches") {
  Regression score;
  score.add(torch::tensor({{1.0, 2.0}, {3.0, 4.0}}), torch::tensor({{1.5, 2.0}, {1.0, 4.0}}));
  Regression copy = score;
  score.add(torch::tensor({{0.0}}), torch::tensor({{-3.0}}));
  const afd::RegressionScores scores = score.result();
  CHECK(scores.samples == 3);
  CHECK(scores.mae == doctest::Approx((0.5 + 2 + 3) / 5));
  CHECK(scores.mse == doctest::Approx((0.25 + 4 + 9) / 5));
  CHECK(copy.result().samples == 2);
  CHECK_THROWS_AS(static_cast<void>(Regression{}.result()), afd::DataError);
}

TEST_CASE("less is better, and NaN is worse than any") {
  using afd::detail::merit;
  CHECK(merit<Regression>({.mae = 0.5}) > merit<Regression>({.mae = 0.6}));
  CHECK(merit<Regression>({.mae = 1e300}) > merit<Regression>({.mae = std::nan("")}));
}

TEST_CASE("another member can be scored, and the ensemble is the mean of the predictions") {
  DepthNet zero(0.0), twice(2.0);
  const Tensor inputs = torch::tensor({1.0, 2.0, 4.0});
  const auto scores = afd::evaluate(std::vector<afd::Batch>{{inputs, inputs}}, DepthError{}, zero, twice);
  CHECK(scores.networks[0].mae == doctest::Approx(7.0 / 3));
  CHECK(scores.networks[1].mse == doctest::Approx(21.0 / 3));
  CHECK(scores.ensemble.mae == 0);
}

TEST_CASE("targets that would be broadcast are refused, with the way out") {
  const auto check = [](const Tensor& predictions, const Tensor& targets) { Regression{}.check(predictions, targets); };
  CHECK_NOTHROW(check(torch::zeros({3}), torch::zeros({3}, torch::kDouble)));
  CHECK_THROWS_WITH_AS(check(torch::zeros({3, 1}), torch::zeros({3})), doctest::Contains("give targets.unsqueeze(1)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3}), torch::zeros({3, 1})), doctest::Contains("give targets.squeeze(1)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3, 2}), torch::zeros({3, 4})),
                       doctest::Contains("give a number for each prediction"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3}), torch::zeros({3}, torch::kInt64)),
                       doctest::Contains(".to(torch::kFloat32)"), afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3}), torch::full({3}, std::nan(""))), doctest::Contains("NaN or infinity"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check(torch::zeros({3}), {}), doctest::Contains("are undefined"), afd::DataError);
}

TEST_SUITE_END();
