// SPDX-License-Identifier: MIT
#include <afd/plan/flow.hpp>
//
#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <torch/nn.h>

#include <afd/data/batch.hpp>
#include <afd/data/views.hpp>
#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("plan");

namespace {

using torch::Tensor;
template <class A, class B>
constexpr bool same = std::is_same_v<A, B>;
using afd::detail::Flow;
using afd::detail::Nothing;

struct Words {
  Tensor ids;
  Tensor mask;
};
struct WithTokens {
  afd::Tokens features;
  Tensor logits;
};

struct OfImages : torch::nn::Module {
  afd::Outputs forward(const Tensor& images) { return {images, images}; }
};
struct OfWords : torch::nn::Module {
  WithTokens forward(const Tensor& ids, const Tensor&) { return {{ids}, ids}; }
};
struct Tapped : torch::nn::Module {
  std::tuple<Tensor, afd::Tokens, Tensor> forward(const Tensor& images) { return {images, {images}, images}; }
};

template <class Top, class Strategy, class... Nets>
using PlanOf = afd::detail::Plan<Top, Strategy, Nets...>;
using Images = std::reference_wrapper<OfImages>;
using Taps = std::reference_wrapper<Tapped>;
using Reader = afd::Frozen<OfWords>;

/// Compares sums, of whatever; the student's as a value of its own type.
struct Sums {
  struct View {
    Tensor sum;
  };
  static constexpr std::string_view name = "sums";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1;
  View view(const afd::Outputs& outputs) const { return {outputs.logits.sum()}; }
  Tensor loss(const View& student, const View& teacher) const { return student.sum - teacher.sum; }
};

// A tensor for all networks, and one term of each kind.
using Usual = Flow<PlanOf<afd::topology::OneWay, afd::Strategy<afd::CrossEntropy, afd::MutualKL, Sums>, Images, Images>,
                   afd::Batch>;
static_assert(same<Usual::Batch, afd::Batch> && same<Usual::Inputs, Tensor> && same<Usual::Targets, Tensor>);
static_assert(same<Usual::Network<1>, Images> && same<Usual::Takes<0>, Tensor> && same<Usual::Takes<1>, Tensor>);
static_assert(same<Usual::Returns<0>, afd::Outputs> && same<Usual::Returns<1>, afd::Outputs>);
static_assert(same<Usual::StudentReads<0>, afd::Logits> && same<Usual::StudentRead<0, 1>, Tensor>);
static_assert(same<Usual::StudentReads<2>, afd::WholeOutputs> && same<Usual::StudentRead<2, 1>, afd::Outputs>);
static_assert(same<Usual::TargetReads<0>, afd::WholeTargets> && same<Usual::TargetsOf<0>, Tensor>);

// Who learns and who teaches: 0 -> 1.
static_assert(!Usual::is_student<1, 0> && Usual::is_student<1, 1>);
static_assert(Usual::is_teacher<1, 0> && !Usual::is_teacher<1, 1>);
static_assert(!Usual::is_student<0, 1> && !Usual::is_teacher<0, 0>);  // a term of each network has neither
static_assert(same<Usual::StudentView<1, 1>, Tensor> && same<Usual::StudentView<1, 0>, Nothing>);
static_assert(same<Usual::TeacherView<1, 0>, Tensor> && same<Usual::TeacherView<1, 1>, Nothing>);
static_assert(same<Usual::StudentView<2, 1>, Sums::View> && same<Usual::TeacherView<2, 0>, Sums::View>);
static_assert(same<Usual::StudentView<0, 0>, Nothing> && Usual::shares_views<1>);

// Each network has its own view of the inputs, and returns what it likes.
using ViewsOfBoth = afd::BasicBatch<afd::Views<Words, Tensor>, Tensor>;
using Mixed = Flow<PlanOf<afd::topology::OneWay, afd::Strategy<afd::FeatureL1>, Reader, Taps>, ViewsOfBoth>;
static_assert(same<Mixed::Takes<0>, Words> && same<Mixed::Takes<1>, Tensor>);
static_assert(same<Mixed::Returns<0>, WithTokens> && same<Mixed::Returns<1>, std::tuple<Tensor, afd::Tokens, Tensor>>);
static_assert(same<Mixed::TeacherRead<0, 0>, afd::Tokens> && same<Mixed::TeacherView<0, 0>, afd::Tokens>);
static_assert(same<Mixed::StudentRead<0, 1>, afd::Tokens> && same<Mixed::StudentView<0, 1>, afd::Tokens>);

// Ends read what they are told to.
template <auto Where>
using At = Flow<PlanOf<afd::topology::Pair, afd::Strategy<afd::At<Where, afd::FeatureL1>>, Taps, Taps>, afd::Batch>;
static_assert(same<At<0>::StudentView<0, 0>, Tensor> && same<At<1>::TeacherView<0, 1>, afd::Tokens>);
static_assert(At<1>::shares_views<0>);
using Crossed = At<afd::Ends{.teacher = 1, .student = 0}>;
static_assert(same<Crossed::StudentReads<0>, afd::Tap<0>> && same<Crossed::TeacherReads<0>, afd::Tap<1>>);
static_assert(same<Crossed::StudentView<0, 1>, Tensor> && same<Crossed::TeacherView<0, 1>, afd::Tokens>);
static_assert(!Crossed::shares_views<0> && At<afd::Ends{.teacher = 1, .student = 1}>::shares_views<0>);

// Targets are given as a whole, or a part of them.
struct Truth {
  Tensor labels;
  double scale = 1;
};
using Given = Flow<PlanOf<afd::topology::Pair,
                          afd::Strategy<afd::Against<&Truth::labels, afd::CrossEntropy>,
                                        afd::Against<&Truth::scale, afd::MutualKL>, Sums>,
                          Images, Images>,
                   afd::BasicBatch<Tensor, Truth>>;
static_assert(same<Given::TargetsOf<0>, Tensor> && same<Given::TargetsOf<1>, double>);
static_assert(same<Given::TargetsOf<2>, Truth>);

// In a group, a student's own view counts as a teacher's.
using Group = Flow<PlanOf<afd::topology::OneWay, afd::Strategy<afd::EnsembleKL>, Images, Images>, afd::Batch>;
static_assert(Group::is_teacher<0, 0> && Group::is_teacher<0, 1> && Group::is_student<0, 1>);
static_assert(!Group::is_student<0, 0> && same<Group::TeacherView<0, 1>, Tensor>);

// A network that no term reads returns nothing, and need not take the inputs.
using Corner = afd::topology::Graph<3, afd::Edge{2, 0}>;
using Idle = Flow<PlanOf<Corner, afd::Strategy<afd::MutualKL>, Images, Reader, Taps>, afd::Batch>;
static_assert(same<Idle::Returns<0>, afd::Outputs> && same<Idle::Returns<1>, Nothing>);
static_assert(same<Idle::Returns<2>, std::tuple<Tensor, afd::Tokens, Tensor>>);
static_assert(same<Idle::StudentView<0, 1>, Nothing> && same<Idle::TeacherView<0, 1>, Nothing>);

}  // namespace

TEST_CASE("what terms read is in what networks return") {
  Tapped tapped;
  const Tensor images = torch::randn({2, 3, 4});
  const auto returned = afd::run(tapped, images);
  static_assert(same<decltype(returned), const Crossed::Returns<0>>);
  CHECK(Crossed::StudentReads<0>::of(returned).is_same(images));
  CHECK(&Crossed::TeacherReads<0>::of(returned) == &std::get<1>(returned));
  const Truth truth{torch::ones({2}), 3};
  CHECK(&Given::TargetReads<0>::of(truth) == &truth.labels);
  CHECK(Given::TargetReads<1>::of(truth) == 3);
}

TEST_SUITE_END();
