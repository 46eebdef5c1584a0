// SPDX-License-Identifier: MIT
#include <afd/strategy/term.hpp>
//
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::FeatureShape;
using afd::Level;
using torch::Tensor;

namespace {

struct Basics {
  static constexpr std::string_view name = "basics";
  static constexpr Level level = Level::logit;
  double weight = 1;
};

// What no term lacks.
struct NoName {
  static constexpr Level level = Level::logit;
  double weight = 1;
  Tensor loss(const Tensor& logits) const { return logits.sum(); }
};
struct NoLevel {
  static constexpr std::string_view name = "x";
  double weight = 1;
  Tensor loss(const Tensor& logits) const { return logits.sum(); }
};
struct NoWeight {
  static constexpr std::string_view name = "x";
  static constexpr Level level = Level::logit;
  Tensor loss(const Tensor& logits) const { return logits.sum(); }
};
struct NotCopyable : Basics {
  std::unique_ptr<int> state;
  Tensor loss(const Tensor& logits) const { return logits.sum(); }
};
struct NotOpen final : Basics {
  Tensor loss(const Tensor& logits) const { return logits.sum(); }
};
static_assert(afd::TermBasics<Basics>);
static_assert(!afd::LossTerm<NoName> && !afd::LossTerm<NoLevel> && !afd::LossTerm<NoWeight> && !afd::LossTerm<int>);
static_assert(!afd::LossTerm<NotCopyable> && afd::TermHasLevel<NotCopyable>);
static_assert(!afd::LossTerm<NotOpen> && afd::TermHasWeight<NotOpen>);

// Terms of each network.
struct OfNetworks : Basics {
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.sum(); }
};
struct WithoutTargets : Basics {
  using Reads = afd::Features;
  Tensor loss(const Tensor& features) const { return features.sum(); }
};
struct Templated : Basics {
  template <class Read, class Targets>
  Tensor loss(const Read& read, const Targets&) const {
    return read.sum();
  }
};
struct NumberAsLoss : Basics {
  double loss(const afd::Outputs&, const Tensor&) const { return 0; }
};
struct NotConst : Basics {
  Tensor loss(const afd::Outputs& outputs, const Tensor&) { return outputs.logits.sum(); }
};
static_assert(afd::NetworkTerm<OfNetworks> && afd::LossTerm<OfNetworks> && !afd::EdgeTerm<OfNetworks>);
static_assert(afd::NetworkTermOf<OfNetworks, afd::Outputs, Tensor>);
static_assert(!afd::NetworkTermOf<OfNetworks, Tensor, Tensor> && !afd::NetworkTermOf<OfNetworks, afd::Outputs, int>);
static_assert(afd::NetworkTermOf<WithoutTargets, Tensor, Tensor> && afd::NetworkTermOf<WithoutTargets, Tensor, int>);
static_assert(!afd::LossReadsTargets<WithoutTargets, Tensor, Tensor> && !afd::LossReadsOutputs<OfNetworks, Tensor>);
static_assert(afd::NetworkTermOf<Templated, Tensor, int> && afd::NetworkTermOf<Templated, Tensor, std::string>);
static_assert(!afd::NetworkTermOf<NumberAsLoss, afd::Outputs, Tensor>);
static_assert(!afd::NetworkTermOf<NotConst, afd::Outputs, Tensor>);
static_assert(!afd::NetworkTermOf<Basics, afd::Outputs, Tensor>);  // it has no loss

static_assert(std::is_same_v<afd::TermReads<OfNetworks>, afd::WholeOutputs>);
static_assert(std::is_same_v<afd::TermReads<WithoutTargets>, afd::Features>);

// Terms of edges.
struct OfEdges : Basics {
  Tensor view(const afd::Outputs& outputs) const { return outputs.logits; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).sum(); }
};
struct WithTargets : Basics {
  struct View {
    Tensor logits;
  };
  const View& view(const View& logits) const { return logits; }
  Tensor loss(const View& student, const View&, const Tensor&) const { return student.logits.sum(); }
};
struct ManyViews : Basics {
  Tensor view(const Tensor& features) const { return features; }
  afd::Tokens view(const afd::Tokens& features) const { return features; }
  template <class Student, class Teacher>
  Tensor loss(const Student&, const Teacher&) const {
    return {};
  }
};
struct TemplatedView : Basics {
  template <class Read>
  Read view(const Read& read) const {
    return read;
  }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).sum(); }
};
static_assert(afd::EdgeTerm<OfEdges> && afd::LossTerm<OfEdges> && !afd::NetworkTerm<OfEdges>);
static_assert(!afd::ComparesGroup<OfEdges> && !afd::TermMakesEdge<OfEdges> && !afd::AdversarialTerm<OfEdges>);
static_assert(std::is_same_v<afd::ViewOf<OfEdges, afd::Outputs>, Tensor> && !afd::TermViews<OfEdges, Tensor>);
static_assert(!afd::TermViews<OfNetworks, afd::Outputs>);
static_assert(afd::EdgeTermOf<OfEdges, Tensor, Tensor, Tensor> && afd::EdgeTermOf<OfEdges, Tensor, Tensor, int>);
static_assert(!afd::EdgeTermOf<OfEdges, afd::Tokens, Tensor, Tensor>);

