// SPDX-License-Identifier: MIT
#pragma once

// What a discriminator is, and LinearDiscriminator, the smallest one: copy it to write your own.

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/discriminator/feature_check.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// What `make` returns: a std::shared_ptr to, or a LibTorch holder of, the discriminator's module.
template <class D>
using DiscriminatorHandle = decltype(std::declval<const D&>().make(std::declval<FeatureShape>()));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class D>
concept DiscriminatorIsValue = std::copyable<D>;

/// 2. `make(FeatureShape) const` gives a new module, in a handle that torch::nn::Module::register_module takes. The
///    shape may be of any rank: throw ShapeError for those that the policy has no layers for.
template <class D>
concept DiscriminatorMakesModule = requires(DiscriminatorHandle<D> handle, torch::nn::Module& owner) {
  owner.register_module("discriminator", handle);
  requires std::derived_from<std::remove_cvref_t<decltype(*handle)>, torch::nn::Module>;
};

/// 3. The module's `forward` takes features, channels first ([N, C] and up to three sides), and gives raw scores [N] or
///    [N, ...], higher meaning "more like the teacher's". No sigmoid: the GAN loss applies it where its formula has
///    one.
template <class D>
concept DiscriminatorScoresFeatures = requires(DiscriminatorHandle<D> handle, const torch::Tensor& features) {
  { handle->forward(features) } -> std::convertible_to<torch::Tensor>;
};

/// A discriminator policy. Not required: a base class, registration, a default constructor, one score per
/// sample, clone(), buffers, or any particular layer. A module is made once per edge; forward is called
/// several times (real, fake, and fake again) before one backward, and must leave autograd's saved tensors
/// alone.
template <class D>
concept Discriminator = DiscriminatorIsValue<D> && DiscriminatorMakesModule<D> && DiscriminatorScoresFeatures<D>;

namespace detail {

/// Fails to compile with one sentence that says what D lacks.
template <class D>
consteval bool require_discriminator() {
  constexpr bool is_value = DiscriminatorIsValue<D>, makes = DiscriminatorMakesModule<D>,
                 scores = DiscriminatorScoresFeatures<D>;
  static_assert(is_value, "afd: a discriminator policy must be copyable: it holds hyper-parameters, no modules");
  static_assert(makes || !is_value,
                "afd: a discriminator policy needs make(afd::FeatureShape) const, which returns a holder of, or "
                "a std::shared_ptr to, a torch module; see afd/discriminator/discriminator.hpp");
  static_assert(scores || !makes,
                "afd: the module that a discriminator policy makes needs torch::Tensor forward(const torch::Tensor& "
                "features), which returns raw scores [N, ...]; see afd/discriminator/discriminator.hpp");
  return is_value && makes && scores;
}

}  // namespace detail

// ---------------------------------------------------------------------------------------------------------
// The archetype. Two parts: a module with the weights, and a policy with the hyper-parameters that makes it.

/// The module: an ordinary torch::nn::Module. Cloneable, with everything registered in reset(), gives it
/// clone().
class LinearScoreImpl : public torch::nn::Cloneable<LinearScoreImpl> {
 public:
  explicit LinearScoreImpl(const FeatureShape& shape) : shape_(shape) { LinearScoreImpl::reset(); }

  // The registered names become part of the checkpoint's keys: choose them once.
  void reset() override { score_ = register_module("score", torch::nn::Linear(shape_.channels, 1)); }

  /// Features, channels first -> raw scores [N]. Throws ShapeError for features of another shape.
  torch::Tensor forward(const torch::Tensor& features) {
    const torch::Tensor& checked = detail::checked_features(features, shape_, "LinearDiscriminator");
    return score_->forward(detail::mean_over_places(checked)).flatten();
  }

 private:
  FeatureShape shape_;
  torch::nn::Linear score_{nullptr};
};
TORCH_MODULE(LinearScore);

/// One linear score of the features' mean over all places: w . mean(f) + b. It can only tell means apart, so
/// what it transfers is the mean feature vector; a floor to compare the real discriminators with.
struct LinearDiscriminator {
  // Hyper-parameters would be public members here, so that LinearDiscriminator{.width = 32} works.

  /// Called once per edge, when shapes are known; the caller moves the module to its device and dtype.
  [[nodiscard]] LinearScore make(const FeatureShape& shape) const {
    detail::require_feature_shape(shape, "LinearDiscriminator");
    return LinearScore(shape);
  }
};

// Last, ask the compiler whether the policy fits; it names the numbered requirement that fails.
static_assert(Discriminator<LinearDiscriminator>);

}  // namespace afd
