// SPDX-License-Identifier: MIT
#include <afd/strategy/at.hpp>
//
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn.h>

#include <afd/data/batch.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::At;
using afd::AttentionTransfer;
using afd::Ends;
using torch::Tensor;

namespace {

template <class M>
using Bound = afd::detail::BoundTerm<M, afd::topology::Pair>;
template <class M, class Student, class Teacher = Student>
constexpr bool reads = std::is_same_v<typename Bound<M>::StudentReads, Student> &&
                       std::is_same_v<typename Bound<M>::TeacherReads, Teacher>;

/// Of x, what each network returns.
struct Found {
  std::vector<Tensor> boxes;  // w x and 2 w x
  Tensor masks;               // 3 w x
  Tensor logits;
};

/// A reader of one's own that computes what it reads.
struct SumOfBoxes {
  static constexpr std::string_view name = "the sum of boxes";
  template <class Out>
  static constexpr bool given_by = std::is_same_v<Out, Found>;
  static Tensor of(const Found& found) { return found.boxes[0] + found.boxes[1]; }
  static void check(const Found& found, std::int64_t samples) {
    if (found.boxes[0].size(0) != samples) throw afd::ShapeError("has boxes of other samples");
  }
};
struct NoReader {};

// A number is a tap, a pointer a member, and a reader itself.
static_assert(reads<At<0, AttentionTransfer>, afd::Tap<0>> && reads<At<12, AttentionTransfer>, afd::Tap<12>>);
static_assert(reads<At<std::size_t{3}, AttentionTransfer>, afd::Tap<3>>);
static_assert(reads<At<&Found::masks, AttentionTransfer>, afd::Member<&Found::masks>>);
static_assert(reads<At<afd::Features{}, afd::CrossEntropy>, afd::Features>);
static_assert(reads<At<afd::WholeOutputs{}, afd::CrossEntropy>, afd::WholeOutputs>);
static_assert(reads<At<SumOfBoxes{}, AttentionTransfer>, SumOfBoxes> && afd::Reader<SumOfBoxes>);
static_assert(reads<At<1, afd::EnsembleKL>, afd::Tap<1>>);

// Each end gets what it is given.
static_assert(reads<At<Ends{.teacher = 2, .student = 1}, AttentionTransfer>, afd::Tap<1>, afd::Tap<2>>);
static_assert(reads<At<Ends{.teacher = &Found::masks, .student = 1}, AttentionTransfer>, afd::Tap<1>,
                    afd::Member<&Found::masks>>);
static_assert(reads<At<Ends{.teacher = 0, .student = SumOfBoxes{}}, AttentionTransfer>, SumOfBoxes, afd::Tap<0>>);
static_assert(reads<At<Ends{.teacher = 1, .student = 1}, AttentionTransfer>, afd::Tap<1>>);

// Names tell numbers of taps, and those only.
static_assert(Bound<At<1, AttentionTransfer>>::name() == "attention_transfer_at_1");
static_assert(Bound<At<0, afd::FeatureL2>>::name() == "feature_l2_at_0");
static_assert(Bound<At<1203, AttentionTransfer>>::name() == "attention_transfer_at_1203");
static_assert(Bound<At<Ends{.teacher = 2, .student = 10}, AttentionTransfer>>::name() == "attention_transfer_at_2_10");
static_assert(Bound<At<&Found::masks, AttentionTransfer>>::name() == "attention_transfer");
static_assert(Bound<At<SumOfBoxes{}, AttentionTransfer>>::name() == "attention_transfer");
static_assert(Bound<At<Ends{.teacher = 0, .student = SumOfBoxes{}}, AttentionTransfer>>::name() ==
              "attention_transfer");
static_assert(Bound<afd::Named<"hint", At<1, AttentionTransfer>>>::name() == "hint");
static_assert(Bound<At<1, afd::Named<"hint", AttentionTransfer>>>::name() == "hint");

static_assert(afd::StrategyMember<At<1, AttentionTransfer>> && !afd::StrategyMember<At<1, NoReader>>);

struct Net : torch::nn::Module {
  explicit Net(double value) : w(register_parameter("w", torch::full({1}, value))) {}
  Found forward(const Tensor& x) { return {{w * x, 2 * w * x}, 3 * w * x, 5 * w * x}; }
  Tensor w;
};
struct Tapped : Net {
  using Net::Net;
  afd::TappedOutputs<3> forward(const Tensor& x) { return {{w * x, 2 * w * x, 4 * w * x}, 5 * w * x}; }
};

/// How much more the student has.
struct Gap {
  static constexpr std::string_view name = "gap";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1;
  Tensor view(const Tensor& read) const { return read; }
  Tensor view(const std::vector<Tensor>& read) const { return read[1]; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).mean(); }
};
struct Mean {
  static constexpr std::string_view name = "mean";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1;
  Tensor loss(const Tensor& read) const { return read.mean(); }
};

