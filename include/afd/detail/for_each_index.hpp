// SPDX-License-Identifier: MIT
#pragma once

// A loop over 0 .. N-1 whose index is a compile-time constant. Torch-free.

#include <cstddef>
#include <type_traits>
#include <utility>

namespace afd::detail {

template <std::size_t I>
using Index = std::integral_constant<std::size_t, I>;

/// body(Index<0>{}), ..., body(Index<N-1>{}).
template <std::size_t N, class Body>
constexpr void for_each_index(Body&& body) {
  [&]<std::size_t... I>(std::index_sequence<I...>) { (body(Index<I>{}), ...); }(std::make_index_sequence<N>{});
}

}  // namespace afd::detail
