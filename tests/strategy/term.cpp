// SPDX-License-Identifier: MIT
#include <afd/strategy/term.hpp>
//
#include <memory>
#include <string_view>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::Level;
using torch::Tensor;

namespace {

struct Basics {
  static constexpr std::string_view name = "basics";
  static constexpr Level level = Level::logit;
  double weight = 1;
};
struct OfNetworks : Basics {
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.sum(); }
};
struct OfEdges : Basics {
  Tensor view(const afd::Outputs& outputs) const { return outputs.logits; }
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).sum(); }
};
struct NoName {
  static constexpr Level level = Level::logit;
  double weight = 1;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.sum(); }
};
struct NoLevel {
  static constexpr std::string_view name = "x";
  double weight = 1;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.sum(); }
};
struct NoWeight {
  static constexpr std::string_view name = "x";
  static constexpr Level level = Level::logit;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.sum(); }
};
struct NoView : Basics {
  Tensor loss(const Tensor& student, const Tensor& teacher) const { return (student - teacher).sum(); }
};
struct NumberAsLoss : Basics {
  double loss(const afd::Outputs&, const Tensor&) const { return 0; }
};
struct NotConst : Basics {
  Tensor loss(const afd::Outputs& outputs, const Tensor&) { return outputs.logits.sum(); }
};
struct NotCopyable : OfNetworks {
  std::unique_ptr<int> state;
};
struct Layered {
  static constexpr std::string_view name = "layered";
  static constexpr Level level = Level::feature;
  double weight = 1;
  struct Edge {
    torch::nn::Linear transfer{nullptr};
  };
  Edge make_edge(afd::MapShape, afd::MapShape) const { return {torch::nn::Linear(1, 1)}; }
  Tensor view(const afd::Outputs& outputs) const { return outputs.features; }
  Tensor loss(Edge& edge, const Tensor& student, const Tensor& teacher) const {
    return (edge.transfer->forward(student) - teacher).sum();
  }
};
struct LayeredOnLogits : Layered {
  static constexpr Level level = Level::logit;
};

}  // namespace

static_assert(afd::NetworkTerm<OfNetworks> && afd::LossTerm<OfNetworks> && !afd::EdgeTerm<OfNetworks>);
static_assert(afd::EdgeTerm<OfEdges> && afd::ComparesViews<OfEdges> && !afd::NetworkTerm<OfEdges>);
static_assert(afd::EdgeTerm<Layered> && afd::ComparesThroughEdge<Layered> && !afd::AdversarialTerm<Layered>);
static_assert(!afd::LossTerm<Basics> && !afd::LossTerm<int>);
static_assert(!afd::LossTerm<NoName> && !afd::LossTerm<NoLevel> && !afd::LossTerm<NoWeight>);
static_assert(!afd::LossTerm<NoView> && !afd::LossTerm<NumberAsLoss> && !afd::LossTerm<NotConst>);
static_assert(!afd::LossTerm<NotCopyable> && afd::TermHasLevel<NotCopyable>);
static_assert(!afd::LossTerm<LayeredOnLogits>);

TEST_CASE("a term needs no base class, and its layers are what its make_edge returns") {
  static_assert(std::is_same_v<afd::EdgeLayers<Layered>, Layered::Edge>);
  const Layered term;
  auto edge = term.make_edge({1, 1, 1}, {1, 1, 1});
  const Tensor ones = torch::ones({2, 1});
  CHECK(term.loss(edge, ones, edge.transfer->forward(ones)).item<float>() == 0);
}

TEST_SUITE_END();
