// SPDX-License-Identifier: MIT
#pragma once

// Makes a network of two modules: an extractor that ends at the feature map, and the classifier head after it.

#include <concepts>
#include <memory>
#include <utility>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/network/in_place_check.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// A TORCH_MODULE holder or std::shared_ptr of a module whose forward turns one tensor into one tensor.
template <class H>
concept TensorModule = HasModule<H> && requires(H handle, torch::nn::Module& owner, NetworkModule<H>& module,
                                                const torch::Tensor& inputs) {
  owner.register_module("module", handle);
  { module.forward(inputs) } -> std::convertible_to<torch::Tensor>;
};

/// features = extractor(inputs), logits = head(features). A torch::nn::Linear as the head is given the global
/// average of 4-D features, [N, C, H, W] -> [N, C]; any other head is given the features as they are.
/// Submodules are named "extractor" and "head", and shared with whoever holds them.
///
/// forward throws ConfigError if the head changes the features in place.
template <TensorModule Extractor, TensorModule Head>
class ExtractorHead : public torch::nn::Cloneable<ExtractorHead<Extractor, Head>> {
 public:
  /// Throws ConfigError for an empty handle.
  ExtractorHead(Extractor extractor, Head head) : extractor_(std::move(extractor)), head_(std::move(head)) {
    static_cast<void>(module_of(extractor_));
    static_cast<void>(module_of(head_));
    this->register_module("extractor", extractor_);
    this->register_module("head", head_);
  }

  Outputs forward(const torch::Tensor& inputs) {
    const torch::Tensor features = NetworkTraits<Extractor>::module(extractor_).forward(inputs);
    const detail::InPlaceCheck check(features);
    torch::Tensor logits = NetworkTraits<Head>::module(head_).forward(head_inputs(features));
    check.require_unchanged("the head of an ExtractorHead");
    return {features, std::move(logits)};
  }

  [[nodiscard]] const Extractor& extractor() const { return extractor_; }
  [[nodiscard]] const Head& head() const { return head_; }

  void reset() override {}  // the submodules are the user's, so there is nothing here to make anew

  /// A deep copy; both parts must be cloneable.
  std::shared_ptr<torch::nn::Module> clone(
      const torch::optional<torch::Device>& device = torch::nullopt) const override {
    auto copy = std::make_shared<ExtractorHead>(*this);
    copy->extractor_ = clone_of(extractor_, device);
    copy->head_ = clone_of(head_, device);
    copy->replace_module("extractor", copy->extractor_);
    copy->replace_module("head", copy->head_);
    return copy;
  }

 private:
  static torch::Tensor head_inputs(const torch::Tensor& features) {
    if constexpr (std::derived_from<NetworkModule<Head>, torch::nn::LinearImpl>) {
      if (features.dim() == 4) return features.mean({2, 3});
    }
    return features;
  }

  template <class H>
  static H clone_of(const H& handle, const torch::optional<torch::Device>& device) {
    return H(std::dynamic_pointer_cast<NetworkModule<H>>(module_of(handle).clone(device)));
  }

  Extractor extractor_;
  Head head_;
};

/// A network of `extractor` and `head`, each a TORCH_MODULE holder or a std::shared_ptr.
template <TensorModule Extractor, TensorModule Head>
[[nodiscard]] std::shared_ptr<ExtractorHead<Extractor, Head>> extractor_head(Extractor extractor, Head head) {
  return std::make_shared<ExtractorHead<Extractor, Head>>(std::move(extractor), std::move(head));
}

static_assert(Network<std::shared_ptr<ExtractorHead<torch::nn::Conv2d, torch::nn::Linear>>>);

}  // namespace afd
