// SPDX-License-Identifier: MIT
#pragma once

// What a network is, and how the library runs one.

#include <concepts>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/network/as_outputs.hpp>
#include <afd/network/check_outputs.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// 1. There is a torch module behind it: it is a class derived from torch::nn::Module, or a TORCH_MODULE
///    holder, a std::shared_ptr or a std::reference_wrapper of one, or has NetworkTraits of its own.
template <class N>
concept NetworkHasModule = HasModule<N>;

namespace detail {

/// Its traits say how it runs: NetworkTraits<N>::run(network, inputs) gives Outputs.
template <class N>
concept RunsByTraits = requires(std::remove_cvref_t<N>& network, const torch::Tensor& inputs) {
  { NetworkTraits<std::remove_cvref_t<N>>::run(network, inputs) } -> std::same_as<Outputs>;
};

}  // namespace detail

/// 2. The module's `forward` is public and takes one tensor, the inputs [N, ...]; or its NetworkTraits have `run`.
template <class N>
concept NetworkForwardsTensor =
    detail::RunsByTraits<N> ||
    requires(NetworkModule<N>& module, const torch::Tensor& inputs) { module.forward(inputs); };

/// 3. It returns features and logits from that one pass: afd::Outputs, a struct with tensors `features` and
///    `logits`, or a std::pair or std::tuple of two tensors, features first.
template <class N>
concept NetworkReturnsOutputs =
    detail::RunsByTraits<N> || requires(NetworkModule<N>& module, const torch::Tensor& inputs) {
      { module.forward(inputs) } -> OutputsLike;
    };

/// A network:
///     struct Net : torch::nn::Module {
///       afd::Outputs forward(torch::Tensor inputs);
///     };
/// Not required: a base class of ours, registration, a virtual or const forward, clone(), a holder, a
/// particular number of classes or channels, or any knowledge of distillation. A module with one tensor as its
/// result is adapted by extractor_head.hpp or sequential_tap.hpp.
/// Expected, but beyond a compiler's sight: features are not changed in place after they are computed.
template <class N>
concept Network = NetworkHasModule<N> && NetworkForwardsTensor<N> && NetworkReturnsOutputs<N>;

/// One forward of the network. Nothing is checked here: check_outputs does that, and knows the network's index.
template <Network N>
[[nodiscard]] Outputs run(N&& network, const torch::Tensor& inputs) {
  using Traits = NetworkTraits<std::remove_cvref_t<N>>;
  if constexpr (detail::RunsByTraits<N>) {
    return Traits::run(network, inputs);
  } else {
    return as_outputs(Traits::module(network).forward(inputs));
  }
}

namespace detail {

template <class N>
concept ForwardsToOneTensor = requires(NetworkModule<N>& module, const torch::Tensor& inputs) {
  { module.forward(inputs) } -> std::convertible_to<torch::Tensor>;
};

/// Fails to compile with one sentence that says why N is no Network and what to write instead.
template <class N>
consteval void require_network() {
  // Named first, so that a failure shows the sentence alone.
  constexpr bool has_module = NetworkHasModule<N>, forwards = NetworkForwardsTensor<N>;
  constexpr bool one_tensor = ForwardsToOneTensor<N>, returns = NetworkReturnsOutputs<N>;
  if constexpr (!has_module) {
    static_assert(has_module,
                  "afd: this type is not a Network: it is neither a class derived from torch::nn::Module nor a "
                  "TORCH_MODULE holder, std::shared_ptr or std::reference_wrapper of one; see "
                  "afd/network/network.hpp");
  } else if constexpr (!forwards) {
    static_assert(forwards,
                  "afd: this type is not a Network: its module has no public forward(torch::Tensor); write "
                  "e.g. afd::Outputs forward(torch::Tensor inputs); see afd/network/network.hpp");
  } else if constexpr (one_tensor) {
    static_assert(!one_tensor,
                  "afd: this type is not a Network: forward(torch::Tensor) returns one tensor, but features "
                  "and logits are needed from the same pass; return afd::Outputs, or adapt the module with "
                  "afd::extractor_head(extractor, head) (afd/network/extractor_head.hpp) or "
                  "afd::SequentialTap(sequential, \"layer\") (afd/network/sequential_tap.hpp)");
  } else {
    static_assert(returns,
                  "afd: this type is not a Network: forward(torch::Tensor) must return features and logits, "
                  "e.g. afd::Outputs forward(torch::Tensor inputs); see afd/network/network.hpp");
  }
}

}  // namespace detail
}  // namespace afd
