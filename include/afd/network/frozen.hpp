// SPDX-License-Identifier: MIT
#pragma once

// A network that only teaches: it is run in eval mode, without a graph, and never updated.

#include <type_traits>
#include <utility>

#include <torch/utils.h>

#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>

namespace afd {

/// Marks a network as a teacher. The module's requires_grad flags are left alone: nothing is recorded while it
/// runs, so they do not matter. Its mode is set to eval here and again at each run, because a train() on an
/// enclosing module would otherwise make the teacher drift by its batch statistics.
template <Network N>
class Frozen {
 public:
  /// Throws ConfigError for an empty handle.
  explicit Frozen(NetworkHandle<N> network) : network_(std::move(network)) { module_of(network_).eval(); }

  [[nodiscard]] const NetworkHandle<N>& network() const { return network_; }

 private:
  NetworkHandle<N> network_;
};

template <class N>
struct NetworkTraits<Frozen<N>> {
  using Module = NetworkModule<N>;

  static Module& module(const Frozen<N>& frozen) { return NetworkTraits<NetworkHandle<N>>::module(frozen.network()); }

  template <class... Inputs>
    requires detail::RunsOn<NetworkHandle<N>, Inputs...>
  static auto run(const Frozen<N>& frozen, const Inputs&... inputs) {
    const torch::NoGradGuard no_grad;
    module(frozen).eval();
    return detail::run_on(frozen.network(), inputs...);
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
