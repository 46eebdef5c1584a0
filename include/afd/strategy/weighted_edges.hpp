// SPDX-License-Identifier: MIT
#pragma once

// Gives each edge of a term a weight of its own.

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/error.hpp>
#include <afd/strategy/bound_term.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd {

namespace detail {

/// A bound term whose edges have weights, in whatever wrapper they were given.
template <class Bound>
concept HasEdgeWeights = requires { Bound::weighted_edges; };

template <std::size_t N>
[[nodiscard]] constexpr std::array<double, N> weights_of_one() {
  std::array<double, N> weights{};
  weights.fill(1.0);
  return weights;
}

}  // namespace detail

/// WeightedEdges<2, MutualKL>{{1, 0.5}, {.temperature = 4}}: a weight for each edge of the term, in the order of its
/// topology's `edges`. With weights w_e, a student k with the incoming edges E minimises
///     weight / |E| * sum over e in E of w_e L_e,
/// which is the mean over its edges where all are 1: a weight is a factor of its own edge's loss and of nothing else,
/// and means something for a student with one edge, too. 0 leaves an edge's loss in the reports, and nobody learns of
/// it. A discriminator's loss has no weight. Reports give losses without it. Weights that are negative or not finite,
/// or all 0, are refused with a ConfigError when the distiller is made. M: a LossTerm, or one in another wrapper.
template <std::size_t N, class M>
struct WeightedEdges {
  using Bound = detail::BoundTerm<M, void>;
  static_assert(
      EdgeTerm<typename Bound::Term> && !ComparesGroup<typename Bound::Term>,
      "afd: WeightedEdges gives weights to the losses of edges, but this term has a loss of each network; use "
      "its weight");
  static_assert(!detail::HasEdgeWeights<Bound>,
                "afd: a term is in WeightedEdges twice; once gives each edge its weight");

  std::array<double, N> weights = detail::weights_of_one<N>();
  M term = {};
};

template <std::size_t N, class M>
WeightedEdges(const double (&)[N], M) -> WeightedEdges<N, M>;

namespace detail {

template <std::size_t N, class M, class DefaultTopology>
struct BoundTerm<WeightedEdges<N, M>, DefaultTopology> : WrappedTerm<WeightedEdges<N, M>, M, DefaultTopology> {
  static constexpr std::size_t weighted_edges = N;
};

template <class Member>
inline constexpr bool is_weighted_edges = false;
template <std::size_t N, class M>
inline constexpr bool is_weighted_edges<WeightedEdges<N, M>> = true;

/// The weights in a member of a strategy, wherever in its wrappers; none if there is no WeightedEdges.
template <class Member>
[[nodiscard]] std::span<const double> edge_weights(const Member& member) {
  if constexpr (is_weighted_edges<Member>) {
    return member.weights;
  } else if constexpr (LossTerm<Member>) {
    return {};
  } else {
    return edge_weights(member.term);
  }
}

/// That of one edge: 1 if nobody gave any.
template <class Member>
[[nodiscard]] double edge_weight(const Member& member, std::size_t edge) {
  const std::span<const double> weights = edge_weights(member);
  return weights.empty() ? 1.0 : weights[edge];
}

/// Whether there is a weight for each of so many edges, if there are weights.
template <class Bound>
consteval bool edge_weights_fit(std::size_t edges) {
  if constexpr (HasEdgeWeights<Bound>) return Bound::weighted_edges == edges;
  return true;
}

/// Throws ConfigError, naming edge and term, for weights that are negative or not finite, and for a term whose edges
/// all have 0. `Bound` is the member's, with as many edges as it has weights.
template <class Bound, class Member>
void check_edge_weights(const Member& member) {
  if constexpr (HasEdgeWeights<Bound>) {
    bool all_zero = true;
    const std::span<const double> weights = edge_weights(member);
    for (std::size_t e = 0; e < weights.size(); ++e) {
      all_zero = all_zero && weights[e] == 0;
      if (std::isfinite(weights[e]) && weights[e] >= 0) continue;
      const Edge edge = Bound::Topology::edges[e];
      throw ConfigError(concat("edge ", edge.teacher, " -> ", edge.student, ", term ", Bound::name(),
                               ": the weight of ", "an edge must be finite and not negative, but is ", weights[e]));
    }
    if (all_zero) {
      throw ConfigError(concat("term ", Bound::name(),
                               ": all weights of its edges are 0, so that nobody learns of it; ",
                               "leave the term out of the strategy, or set its weight to 0 to watch its losses"));
    }
  }
}

/// For a recipe: "1, 0.5". Empty where all are 1, which is what they are without the wrapper.
template <class Member>
[[nodiscard]] std::string edge_weights_text(const Member& member) {
  std::string text;
  bool all_one = true;
  for (const double weight : edge_weights(member)) {
    all_one = all_one && weight == 1;
    text += (text.empty() ? "" : ", ") + exact_text(weight);
  }
  return all_one ? std::string() : text;
}

}  // namespace detail
}  // namespace afd
