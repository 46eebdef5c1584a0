// SPDX-License-Identifier: MIT
#include <afd/loss/gradient_penalty.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <torch/types.h>

#include <afd/discriminator/discriminator.hpp>
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;

struct NoFake {
  template <class ScoresOf>
  Tensor operator()(const ScoresOf& scores_of, const Tensor& real) const {
    return scores_of(real).sum();
  }
};
static_assert(afd::GradientPenalty<afd::RealSlopes> && afd::GradientPenalty<afd::InterpolatedSlopes>);
static_assert(!afd::GradientPenalty<NoFake> && !afd::GradientPenalty<double>);

/// The scores of a discriminator in double, for maps of that shape.
template <class D>
auto in_double(const D& policy, const afd::FeatureShape& shape) {
  auto module = policy.make(shape);
  module->to(torch::kDouble);
  return module;
}

/// The largest error of a penalty's gradient with respect to a module's parameters, those that it does not touch left
/// out.
template <class Penalty, class Module>
double gradient_error(const Penalty& penalty, Module& module, const Tensor& real, const Tensor& fake) {
  const auto scores_of = [&](const Tensor& features) -> Tensor { return module->forward(features); };
  const auto loss = [&](const std::vector<Tensor>&) {
    torch::manual_seed(11);  // the same places in between
    return penalty(scores_of, real, fake);
  };
  const std::vector<Tensor> all = module->parameters();
  const std::vector<Tensor> gradients = torch::autograd::grad({loss(all)}, all, {}, false, false, true);
  std::vector<Tensor> reached;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (gradients[i].defined()) reached.push_back(all[i]);
  REQUIRE_FALSE(reached.empty());
  return afd_test::max_gradient_error(loss, reached);
}

}  // namespace

TEST_CASE("a linear score's slope is its weight at every place, and its penalties are closed forms") {
  torch::manual_seed(0);
  auto linear = in_double(afd::LinearDiscriminator{}, {3, {2, 4}});
  const Tensor real = torch::randn({5, 3, 2, 4}, torch::kDouble), fake = torch::randn({5, 3, 2, 4}, torch::kDouble);
  const auto scores_of = [&](const Tensor& features) -> Tensor { return linear->forward(features); };
  double square = 0;
  const Tensor weight = linear->parameters()[0];
  for (std::int64_t c = 0; c < 3; ++c) square += std::pow(weight[0][c].item<double>() / 8, 2) * 8;  // 8 places
  CHECK(afd::loss::squared_slopes(scores_of, real).allclose(torch::full({5}, square, torch::kDouble)));
  CHECK(afd::loss::zero_centred_penalty(scores_of, real).item<double>() == Approx(square).epsilon(1e-12));
  CHECK(afd::loss::one_centred_penalty(scores_of, real).item<double>() ==
        Approx(std::pow(std::sqrt(square) - 1, 2)).epsilon(1e-12));
  CHECK(afd::RealSlopes{.weight = 6}(scores_of, real, fake).item<double>() == Approx(3 * square).epsilon(1e-12));
  CHECK(afd::InterpolatedSlopes{.weight = 6}(scores_of, real, fake).item<double>() ==
        Approx(6 * std::pow(std::sqrt(square) - 1, 2)).epsilon(1e-12));
  // d/dw of |w|^2 / places
  const Tensor gradient = torch::autograd::grad({afd::loss::zero_centred_penalty(scores_of, real)}, {weight})[0];
  CHECK(gradient.allclose(weight.detach() * 2 / 8));
}

TEST_CASE("the slope is that of each sample's mean score") {
  const Tensor points = torch::randn({3, 2, 2, 2}, torch::kDouble);
  const auto squares = [](const Tensor& x) { return x.square(); };  // scores [3, 2, 2, 2], slopes 2x / 8
  CHECK(afd::loss::squared_slopes(squares, points).allclose(points.square().sum({1, 2, 3}) * 4 / 64));
}

TEST_CASE("gradients of both penalties match finite differences of the discriminator's parameters") {
  torch::manual_seed(1);
  const afd::FeatureShape shape{3, {4, 4}};
  const Tensor real = torch::randn({4, 3, 4, 4}, torch::kDouble), fake = torch::randn({4, 3, 4, 4}, torch::kDouble);
  auto mlp = in_double(afd::MlpDiscriminator{.width = 6}, shape);
  CHECK(gradient_error(afd::RealSlopes{}, mlp, real, fake) < 1e-7);
  CHECK(gradient_error(afd::InterpolatedSlopes{}, mlp, real, fake) < 1e-7);
  auto patch = in_double(afd::BasicPatchDiscriminator<afd::Unnormalised>{.width = 3}, shape);
  CHECK(gradient_error(afd::RealSlopes{.weight = 100}, patch, real, fake) < 1e-7);
  CHECK(gradient_error(afd::InterpolatedSlopes{}, patch, real, fake) < 1e-7);
  auto spectral = in_double(afd::SpectralMlpDiscriminator{.width = 4}, shape);
  spectral->eval();  // its singular vectors stand still
  CHECK(gradient_error(afd::RealSlopes{.weight = 100}, spectral, real, fake) < 1e-6);
}

