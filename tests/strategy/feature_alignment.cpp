// SPDX-License-Identifier: MIT
#include <afd/strategy/feature_alignment.hpp>
//
#include <string_view>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using torch::Tensor;

namespace {

struct Worst {
  static constexpr std::string_view name = "worst";
  Tensor operator()(const Tensor& student, const Tensor& teacher) const { return (student - teacher).abs().max(); }
};
struct NoName {
  Tensor operator()(const Tensor& student, const Tensor&) const { return student.sum(); }
};

}  // namespace

static_assert(afd::MapDistance<Worst> && !afd::MapDistance<NoName> && !afd::MapDistance<int>);
static_assert(afd::EdgeTerm<afd::FeatureAlignment<Worst, afd::IdentityTransfer>>);
static_assert(afd::FeatureL1::name == "feature_l1" && afd::FeatureL2::name == "feature_l2");
static_assert(afd::FeatureL1::level == afd::Level::feature && !afd::AdversarialTerm<afd::FeatureL1>);

TEST_CASE("equal shapes are compared as they are") {
  const Tensor student = torch::randn({2, 3, 4, 4}), teacher = torch::randn({2, 3, 4, 4});
  const auto loss = [&](const auto& term) {
    auto edge = term.make_edge({3, 4, 4}, {3, 4, 4});
    return term.loss(edge, term.view({student, {}}), term.view({teacher, {}})).template item<double>();
  };
  CHECK(loss(afd::FeatureL1{}) == doctest::Approx((student - teacher).abs().mean().item<double>()));
  CHECK(loss(afd::FeatureL2{}) == doctest::Approx((student - teacher).square().mean().item<double>()));
  CHECK(loss(afd::FeatureAlignment<Worst>{}) == doctest::Approx((student - teacher).abs().max().item<double>()));
}

TEST_CASE("other shapes go through the edge's layers, which get a gradient") {
  torch::manual_seed(0);
  const afd::FeatureL1 term;
  auto edge = term.make_edge({3, 4, 4}, {5, 2, 2});
  const Tensor student = torch::randn({2, 3, 4, 4}), teacher = torch::randn({2, 5, 2, 2});
  const Tensor loss = term.loss(edge, student, teacher);
  CHECK(loss.item<double>() ==
        doctest::Approx((edge.transfer->student(student) - teacher).abs().mean().item<double>()));
  loss.backward();
  for (const auto& parameter : edge.transfer->parameters()) CHECK(parameter.grad().defined());
}

TEST_SUITE_END();
