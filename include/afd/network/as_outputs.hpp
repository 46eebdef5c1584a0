// SPDX-License-Identifier: MIT
#pragma once

// Reads what a network's forward returned as Outputs, whatever it is called there.

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/network/outputs.hpp>

namespace afd {

/// A struct with tensors named `features` and `logits`: Outputs itself, or one of the user's with more in it.
template <class R>
concept NamedOutputs = requires(const R& result) {
  { result.features } -> std::convertible_to<torch::Tensor>;
  { result.logits } -> std::convertible_to<torch::Tensor>;
};

/// A std::pair or std::tuple of two tensors: features first, then logits.
template <class R>
concept PairedOutputs = requires(const R& result) {
  requires std::tuple_size<R>::value == std::size_t{2};
  { std::get<0>(result) } -> std::convertible_to<torch::Tensor>;
  { std::get<1>(result) } -> std::convertible_to<torch::Tensor>;
};

/// What a network's forward may return.
template <class R>
concept OutputsLike = NamedOutputs<std::remove_cvref_t<R>> || PairedOutputs<std::remove_cvref_t<R>>;

/// `result` as Outputs. Copies handles to the tensors, never their elements.
template <OutputsLike R>
[[nodiscard]] Outputs as_outputs(R&& result) {
  if constexpr (NamedOutputs<std::remove_cvref_t<R>>) {
    return {result.features, result.logits};
  } else {
    return {std::get<0>(result), std::get<1>(result)};
  }
}

}  // namespace afd