using View = WithTargets::View;
static_assert(std::is_same_v<afd::ViewOf<WithTargets, View>, View>);  // a value, whatever view returns
static_assert(afd::ComparesViews<WithTargets, View, View, Tensor> && !afd::ComparesViews<WithTargets, View, View>);
static_assert(afd::EdgeTermOf<WithTargets, View, View, Tensor> && !afd::EdgeTermOf<WithTargets, View, View, View>);

static_assert(afd::EdgeTerm<ManyViews> && !afd::TermViews<ManyViews, afd::Outputs>);
static_assert(std::is_same_v<afd::ViewOf<ManyViews, Tensor>, Tensor>);
static_assert(std::is_same_v<afd::ViewOf<ManyViews, afd::Tokens>, afd::Tokens>);
static_assert(afd::EdgeTermOf<ManyViews, Tensor, afd::Tokens, Tensor>);
static_assert(afd::EdgeTerm<TemplatedView> && afd::TermViews<TemplatedView, View>);
static_assert(!afd::EdgeTermOf<TemplatedView, View, View, Tensor>);

// Terms of a student and all its teachers.
struct OfGroup : Basics {
  Tensor view(const Tensor& logits) const { return logits; }
  Tensor group_loss(const Tensor& student, std::span<const Tensor> group) const { return student - group.back(); }
};
struct OfGroupWithTargets : Basics {
  Tensor view(const Tensor& logits) const { return logits; }
  Tensor group_loss(const Tensor& student, std::span<const Tensor>, const Tensor& labels) const {
    return student - labels;
  }
};
struct GroupWithoutView : Basics {
  Tensor group_loss(const Tensor& student, std::span<const Tensor>) const { return student; }
};
static_assert(afd::ComparesGroup<OfGroup> && afd::ComparesGroup<OfGroupWithTargets>);
static_assert(!afd::ComparesGroup<GroupWithoutView>);
static_assert(afd::ComparesGroupOf<OfGroup, Tensor> && !afd::ComparesGroupOf<OfGroup, Tensor, Tensor>);
static_assert(afd::ComparesGroupOf<OfGroupWithTargets, Tensor, Tensor>);
static_assert(afd::EdgeTermOf<OfGroup, Tensor, Tensor, int> && !afd::EdgeTermOf<OfGroup, View, View, int>);
static_assert(afd::EdgeTermOf<OfGroupWithTargets, Tensor, Tensor, Tensor>);
static_assert(!afd::EdgeTermOf<OfGroupWithTargets, Tensor, Tensor, int>);

