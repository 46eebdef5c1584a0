// SPDX-License-Identifier: MIT
#pragma once

// The Topology concept: who teaches whom, known at compile time. Torch-free.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <afd/topology/edge.hpp>

namespace afd {

namespace detail {

template <class T>
inline constexpr bool is_edge_array = false;
template <std::size_t E>
inline constexpr bool is_edge_array<std::array<Edge, E>> = true;

template <class T>
concept HasNetworkCount = requires { requires std::convertible_to<decltype(T::network_count), std::size_t>; };

template <class T>
concept HasEdgeArray = requires { requires is_edge_array<std::remove_cvref_t<decltype(T::edges)>>; };

template <std::size_t E>
consteval bool in_range(const std::array<Edge, E>& edges, std::size_t network_count) {
  for (const Edge& edge : edges)
    if (edge.teacher >= network_count || edge.student >= network_count) return false;
  return true;
}

template <std::size_t E>
consteval bool without_self_edges(const std::array<Edge, E>& edges) {
  for (const Edge& edge : edges)
    if (edge.teacher == edge.student) return false;
  return true;
}

template <std::size_t E>
consteval bool without_duplicates(const std::array<Edge, E>& edges) {
  for (std::size_t i = 0; i < E; ++i)
    for (std::size_t j = i + 1; j < E; ++j)
      if (edges[i] == edges[j]) return false;
  return true;
}

}  // namespace detail

/// A topology is a type with
///   1. `static constexpr std::size_t network_count`, at least 1;
///   2. `static constexpr std::array<afd::Edge, E> edges`;
///   3. every index below network_count;
///   4. no self-edge, and no edge twice.
/// Not required: a base class, an object, a connected graph, edges in any order, an edge of every network: whether each
/// has something to learn by is a question to the whole plan.
template <class T>
concept Topology = detail::HasNetworkCount<T> && detail::HasEdgeArray<T> && (T::network_count >= 1) &&
                   detail::in_range(T::edges, T::network_count) && detail::without_self_edges(T::edges) &&
                   detail::without_duplicates(T::edges);

template <Topology T>
inline constexpr std::size_t edge_count = T::edges.size();

/// The number of networks that `network` learns from.
template <Topology T>
constexpr std::size_t in_degree(std::size_t network) {
  std::size_t degree = 0;
  for (const Edge& edge : T::edges) degree += edge.student == network ? 1U : 0U;
  return degree;
}

/// The number of networks that learn from `network`.
template <Topology T>
constexpr std::size_t out_degree(std::size_t network) {
  std::size_t degree = 0;
  for (const Edge& edge : T::edges) degree += edge.teacher == network ? 1U : 0U;
  return degree;
}

template <Topology T>
constexpr bool learns(std::size_t network) {
  return in_degree<T>(network) > 0;
}

template <Topology T>
constexpr bool teaches(std::size_t network) {
  return out_degree<T>(network) > 0;
}

}  // namespace afd
