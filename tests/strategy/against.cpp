// SPDX-License-Identifier: MIT
#include <afd/strategy/against.hpp>
//
#include <array>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn.h>

#include <afd/data/batch.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::Against;
using afd::CrossEntropy;
using torch::Tensor;

namespace {

struct Truth {
  Tensor labels;
  std::vector<Tensor> boxes;
};
struct MoreTruth : Truth {
  Tensor masks;
};

template <class M>
using Bound = afd::detail::BoundTerm<M, afd::topology::Pair>;
template <auto Where>
using TargetReads = typename Bound<Against<Where, CrossEntropy>>::TargetReads;

// A number is an element, a pointer a member, and either is there or not.
template <auto Where, class Targets>
constexpr bool gives = TargetReads<Where>::template given_by<Targets>;
static_assert(gives<0, std::tuple<Tensor, Tensor>> && gives<1, std::pair<Tensor, int>>);
static_assert(gives<std::size_t{2}, std::array<Tensor, 3>> && !gives<3, std::array<Tensor, 3>>);
static_assert(!gives<1, std::tuple<Tensor>> && !gives<0, std::tuple<>>);
static_assert(!gives<0, Tensor> && !gives<0, Truth> && !gives<0, std::vector<Tensor>>);
static_assert(gives<&Truth::labels, Truth> && gives<&Truth::labels, MoreTruth> && gives<&MoreTruth::masks, MoreTruth>);
static_assert(!gives<&MoreTruth::masks, Truth> && !gives<&Truth::labels, Tensor>);
static_assert(!gives<&Truth::labels, std::tuple<Truth>>);

static_assert(std::is_same_v<TargetReads<0>, TargetReads<std::size_t{0}>>);
static_assert(!std::is_same_v<TargetReads<0>, TargetReads<1>>);
static_assert(Bound<Against<1, CrossEntropy>>::name() == "cross_entropy");
static_assert(afd::StrategyMember<Against<1, CrossEntropy>> && !afd::StrategyMember<Against<1, int>>);

struct Net : torch::nn::Module {
  Net() { register_module("linear", linear); }
  Tensor forward(const Tensor& x) { return linear->forward(x); }
  torch::nn::Linear linear{3, 2};
};

/// The sum of what it is given.
struct Given {
  static constexpr std::string_view name = "given";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1;
  Tensor loss(const Tensor& logits, const Tensor& targets) const { return logits.sum() * 0 + targets.sum(); }
  Tensor loss(const Tensor& logits, const std::vector<Tensor>& targets) const {
    return logits.sum() * 0 + targets.at(1).sum();
  }
};
/// The same of edges.
struct GivenToEdges {
  static constexpr std::string_view name = "given_to_edges";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1;
  Tensor view(const Tensor& logits) const { return logits; }
  Tensor loss(const Tensor& student, const Tensor&, const Tensor& targets) const {
    return student.sum() * 0 + targets.sum();
  }
};

}  // namespace

TEST_CASE("a part of the targets is that part itself") {
  const std::tuple<Tensor, int> tuple{torch::ones({2}), 3};
  CHECK(&TargetReads<0>::of(tuple) == &std::get<0>(tuple));
  CHECK(TargetReads<1>::of(tuple) == 3);
  const MoreTruth truth{};
  CHECK(&TargetReads<&Truth::boxes>::of(truth) == &truth.boxes);
  CHECK(&TargetReads<&MoreTruth::masks>::of(truth) == &truth.masks);
}

TEST_CASE("each term is given its part of a tuple") {
  Net a, b;
  using Terms = afd::Strategy<Against<1, Given>, Against<0, afd::Every<2, GivenToEdges>>, Against<2, CrossEntropy>>;
  afd::Distiller distiller{afd::topology::Pair{}, Terms{}, a, b};
  const Tensor inputs = torch::randn({4, 3}), labels = torch::tensor({0, 1, 1, 0}, torch::kInt64);
  const Tensor expected = torch::cross_entropy_loss(a.forward(inputs), labels);
  const auto report = distiller.step(std::pair{
      inputs, std::tuple{torch::full({4}, 2.0), std::vector{torch::ones({4}), torch::full({4}, 3.0)}, labels}});
  CHECK(report.value("given", 0) == 12);
  CHECK(report.value("given", 1) == 12);
  CHECK(report.value("given_to_edges", 1, 0) == 8);
  CHECK(report.value("cross_entropy", 0) == doctest::Approx(expected.item<double>()));
}

TEST_CASE("so it is of a struct") {
  Net a, b;
  using Terms = afd::Strategy<Against<&Truth::labels, CrossEntropy>, Against<&Truth::boxes, Given>>;
  afd::Distiller distiller{afd::topology::Pair{}, Terms{}, a, b};
  const Tensor inputs = torch::randn({4, 3}), labels = torch::tensor({0, 1, 1, 0}, torch::kInt64);
  const Tensor expected = torch::cross_entropy_loss(b.forward(inputs), labels);
  const auto report = distiller.step(afd::BasicBatch{inputs, Truth{labels, {torch::ones({4}), torch::full({4}, 5.0)}}});
  CHECK(report.value("cross_entropy", 1) == doctest::Approx(expected.item<double>()));
  CHECK(report.value("given", 0) == 20);
}

TEST_CASE("a term checks its part, and says so") {
  Net a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Against<0, CrossEntropy>>{}, a, b};
  const Tensor good = torch::tensor({0, 1, 1, 0}, torch::kInt64), bad = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  CHECK_THROWS_WITH_AS(distiller.step(std::pair{torch::randn({4, 3}), std::pair{bad, good}}),
                       doctest::Contains("network 0, term cross_entropy: "), afd::DataError);
  CHECK_NOTHROW(distiller.step(std::pair{torch::randn({4, 3}), std::pair{good, bad}}));
}

TEST_CASE("the term keeps its values") {
  const Against<1, CrossEntropy> against{.term = {.weight = 7}};
  CHECK(Bound<Against<1, CrossEntropy>>::get(against).weight == 7);
}

TEST_SUITE_END();
