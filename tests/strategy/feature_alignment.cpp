// SPDX-License-Identifier: MIT
#include <afd/strategy/feature_alignment.hpp>
//
#include <string_view>
#include <type_traits>

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
static_assert(std::is_same_v<afd::TermReads<afd::FeatureL1>, afd::Features>);
static_assert(afd::EdgeTermOf<afd::FeatureL1, afd::Tokens, afd::Tokens, Tensor>);
static_assert(!afd::EdgeTermOf<afd::FeatureL1, afd::Outputs, Tensor, Tensor>);
static_assert(afd::TermViews<afd::FeatureL1, afd::Tokens> && !afd::TermViews<afd::FeatureL1, afd::Outputs>);
static_assert(afd::FeatureL1::name == "feature_l1" && afd::FeatureL2::name == "feature_l2");
static_assert(afd::FeatureL1::level == afd::Level::feature && !afd::AdversarialTerm<afd::FeatureL1>);

TEST_CASE("equal shapes are compared as they are") {
  const Tensor student = torch::randn({2, 3, 4, 4}), teacher = torch::randn({2, 3, 4, 4});
  const auto loss = [&](const auto& term) {
    auto edge = term.make_edge({3, {4, 4}}, {3, {4, 4}});
    return term.loss(edge, term.view(student), term.view(teacher)).template item<double>();
  };
  CHECK(loss(afd::FeatureL1{}) == doctest::Approx((student - teacher).abs().mean().item<double>()));
  CHECK(loss(afd::FeatureL2{}) == doctest::Approx((student - teacher).square().mean().item<double>()));
  CHECK(loss(afd::FeatureAlignment<Worst>{}) == doctest::Approx((student - teacher).abs().max().item<double>()));
}

TEST_CASE("other shapes go through the edge's layers, which get a gradient") {
  torch::manual_seed(0);
  const afd::FeatureL1 term;
  auto edge = term.make_edge({3, {4, 4}}, {5, {2, 2}});
  const Tensor student = torch::randn({2, 3, 4, 4}), teacher = torch::randn({2, 5, 2, 2});
  const Tensor loss = term.loss(edge, student, teacher);
  CHECK(loss.item<double>() ==
        doctest::Approx((edge.transfer->student(student) - teacher).abs().mean().item<double>()));
  loss.backward();
  for (const auto& parameter : edge.transfer->parameters()) CHECK(parameter.grad().defined());
}

TEST_CASE("features are looked at as they are, and vectors are compared channel by channel") {
  const afd::FeatureL2 term;
  const Tensor student = torch::tensor({{1.0, 2.0}, {3.0, 4.0}}), teacher = torch::tensor({{1.0, 0.0}, {0.0, 4.0}});
  CHECK(term.view(student).is_same(student));
  auto edge = term.make_edge({2, {}}, {2, {}});
  CHECK(term.loss(edge, student, teacher).item<double>() == (0 + 4 + 9 + 0) / 4.0);
}

TEST_CASE("tokens are compared with a map on its grid, and with tokens one by one") {
  torch::manual_seed(1);
  const Tensor map = torch::randn({2, 3, 2, 4}), teacher = torch::randn({2, 3, 2, 4});
  const auto as_tokens = [](const Tensor& of) { return afd::Tokens{of.flatten(2).transpose(1, 2), 2, 4}; };
  const afd::FeatureL1 term;
  const double expected = (map - teacher).abs().mean().item<double>();
  const auto loss = [&](const auto& ours, const auto& theirs) {
    auto edge = term.make_edge(afd::feature_shape(ours), afd::feature_shape(theirs));
    return term.loss(edge, term.view(ours), term.view(theirs)).template item<double>();
  };
  CHECK(loss(map, teacher) == doctest::Approx(expected));
  CHECK(loss(as_tokens(map), teacher) == doctest::Approx(expected));
  CHECK(loss(map, as_tokens(teacher)) == doctest::Approx(expected));
  CHECK(loss(as_tokens(map), as_tokens(teacher)) == doctest::Approx(expected));
  CHECK(loss(afd::Tokens{as_tokens(map).values}, as_tokens(teacher)) == doctest::Approx(expected));
}

TEST_CASE("a transfer that cannot reconcile the features says so when the edge is made") {
  const afd::FeatureAlignment<afd::L2Distance, afd::IdentityTransfer> term;
  CHECK_THROWS_WITH_AS(static_cast<void>(term.make_edge({3, {4, 4}}, {3, {}})), doctest::Contains("StudentConv"),
                       afd::ShapeError);
}

TEST_SUITE_END();
