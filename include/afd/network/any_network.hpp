// SPDX-License-Identifier: MIT
#pragma once

// A network whose type is known at run time only: chosen by name, or one of several kinds in one list.

#include <memory>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/outputs.hpp>
#include <afd/network/reader.hpp>

namespace afd {

/// Any network under one type, so that a recipe is compiled once for all of them. A handle: copies share the network,
/// the module keeps its own names in files, and a forward costs one virtual call more.
///
///     afd::AnyNetwork network = wide ? afd::AnyNetwork(afd::WideResNet()) : afd::AnyNetwork(afd::resnet20());
///
/// Not possible: clone(), or to get the type back.
class AnyNetwork {
 public:
  /// Holds `network` as the library does: a holder or pointer shares ownership, a plain module is referred to. Throws
  /// ConfigError for an empty handle.
  template <Network N>
    requires(!std::is_same_v<std::remove_cvref_t<N>, AnyNetwork> && NetworkTakes<N, torch::Tensor>)
  explicit AnyNetwork(N&& network) {
    using Handle = NetworkHandle<std::remove_cvref_t<N>>;
    static_assert(
        !is_frozen<N>,
        "afd: AnyNetwork does not know that its network is frozen; write afd::frozen(afd::AnyNetwork(network))");
    auto held = std::make_shared<Held<Handle>>(network_handle(std::forward<N>(network)));
    static_cast<void>(held->module());
    held_ = std::move(held);
  }

  [[nodiscard]] torch::nn::Module& operator*() const { return held_->module(); }
  [[nodiscard]] torch::nn::Module* operator->() const { return &held_->module(); }

  /// One forward.
  [[nodiscard]] Outputs run(const torch::Tensor& inputs) const { return held_->run(inputs); }

 private:
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    virtual torch::nn::Module& module() = 0;
    virtual Outputs run(const torch::Tensor& inputs) = 0;
  };

  template <class Handle>
  struct Held final : Interface {
    explicit Held(Handle handle) : handle_(std::move(handle)) {}
    torch::nn::Module& module() override { return module_of(handle_); }
    Outputs run(const torch::Tensor& inputs) override {
      const auto outputs = afd::run(handle_, inputs);
      using Out = std::remove_const_t<decltype(outputs)>;
      static_assert(Logits::given_by<Out> || Features::given_by<Out>,
                    "afd: AnyNetwork keeps features and logits, but this network returns neither");
      Outputs kept;
      if constexpr (Features::given_by<Out>) {
        constexpr bool one_tensor = std::is_same_v<std::remove_cvref_t<decltype(Features::of(outputs))>, torch::Tensor>;
        static_assert(one_tensor,
                      "afd: AnyNetwork keeps features as a tensor, but those of this network are afd::Tokens: let its "
                      "forward return them channels first, x.transpose(1, 2)");
        if constexpr (one_tensor) kept.features = Features::of(outputs);
      }
      if constexpr (Logits::given_by<Out>) kept.logits = Logits::of(outputs);
      return kept;
    }

   private:
    Handle handle_;
  };

  std::shared_ptr<Interface> held_;
};

template <>
struct NetworkTraits<AnyNetwork> {
  using Module = torch::nn::Module;
  static Module& module(const AnyNetwork& network) { return *network; }
  static Outputs run(const AnyNetwork& network, const torch::Tensor& inputs) { return network.run(inputs); }
};

static_assert(Network<AnyNetwork>);

}  // namespace afd
