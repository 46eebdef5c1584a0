// SPDX-License-Identifier: MIT
#pragma once

// A network that only teaches: it is run in eval mode, without a graph, and never updated.

#include <optional>
#include <type_traits>
#include <utility>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/tensors.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>

namespace afd {

/// Marks a network as a teacher. The module's requires_grad flags are left alone: nothing is recorded while it
/// runs, so they do not matter. Its mode is set to eval here and again at each run, because a train() on an
/// enclosing module would otherwise make the teacher drift by its batch statistics. One of half precision (float16 or
/// bfloat16) is given floating inputs in its dtype, and what it returns is given back in float.
template <Network N>
class Frozen {
 public:
  /// Throws ConfigError for an empty handle.
  explicit Frozen(NetworkHandle<N> network) : network_(std::move(network)) {
    module_of(network_).eval();
    for (const torch::Tensor& parameter : module_of(network_).parameters()) {
      if (!first_.defined() && parameter.is_floating_point()) first_ = parameter;
    }
  }

  [[nodiscard]] const NetworkHandle<N>& network() const { return network_; }

  /// That of its parameters, if it is one of half precision now.
  [[nodiscard]] std::optional<torch::ScalarType> half_dtype() const {
    if (!first_.defined()) return std::nullopt;
    const torch::ScalarType dtype = first_.scalar_type();
    return dtype == torch::kHalf || dtype == torch::kBFloat16 ? std::optional(dtype) : std::nullopt;
  }

 private:
  NetworkHandle<N> network_;
  torch::Tensor first_;  // of its parameters
};

namespace detail {

/// What run(inputs...) returns, of inputs in half precision; given back in float.
template <class Run, class... Inputs>
[[nodiscard]] auto run_in_half(torch::ScalarType dtype, const Run& run, const Inputs&... inputs) {
  const auto narrowed = [&](const torch::Tensor& tensor) {
    return tensor.defined() && tensor.is_floating_point() ? tensor.to(dtype) : tensor;
  };
  auto outputs = run(map_tensors(inputs, narrowed)...);
  for_each_tensor(outputs, [&](torch::Tensor& tensor) {
    if (tensor.defined() && tensor.scalar_type() == dtype) tensor = tensor.to(torch::kFloat32);
  });
  return outputs;
}

}  // namespace detail

template <class N>
struct NetworkTraits<Frozen<N>> {
  using Module = NetworkModule<N>;

  static Module& module(const Frozen<N>& frozen) { return NetworkTraits<NetworkHandle<N>>::module(frozen.network()); }

  template <class... Inputs>
    requires detail::RunsOn<NetworkHandle<N>, Inputs...>
  static auto run(const Frozen<N>& frozen, const Inputs&... inputs) {
    const torch::NoGradGuard no_grad;
    module(frozen).eval();
    const auto run_it = [&](const auto&... given) { return detail::run_on(frozen.network(), given...); };
    using Out = std::remove_cvref_t<decltype(run_it(inputs...))>;
    if constexpr (detail::is_walkable<Out> && (detail::is_walkable<Inputs> && ...)) {
      if (const auto dtype = frozen.half_dtype()) return detail::run_in_half(*dtype, run_it, inputs...);
    }
    return run_it(inputs...);
  }
};

namespace detail {

template <class N>
struct IsFrozen : std::false_type {};
template <class N>
struct IsFrozen<Frozen<N>> : std::true_type {};

}  // namespace detail

/// Whether N, references aside, is a Frozen network.
template <class N>
inline constexpr bool is_frozen = detail::IsFrozen<std::remove_cvref_t<N>>::value;

/// `network` as a teacher that is never updated; one that is frozen already is returned as it is.
template <Network N>
[[nodiscard]] auto frozen(N&& network) {
  if constexpr (is_frozen<N>) {
    return std::remove_cvref_t<N>(std::forward<N>(network));
  } else {
    return Frozen<std::remove_cvref_t<N>>(network_handle(std::forward<N>(network)));
  }
}

}  // namespace afd
