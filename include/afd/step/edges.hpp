// SPDX-License-Identifier: MIT
#pragma once

// The layers of every edge: transfer layers and discriminators, made once the shapes of what they compare are known.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// The layers of an edge whose term has none.
struct NoEdgeLayers {};

template <class Term>
struct EdgeLayersOf {
  using type = NoEdgeLayers;
};
template <TermMakesEdge Term>
struct EdgeLayersOf<Term> {
  using type = EdgeLayers<Term>;
};

/// What the layers of an edge are made for.
struct EdgeShape {
  FeatureShape student;
  FeatureShape teacher;
  torch::TensorOptions like;  ///< dtype and device of the student's view
};

/// To the device and dtype of `like`. Module::to would turn BatchNorm's integer counter into a float as well.
inline void move_like(torch::nn::Module& module, const torch::TensorOptions& like) {
  const auto dtype = torch::typeMetaToScalarType(like.dtype());
  module.to(like.device());
  for (torch::Tensor& tensor : module.parameters()) tensor.set_data(tensor.to(dtype));
  for (torch::Tensor& tensor : module.buffers()) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(dtype));
  }
}

/// body(term, edge), as constants, for every edge of every term.
template <class Plan, class Body>
void for_each_edge(Body&& body) {
  for_each_index<Plan::term_count>(
      [&](auto t) { for_each_index<Plan::template edge_count<t>>([&](auto e) { body(t, e); }); });
}

/// "edge 0 -> 1, term adversarial".
template <class Plan, std::size_t T, std::size_t E>
[[nodiscard]] std::string edge_place() {
  constexpr Edge edge = Plan::template TermTopology<T>::edges[E];
  return concat("edge ", edge.teacher, " -> ", edge.student, ", term ", Plan::template name<T>);
}

/// Of all terms that have some. Modules are in train mode and on the device of what they judge.
template <class Plan>
class Edges {
 public:
  template <std::size_t T>
  using Layers = typename EdgeLayersOf<typename Plan::template Term<T>>::type;
  /// Of every edge of every term; of those without layers they are empty.
  using Shapes = std::vector<EdgeShape>;

  /// Makes the layers for `shapes`, which are in the order of terms and edges, those without layers left out. Throws
  /// ShapeError or ConfigError that names the edge.
  Edges(const typename Plan::Strategy& strategy, Shapes shapes) : shapes_(std::move(shapes)) {
    std::size_t next = 0;
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (TermMakesEdge<typename Plan::template Term<t>>) {
        const EdgeShape& shape = shapes_.at(next++);
        auto& slot = std::get<e>(std::get<t>(layers_));
        const auto& term = Plan::template Bound<t>::get(strategy.template get<t>());
        slot.emplace(named([&] { return term.make_edge(shape.student, shape.teacher); }, edge_place<Plan, t, e>()));
        adopt(*slot->transfer, shape.like);
        if constexpr (AdversarialTerm<typename Plan::template Term<t>>) adopt(*slot->discriminator, shape.like);
      }
    });
  }

  /// How many edges have layers.
  static constexpr std::size_t count = [] {
    std::size_t edges = 0;
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (TermMakesEdge<typename Plan::template Term<t>>) edges += Plan::template edge_count<t>;
    });
    return edges;
  }();

  /// The layers of edge E of term T.
  template <std::size_t T, std::size_t E>
  [[nodiscard]] auto& layers() {
    if constexpr (TermMakesEdge<typename Plan::template Term<T>>) {
      return *std::get<E>(std::get<T>(layers_));
    } else {
      static NoEdgeLayers none;
      return none;
    }
  }

  /// Transfer layers and discriminators, in the order of terms and edges.
  [[nodiscard]] const std::vector<std::shared_ptr<torch::nn::Module>>& modules() const { return modules_; }
  [[nodiscard]] const Shapes& shapes() const { return shapes_; }

 private:
  template <std::size_t T>
  using LayersOfTerm = std::array<std::optional<Layers<T>>, Plan::template edge_count<T>>;
  template <class Sequence>
  struct LayersOfAll;
  template <std::size_t... T>
  struct LayersOfAll<std::index_sequence<T...>> {
    using type = std::tuple<LayersOfTerm<T>...>;
  };

  void adopt(torch::nn::Module& module, const torch::TensorOptions& like) {
    move_like(module, like);
    module.train();
    modules_.push_back(module.shared_from_this());
  }

  typename LayersOfAll<std::make_index_sequence<Plan::term_count>>::type layers_;
  std::vector<std::shared_ptr<torch::nn::Module>> modules_;
  Shapes shapes_;
};

}  // namespace afd::detail