// Terms with layers on their edges.
struct Layered {
  static constexpr std::string_view name = "layered";
  static constexpr Level level = Level::feature;
  double weight = 1;
  struct Edge {
    torch::nn::Linear transfer{nullptr};
  };
  Edge make_edge(FeatureShape student, FeatureShape teacher) const {
    return {torch::nn::Linear(student.channels, teacher.channels)};
  }
  Tensor view(const Tensor& features) const { return features; }
  Tensor loss(Edge& edge, const Tensor& student, const Tensor& teacher) const {
    return (edge.transfer->forward(student) - teacher).sum();
  }
};
struct LayeredWithTargets : Layered {
  Tensor loss(Edge&, const Tensor& student, const Tensor&, const Tensor& labels) const { return student - labels; }
};
struct OfOneShape : Layered {
  Edge make_edge(FeatureShape) const { return {torch::nn::Linear(1, 1)}; }
};
struct OfNumbers : Layered {
  Edge make_edge(std::int64_t student, std::int64_t teacher) const { return {torch::nn::Linear(student, teacher)}; }
};
struct OtherName : Layered {
  struct Edge {
    torch::nn::Linear layers{nullptr};
  };
  Edge make_edge(FeatureShape, FeatureShape) const { return {torch::nn::Linear(1, 1)}; }
};
struct NoModule : Layered {
  struct Edge {
    std::shared_ptr<int> transfer;
  };
  Edge make_edge(FeatureShape, FeatureShape) const { return {}; }
};
static_assert(afd::EdgeTerm<Layered> && afd::TermMakesEdge<Layered> && !afd::AdversarialTerm<Layered>);
static_assert(std::is_same_v<afd::EdgeLayers<Layered>, Layered::Edge>);
static_assert(afd::ComparesThroughEdge<Layered, Tensor, Tensor> && !afd::ComparesViews<Layered, Tensor, Tensor>);
static_assert(!afd::ComparesThroughEdge<Layered, Tensor, Tensor, Tensor>);
static_assert(afd::EdgeTermOf<Layered, Tensor, Tensor, int>);
static_assert(afd::ComparesThroughEdge<LayeredWithTargets, Tensor, Tensor, Tensor>);
static_assert(!afd::ComparesThroughEdge<OfEdges, Tensor, Tensor>);
static_assert(!afd::TermMakesEdge<OfOneShape> && !afd::TermMakesEdge<OfNumbers>);
static_assert(!afd::TermMakesEdge<OtherName> && !afd::TermMakesEdge<NoModule>);

// Terms with an adversary.
struct Game {
  static constexpr std::string_view name = "game";
  static constexpr Level level = Level::feature;
  double weight = 1;
  struct Edge {
    torch::nn::Linear transfer{nullptr}, discriminator{nullptr};
  };
  Edge make_edge(FeatureShape, FeatureShape) const { return {}; }
  Tensor view(const Tensor& features) const { return features; }
  Tensor fake(Edge&, const Tensor& student) const { return student; }
  Tensor real(Edge&, const Tensor& teacher) const { return teacher; }
  Tensor generator_loss(Edge&, const Tensor& fake) const { return fake; }
  Tensor discriminator_loss(Edge&, const Tensor& real, const Tensor& fake) const { return real - fake; }
  afd::GameLosses losses(Edge&, const Tensor& real, const Tensor& fake) const { return {fake, real}; }
};
struct GameOfTwoLosses : Game {
  Tensor losses(Edge&, const Tensor& real, const Tensor&) const { return real; }
};
static_assert(afd::AdversarialTerm<Game> && afd::PlaysGame<Game, Tensor, Tensor>);
static_assert(afd::EdgeTermOf<Game, Tensor, Tensor, int> && !afd::PlaysGame<Game, Tensor, afd::Tokens>);
static_assert(afd::AdversarialTerm<GameOfTwoLosses> && !afd::EdgeTermOf<GameOfTwoLosses, Tensor, Tensor, Tensor>);

// Terms that look at targets before their losses are computed.
struct Checking : OfNetworks {
  void check(const afd::Outputs&, const Tensor&) const {}
  template <class Targets>
  void check_values(const afd::Outputs&, const Targets&) const {}
};
static_assert(afd::TermChecks<Checking, afd::Outputs, Tensor> && !afd::TermChecks<Checking, afd::Outputs, int>);
static_assert(!afd::TermChecks<Checking, Tensor, Tensor> && !afd::TermChecks<OfNetworks, afd::Outputs, Tensor>);
static_assert(afd::TermChecksValues<Checking, afd::Outputs, int>);
static_assert(!afd::TermChecksValues<OfNetworks, afd::Outputs, Tensor>);

// What a Strategy asks of its terms.
static_assert(afd::detail::require_term<OfNetworks>() && afd::detail::require_term<Templated>());
static_assert(afd::detail::require_term<OfEdges>() && afd::detail::require_term<TemplatedView>());
static_assert(afd::detail::require_term<OfGroup>() && afd::detail::require_term<Layered>());
static_assert(afd::detail::require_term<Game>());

}  // namespace

TEST_CASE("a term needs no base class, and its layers are what its make_edge returns") {
  torch::manual_seed(0);
  const Layered term;
  auto edge = term.make_edge({3, {4, 4}}, {2, {}});
  CHECK(edge.transfer->weight.sizes() == torch::IntArrayRef({2, 3}));
  const Tensor ones = torch::ones({2, 3});
  CHECK(term.loss(edge, ones, edge.transfer->forward(ones)).item<float>() == 0);
}

TEST_SUITE_END();