afd::Batch ones() {
  return {torch::ones({4, 2}), torch::zeros({4}, torch::kInt64)};
}

template <class N, class... Terms>
auto step_of(const afd::Strategy<Terms...>& strategy, const afd::Batch& batch = ones()) {
  N a(1), b(10);
  afd::Distiller distiller{afd::topology::Pair{}, strategy, a, b};
  return distiller.step(batch);
}

}  // namespace

TEST_CASE("taps are read where they are asked for, at each end of an edge") {
  const auto report = step_of<Tapped>(afd::Strategy<At<1, Gap>, At<Ends{.teacher = 2, .student = 0}, Gap>>());
  CHECK(report.value("gap_at_1", 0, 1) == 2 * 10 - 2 * 1);
  CHECK(report.value("gap_at_1", 1, 0) == 2 * 1 - 2 * 10);
  CHECK(report.value("gap_at_2_0", 0, 1) == 10 - 4 * 1);
  CHECK(report.value("gap_at_2_0", 1, 0) == 1 - 4 * 10);
}

TEST_CASE("so are members of what networks return, and what a reader makes of it") {
  using afd::Named;
  const auto report = step_of<Net>(
      afd::Strategy<Named<"masks", At<&Found::masks, Gap>>, Named<"boxes", At<&Found::boxes, Gap>>,
                    Named<"both", At<Ends{.teacher = SumOfBoxes{}, .student = &Found::logits}, Gap>>,
                    Named<"of_masks", At<&Found::masks, Mean>>, Named<"of_sum", At<SumOfBoxes{}, Mean>>>());
  CHECK(report.value("masks", 0, 1) == 3 * 10 - 3 * 1);
  CHECK(report.value("boxes", 1, 0) == 2 * 1 - 2 * 10);
  CHECK(report.value("both", 0, 1) == 5 * 10 - (1 + 2));
  CHECK(report.value("both", 1, 0) == 5 * 1 - (10 + 20));
  CHECK(report.value("of_masks", 1) == 3 * 10);
  CHECK(report.value("of_sum", 0) == 1 + 2);
  CHECK(report.value("of_sum", 1) == 10 + 20);
}

TEST_CASE("a reader of one's own is asked whether it can read") {
  struct Cropped : Net {
    using Net::Net;
    Found forward(const Tensor& x) { return Net::forward(x.slice(0, 1)); }
  };
  CHECK_THROWS_WITH_AS(static_cast<void>(step_of<Cropped>(afd::Strategy<At<SumOfBoxes{}, Mean>>())),
                       "network 0: has boxes of other samples", afd::ShapeError);
}

TEST_CASE("the term keeps its values") {
  const At<1, AttentionTransfer> at{.term = {.weight = 7}};
  CHECK(Bound<At<1, AttentionTransfer>>::get(at).weight == 7);
}

TEST_SUITE_END();
