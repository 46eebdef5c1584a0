// SPDX-License-Identifier: MIT
#pragma once

// A network that only teaches: it is run in eval mode, without a graph, and never updated.

#include <optional>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/network/batch_statistics.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/normal_tensors.hpp>
#include <afd/network/run_as_teacher.hpp>

namespace afd {

struct FrozenOptions {
  /// of_batch: its BatchNorms normalise as in train mode, while dropout stays off. Batches must then have at least two
  /// values per channel.
  Statistics statistics = Statistics::running;
};

/// Marks a network as a teacher. The module's requires_grad flags are left alone: nothing is recorded while it
/// runs, so they do not matter. Its mode is set to eval here and again at each run, because a train() on an
/// enclosing module would otherwise make the teacher drift by its batch statistics. One of half precision (float16 or
/// bfloat16) is given floating inputs in its dtype, and what it returns is given back in float. Tensors made under
/// c10::InferenceMode become ordinary ones, the network's here and what it returns at each run.
template <Network N>
class Frozen {
 public:
  /// Throws ConfigError for an empty handle, and for Statistics::of_batch of a network without a BatchNorm.
  explicit Frozen(NetworkHandle<N> network, const FrozenOptions& options = {})
      : network_(std::move(network)), options_(options) {
    torch::nn::Module& module = module_of(network_);
    detail::require_statistics(module, options_.statistics);
    module.eval();
    detail::make_normal(module);
    for (const torch::Tensor& parameter : module.parameters()) {
      if (!first_.defined() && parameter.is_floating_point()) first_ = parameter;
    }
  }

  [[nodiscard]] const NetworkHandle<N>& network() const { return network_; }
  [[nodiscard]] const FrozenOptions& options() const { return options_; }

  /// That of its parameters, if it is one of half precision now.
  [[nodiscard]] std::optional<torch::ScalarType> half_dtype() const {
    if (!first_.defined()) return std::nullopt;
    const torch::ScalarType dtype = first_.scalar_type();
    return dtype == torch::kHalf || dtype == torch::kBFloat16 ? std::optional(dtype) : std::nullopt;
  }

 private:
  NetworkHandle<N> network_;
  FrozenOptions options_;
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
    const auto run_it = [&](const auto&... given) { return detail::run_on(frozen.network(), given...); };
    using Out = std::remove_cvref_t<decltype(run_it(inputs...))>;
    return detail::run_as_teacher(module(frozen), frozen.options().statistics, [&]() -> Out {
      if constexpr (detail::is_walkable<Out> && (detail::is_walkable<Inputs> && ...)) {
        if (const auto dtype = frozen.half_dtype()) return detail::run_in_half(*dtype, run_it, inputs...);
      }
      return run_it(inputs...);
    });
  }
};

namespace detail {

/// Specialise it for other networks that teach and are never differentiated.
template <class N>
struct IsFrozen : std::false_type {};
template <class N>
struct IsFrozen<Frozen<N>> : std::true_type {};

/// Whether it is Frozen itself.
template <class N>
inline constexpr bool has_frozen_options = false;
template <class N>
inline constexpr bool has_frozen_options<Frozen<N>> = true;

}  // namespace detail

/// Whether N, references aside, only teaches: a Frozen network, an Ema or a Cached one.
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

/// The same with options, which take the place of those that a frozen one has. Throws ConfigError for
/// Statistics::of_batch of a network without a BatchNorm that can be reached.
template <Network N>
[[nodiscard]] auto frozen(N&& network, const FrozenOptions& options) {
  constexpr bool takes_options = !is_frozen<N> || detail::has_frozen_options<std::remove_cvref_t<N>>;
  static_assert(takes_options,
                "afd: this network only teaches by its own nature and takes no FrozenOptions; an afd::Ema has "
                ".statistics among its EmaOptions, and what an afd::Cached gives was computed before");
  if constexpr (detail::has_frozen_options<std::remove_cvref_t<N>>) {
    return std::remove_cvref_t<N>(network.network(), options);
  } else if constexpr (takes_options) {
    return Frozen<std::remove_cvref_t<N>>(network_handle(std::forward<N>(network)), options);
  } else {
    return std::remove_cvref_t<N>(std::forward<N>(network));  // so that the sentence comes alone
  }
}

}  // namespace afd
