// SPDX-License-Identifier: MIT
#include <afd/strategy/ensemble_kl.hpp>
//
#include <array>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/star.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using torch::Tensor;

namespace {

static_assert(afd::LossTerm<afd::EnsembleKL> && afd::EdgeTerm<afd::EnsembleKL>);
static_assert(afd::ComparesGroup<afd::EnsembleKL> && !afd::ComparesViews<afd::EnsembleKL, Tensor, Tensor>);

/// T^2 KL of a group's mean logits to a student, from its definition.
Tensor by_definition(const Tensor& student, const Tensor& mean, double t) {
  const Tensor p = torch::softmax(mean / t, 1), q = torch::softmax(student / t, 1);
  return t * t * (p * (p.log() - q.log())).sum() / static_cast<double>(student.size(0));
}

}  // namespace

TEST_CASE("the target is the mean of all logits") {
  torch::manual_seed(0);
  const Tensor a = torch::randn({3, 5}, torch::kDouble), b = torch::randn({3, 5}, torch::kDouble);
  const afd::EnsembleKL term{.temperature = 2.5};
  CHECK(torch::equal(term.view(a), a));
  const double loss = term.group_loss(a, std::array{b, a}).item<double>();
  CHECK(loss == doctest::Approx(by_definition(a, (a + b) / 2, 2.5).item<double>()).epsilon(1e-12));
  CHECK(term.group_loss(a, std::array{a, a}).item<double>() == doctest::Approx(0.0));
}

TEST_CASE("of places: classes are dimension 1, and each place is a sample") {
  torch::manual_seed(2);
  const Tensor a = torch::randn({2, 3, 4, 5}, torch::kDouble), b = torch::randn({2, 3, 4, 5}, torch::kDouble);
  const double expected = by_definition(a, (a + b) / 2, 3.0).item<double>() / (4 * 5);
  CHECK(afd::EnsembleKL{}.group_loss(a, std::array{b, a}).item<double>() == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("networks that know other classes are refused") {
  const Tensor a = torch::zeros({2, 3}), b = torch::zeros({2, 4});
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::EnsembleKL{}.group_loss(a, std::array{b, a})),
                       doctest::Contains("ensemble_kl: the student's shape [2, 3] differs from the teacher's [2, 4]"),
                       afd::ShapeError);
}

TEST_CASE("in a step each student has one loss; the target is a constant, the student's own part of it too") {
  torch::manual_seed(1);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6}), c = afd_test::tiny_network();
  const afd_test::Recorder logit;
  afd::Distiller distiller{
      afd::topology::AllPairs<3>{}, afd::Strategy<afd::EnsembleKL>{}, afd::DistillerOptions{.logit = logit}, a, b, c};
  const afd::Batch batch = afd_test::tiny_batch();
  const auto report = distiller.step(batch);
  REQUIRE(report.entries.size() == 3);
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits,
               zc = c->forward(batch.inputs).logits;
  const Tensor mean = ((za + zb + zc) / 3).detach();
  const Tensor expected = by_definition(zb, mean, 3.0);
  CHECK(report.value("ensemble_kl", 1) == doctest::Approx(expected.item<double>()).epsilon(1e-9));
  const auto gradients = torch::autograd::grad({expected}, b->parameters());
  REQUIRE(logit[1].gradients.size() == gradients.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CHECK(torch::allclose(logit[1].gradients[i], gradients[i], 1e-8, 1e-11));
  }
}

TEST_CASE("a network that only teaches has no loss of it") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network(), c = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Star<3>{}, afd::Strategy<afd::CrossEntropy, afd::EnsembleKL>{}, a, b, c};
  const auto report = distiller.step(afd_test::tiny_batch());
  CHECK(report.entries.size() == 5);
  CHECK_THROWS_AS(static_cast<void>(report.value("ensemble_kl", 0)), afd::ConfigError);
  CHECK(report.value("ensemble_kl", 1) > 0);
  CHECK(report.value("ensemble_kl", 2) > 0);
}

TEST_SUITE_END();
