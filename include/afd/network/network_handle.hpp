// SPDX-License-Identifier: MIT
#pragma once

// How a network is held, and how the module behind the handle is reached.

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <afd/error.hpp>

namespace afd {

/// Says how to reach the module behind a handle of type N. The specialisations below cover what LibTorch
/// users have; specialise it for a handle of your own with
///   using Module = ...;                                          the concrete class of the module
///   static Module& module(const N&);                             the module itself
///   static Outputs run(const N&, const torch::Tensor& inputs);   optional, in place of module().forward()
template <class N>
struct NetworkTraits {};

/// The concrete class of the module behind a handle.
template <class N>
using NetworkModule = typename NetworkTraits<std::remove_cvref_t<N>>::Module;

namespace detail {

template <class N>
concept HolderHandle = requires { typename N::ContainedType; } &&
                       std::derived_from<N, torch::nn::ModuleHolder<typename N::ContainedType>> &&
                       std::derived_from<typename N::ContainedType, torch::nn::Module>;

/// The pointee, or ConfigError if there is none.
template <class M>
[[nodiscard]] M& not_empty(M* module) {
  if (module != nullptr) return *module;
  throw ConfigError("a network handle is empty (nullptr); construct its module before handing it over");
}

}  // namespace detail

/// A module itself.
template <std::derived_from<torch::nn::Module> M>
struct NetworkTraits<M> {
  using Module = M;
  static Module& module(M& network) { return network; }
};

/// A module held by reference, which is how the library holds plain modules.
template <std::derived_from<torch::nn::Module> M>
struct NetworkTraits<std::reference_wrapper<M>> {
  using Module = M;
  static Module& module(const std::reference_wrapper<M>& network) { return network.get(); }
};

/// A shared module.
template <std::derived_from<torch::nn::Module> M>
struct NetworkTraits<std::shared_ptr<M>> {
  using Module = M;
  static Module& module(const std::shared_ptr<M>& network) { return detail::not_empty(network.get()); }
};

/// A LibTorch holder, as TORCH_MODULE defines them.
template <detail::HolderHandle H>
struct NetworkTraits<H> {
  using Module = typename H::ContainedType;
  static Module& module(const H& network) {
    return detail::not_empty(network.is_empty() ? nullptr : network.ptr().get());
  }
};

/// A handle behind which there is a torch module.
template <class N>
concept HasModule = std::derived_from<NetworkModule<N>, torch::nn::Module>;

/// What the library stores for a network given as N: a copy of a holder, shared pointer or other handle, which
/// shares ownership; a reference to a plain module, which the caller keeps alive.
template <class N>
using NetworkHandle = std::conditional_t<std::derived_from<N, torch::nn::Module>, std::reference_wrapper<N>, N>;

/// `network` as the handle that the library stores.
template <class N>
  requires HasModule<N>
[[nodiscard]] NetworkHandle<std::remove_cvref_t<N>> network_handle(N&& network) {
  constexpr bool outlives = std::is_lvalue_reference_v<N> || !std::derived_from<N, torch::nn::Module>;
  static_assert(outlives,
                "afd: a temporary module would be gone before it is used; pass a variable that outlives the "
                "training, a TORCH_MODULE holder or a std::shared_ptr");
  if constexpr (outlives) return NetworkHandle<std::remove_cvref_t<N>>(std::forward<N>(network));
}

/// The module behind a network: for parameters(), train(), to(device). Throws ConfigError for an empty handle.
template <class N>
  requires HasModule<N>
[[nodiscard]] torch::nn::Module& module_of(N& network) {
  return NetworkTraits<std::remove_cv_t<N>>::module(network);
}

}  // namespace afd
