// SPDX-License-Identifier: MIT
#pragma once

// What a network is, and how the library runs one.

#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/fields.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// 1. There is a torch module behind it: it is a class derived from torch::nn::Module, or a TORCH_MODULE
///    holder, a std::shared_ptr or a std::reference_wrapper of one, or has NetworkTraits of its own.
template <class N>
concept NetworkHasModule = HasModule<N>;

namespace detail {

/// Its traits say how it runs.
template <class N, class... Inputs>
concept RunsByTraits = requires(std::remove_cvref_t<N>& network, const Inputs&... inputs) {
  NetworkTraits<std::remove_cvref_t<N>>::run(network, inputs...);
};

template <class N, class... Inputs>
concept RunsOn = RunsByTraits<N, Inputs...> ||
                 requires(NetworkModule<N>& module, const Inputs&... inputs) { module.forward(inputs...); };

template <class N, class... Inputs>
decltype(auto) run_on(N& network, const Inputs&... inputs) {
  using Traits = NetworkTraits<std::remove_cvref_t<N>>;
  if constexpr (RunsByTraits<N, Inputs...>) {
    return Traits::run(network, inputs...);
  } else {
    return Traits::module(network).forward(inputs...);
  }
}

/// Whether it takes the elements of a tuple or the members of a struct as its arguments.
template <class N, class Inputs>
consteval bool runs_on_parts() {
  if constexpr (TupleLike<Inputs>) {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return RunsOn<N, std::tuple_element_t<I, Inputs>...>;
    }(std::make_index_sequence<std::tuple_size_v<Inputs>>{});
  } else if constexpr (!std::same_as<Inputs, torch::Tensor> && LooksInto<Inputs>) {
    return apply_fields_type<Inputs>([](auto... members) { return RunsOn<N, typename decltype(members)::type...>; });
  } else {
    return false;
  }
}

}  // namespace detail

/// 2. The module's `forward` is public and can be called with the inputs of a batch as they are; or with the elements
///    of a tuple or array, or the members of a struct, one after the other. Or its NetworkTraits have `run`.
template <class N, class Inputs>
concept NetworkTakes = NetworkHasModule<N> && (detail::RunsOn<N, Inputs> || detail::runs_on_parts<N, Inputs>());

/// A network:
///     struct Net : torch::nn::Module {
///       afd::Outputs forward(torch::Tensor inputs);
///     };
/// What its forward returns is its own affair: loss terms and scores say what they read of it, see reader.hpp. A module
/// that returns logits alone, a torch::nn::Sequential for instance, is a network as it is; features for terms that read
/// them are taken by extractor_head.hpp or sequential_tap.hpp, or returned.
/// Not required: a base class of ours, registration, a virtual or const forward, clone(), a holder, a
/// particular number of classes or channels, or any knowledge of distillation.
/// Expected, but beyond a compiler's sight: features are not changed in place after they are computed.
template <class N>
concept Network = NetworkHasModule<N>;

/// One forward of the network; what it returns. Nothing is checked here.
template <Network N, class Inputs>
  requires NetworkTakes<N, Inputs>
[[nodiscard]] auto run(N&& network, const Inputs& inputs) {
  if constexpr (detail::RunsOn<N, Inputs>) {
    return detail::run_on(network, inputs);
  } else if constexpr (detail::TupleLike<Inputs>) {
    return std::apply([&](const auto&... each) { return detail::run_on(network, each...); }, inputs);
  } else {
    return detail::apply_fields(inputs, [&](const auto&... each) { return detail::run_on(network, each...); });
  }
}

/// What a network returns for these inputs.
template <class N, class Inputs>
using OutputsOf = decltype(afd::run(std::declval<std::remove_cvref_t<N>&>(), std::declval<const Inputs&>()));

namespace detail {

/// Fails to compile with one sentence that says why N is no Network and what to write instead.
template <class N>
consteval void require_network() {
  constexpr bool has_module = NetworkHasModule<N>;  // named first, so that a failure shows the sentence alone
  static_assert(has_module,
                "afd: this type is not a Network: it is neither a class derived from torch::nn::Module nor a "
                "TORCH_MODULE holder, std::shared_ptr or std::reference_wrapper of one; see "
                "afd/network/network.hpp");
}

/// Fails to compile with one sentence if network N cannot be called with a batch's inputs.
template <class Network, class Inputs>
consteval bool require_takes() {
  constexpr bool takes = NetworkTakes<Network, Inputs>;
  static_assert(takes,
                "afd: a network has no public forward that takes the batch's inputs, neither whole nor their elements "
                "one after the other; give it one that takes them by value or const reference, e.g. afd::Outputs "
                "forward(torch::Tensor inputs), or let the data side make other inputs; the network's and the inputs' "
                "types are named beside this message; see "
                "afd/network/network.hpp");
  return takes;
}

}  // namespace detail
}  // namespace afd
