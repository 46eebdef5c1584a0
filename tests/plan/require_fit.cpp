// SPDX-License-Identifier: MIT
#include <afd/plan/require_fit.hpp>
//
#include <functional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <torch/nn.h>

#include <afd/data/batch.hpp>
#include <afd/data/views.hpp>
#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("plan");

namespace {

using torch::Tensor;

struct Words {
  Tensor ids;
  Tensor mask;
};
struct Found {
  std::vector<Tensor> boxes;
  Tensor masks;
};
struct Truth {
  Tensor labels;
  std::vector<Tensor> boxes;
};

struct OfImages : torch::nn::Module {
  OfImages() { register_module("linear", linear); }
  afd::Outputs forward(const Tensor& images) { return {images, linear->forward(images.mean({2, 3}))}; }
  torch::nn::Linear linear{3, 2};
};
struct OfWords : torch::nn::Module {
  Found forward(const Tensor& ids, const Tensor& mask) { return {{ids, mask}, mask}; }
};
struct Alone : torch::nn::Module {
  Tensor forward(const Tensor& images) { return images; }
};
using Images = std::reference_wrapper<OfImages>;
using Text = std::reference_wrapper<OfWords>;
using Vectors = std::reference_wrapper<Alone>;

struct Basics {
  static constexpr std::string_view name = "x";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1;
};
/// For a struct of its own, and targets of its own.
struct OfBoxes : Basics {
  Tensor loss(const Found& found, const Truth& truth) const { return found.boxes[0].sum() - truth.boxes[0].sum(); }
  void check(const Found&, const Truth&) const {}
};
struct OfMasks : Basics {
  using Reads = afd::Member<&Found::masks>;
  Tensor view(const Tensor& masks) const { return masks; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).sum(); }
};
struct OfGroups : Basics {
  using Reads = afd::Logits;
  Tensor view(const Tensor& logits) const { return logits; }
  Tensor group_loss(const Tensor& student, std::span<const Tensor> group, const Truth& truth) const {
    return (student - group[0]).sum() + truth.labels.sum();
  }
  void check_values(const Tensor&, const Truth&) const {}
};

template <class B, class Top, class Strategy, class... Nets>
constexpr bool fits = afd::detail::require_fit<afd::detail::Plan<Top, Strategy, Nets...>, B>();
using afd::topology::OneWay;
using afd::topology::Pair;
using WithTruth = afd::BasicBatch<Tensor, Truth>;

// What does not fit does not compile, and is seen to by tests/static; this fits.
static_assert(fits<afd::Batch, Pair, afd::AdversarialFeatureDistillation, Images, Images>);
static_assert(fits<afd::Batch, OneWay, afd::DirectAlignmentWithKL, afd::Frozen<OfImages>, Images>);
static_assert(fits<afd::Batch, Pair, afd::DeepMutualLearning, Images, Vectors>);  // who needs features?
static_assert(fits<afd::Batch, afd::topology::Single, afd::Alone, Vectors>);
static_assert(fits<afd::BasicBatch<Words, Truth>, Pair, afd::Strategy<OfBoxes, OfMasks>, Text, Text>);
static_assert(fits<afd::BasicBatch<std::tuple<Tensor, Tensor>, Truth>, Pair, afd::Strategy<OfBoxes>, Text, Text>);
static_assert(fits<WithTruth, Pair, afd::Strategy<OfGroups>, Images, Vectors>);
static_assert(fits<WithTruth, Pair, afd::Strategy<afd::Against<&Truth::labels, afd::CrossEntropy>>, Images, Images>);
static_assert(fits<afd::BasicBatch<Tensor, afd::NoTargets>, Pair, afd::Strategy<afd::MutualKL>, Images, Images>);

// Every network its own view; only those that a term is for must have what it reads.
using ViewsOfBoth = afd::BasicBatch<afd::Views<Tensor, Words>, Tensor>;
using ForTheFirst = afd::Strategy<afd::Over<afd::topology::Networks<0>, afd::CrossEntropy>,
                                  afd::At<afd::Ends{.teacher = &Found::masks, .student = 0}, afd::FeatureL1>>;
using Back = afd::topology::Graph<2, afd::Edge{1, 0}>;
static_assert(fits<ViewsOfBoth, Back, ForTheFirst, Images, Text>);

// A network that nobody reads is not run, so it need not take the inputs.
using Corner = afd::topology::Graph<3, afd::Edge{0, 2}>;
static_assert(fits<afd::Batch, Corner, afd::Strategy<afd::MutualKL>, Images, afd::Frozen<OfWords>, Images>);

using afd::detail::reads_features;
static_assert(reads_features<afd::Features> && reads_features<afd::Tap<0>> && reads_features<afd::Tap<7>>);
static_assert(!reads_features<afd::Logits> && !reads_features<afd::WholeOutputs>);
static_assert(!reads_features<afd::Member<&Found::masks>>);

// One term, or two in one?
struct View {
  Tensor value;
};
struct TwoInOne : Basics {
  View view(const afd::Outputs& outputs) const { return {outputs.logits}; }
  Tensor loss(const View& student, const View&) const { return student.value; }
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits; }
};
struct OfAnything : Basics {  // its loss could be called with outputs and targets, but so could many
  Tensor view(const Tensor& logits) const { return logits; }
  template <class Student, class Teacher>
  Tensor loss(const Student& student, const Teacher&) const {
    return student;
  }
};
using afd::detail::is_two_terms;
static_assert(is_two_terms<TwoInOne, afd::Outputs, View, Tensor>);
static_assert(!is_two_terms<TwoInOne, afd::Outputs, View, Truth>);  // a loss for other targets is none here
static_assert(!is_two_terms<OfAnything, Tensor, Tensor, Tensor>);
static_assert(!is_two_terms<OfMasks, Tensor, Tensor, Tensor> && !is_two_terms<OfBoxes, Found, Found, Truth>);

}  // namespace

TEST_CASE("what fits is computed, though a network among them takes other inputs and is read by nobody") {
  torch::manual_seed(1);
  OfImages teacher, student;
  OfWords words;
  afd::Distiller distiller{Corner{},
                           afd::Strategy<afd::Over<afd::topology::Networks<0>, afd::CrossEntropy>, afd::MutualKL>{},
                           teacher, afd::frozen(words), student};
  const auto report =
      distiller.step(afd::Batch{torch::randn({4, 3, 2, 2}), torch::tensor({0, 1, 1, 0}, torch::kInt64)});
  CHECK(report.entries.size() == 2);
  CHECK(report.value("mutual_kl", 0, 2) > 0);
}

TEST_SUITE_END();