TEST_CASE("no gradient reaches the maps, and nothing is written anywhere") {
  torch::manual_seed(2);
  auto mlp = in_double(afd::MlpDiscriminator{.width = 4}, {3, {2, 2}});
  const auto scores_of = [&](const Tensor& features) -> Tensor { return mlp->forward(features); };
  const Tensor real = torch::randn({4, 3, 2, 2}, torch::kDouble).requires_grad_();
  const Tensor fake = torch::randn({4, 3, 2, 2}, torch::kDouble).requires_grad_();
  for (const Tensor& penalty :
       {afd::RealSlopes{}(scores_of, real, fake), afd::InterpolatedSlopes{}(scores_of, real, fake)}) {
    const auto gradients = torch::autograd::grad({penalty}, {real, fake}, {}, true, false, /*allow_unused=*/true);
    CHECK_FALSE(gradients[0].defined());
    CHECK_FALSE(gradients[1].defined());
  }
  CHECK_FALSE(real.grad().defined());
  CHECK_FALSE(fake.grad().defined());
  for (const Tensor& parameter : mlp->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("where no graph is wanted the number is the same, without one") {
  torch::manual_seed(3);
  auto mlp = in_double(afd::MlpDiscriminator{.width = 4}, {3, {}});
  const auto scores_of = [&](const Tensor& features) -> Tensor { return mlp->forward(features); };
  const Tensor real = torch::randn({4, 3}, torch::kDouble);
  const Tensor with_graph = afd::RealSlopes{}(scores_of, real, real);
  CHECK(with_graph.requires_grad());
  const torch::NoGradGuard no_grad;
  const Tensor without = afd::RealSlopes{}(scores_of, real, real);
  CHECK_FALSE(without.requires_grad());
  CHECK(torch::equal(without, with_graph));
  CHECK_FALSE(torch::GradMode::is_enabled());
}

TEST_CASE("a slope of 0 has no gradient, and is no NaN") {
  const Tensor scale = torch::zeros({1}, torch::kDouble).requires_grad_();
  const auto flat = [&](const Tensor& x) { return (x * scale).sum(1); };
  const Tensor points = torch::randn({3, 2}, torch::kDouble);
  const Tensor penalty = afd::loss::one_centred_penalty(flat, points);
  CHECK(penalty.item<double>() == 1);
  CHECK(torch::autograd::grad({penalty}, {scale})[0].item<double>() == 0);
}

TEST_CASE("places in between are on the lines between pairs, one of each sample, all over them") {
  torch::manual_seed(4);
  const Tensor real = torch::ones({1000, 2, 3}, torch::kDouble), fake = torch::zeros({1000, 2, 3}, torch::kDouble);
  const Tensor share = afd::loss::interpolates(real, fake);
  CHECK(torch::equal(share, share.slice(1, 0, 1).slice(2, 0, 1).expand_as(share)));
  CHECK(share.min().item<double>() >= 0);
  CHECK(share.max().item<double>() < 1);
  CHECK(share.mean().item<double>() == Approx(0.5).epsilon(0.1));
  CHECK(share.var().item<double>() == Approx(1.0 / 12).epsilon(0.1));
  torch::manual_seed(4);
  const Tensor again = torch::rand({1000, 1, 1}, torch::kDouble);
  CHECK(share.allclose(again.expand_as(share)));  // 1 is all real
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::interpolates(real, fake.slice(0, 1))),
                       doctest::Contains("[999, 2, 3]"), afd::ShapeError);
}

TEST_CASE("scores that are not of each sample, or do not depend on it, and weights that cannot be are refused") {
  const Tensor points = torch::randn({3, 2}, torch::kDouble);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::squared_slopes([](const Tensor& x) { return x.sum(); }, points)),
                       doctest::Contains("scores of each sample"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::squared_slopes([](const Tensor& x) { return x.sum(0); }, points)),
                  afd::ShapeError);
  const Tensor weight = torch::ones({2}, torch::kDouble).requires_grad_();
  CHECK_THROWS_WITH_AS(
      static_cast<void>(afd::loss::squared_slopes([&](const Tensor& x) { return x.detach().mv(weight); }, points)),
      doctest::Contains("do not depend on the features"), afd::ConfigError);
  CHECK_THROWS_AS(
      static_cast<void>(afd::loss::squared_slopes([&](const Tensor& x) { return x.detach().sum(1); }, points)),
      afd::ConfigError);
  const auto linear = [](const Tensor& x) { return x.sum(1); };
  for (const double wrong : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK_THROWS_AS(static_cast<void>(afd::RealSlopes{.weight = wrong}(linear, points, points)), afd::ConfigError);
    CHECK_THROWS_AS(static_cast<void>(afd::InterpolatedSlopes{.weight = wrong}(linear, points, points)),
                    afd::ConfigError);
  }
}

TEST_SUITE_END();
