// SPDX-License-Identifier: MIT
#pragma once

// What a network learns from the distribution of a peer's feature maps.

#include <string_view>
#include <utility>

#include <torch/types.h>

#include <afd/discriminator/conv_discriminator.hpp>
#include <afd/discriminator/discriminator.hpp>
#include <afd/loss/gan.hpp>
#include <afd/network/reader.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/transfer.hpp>
#include <afd/transfer/transfer_layers.hpp>

namespace afd {

/// On each edge j -> k a discriminator D tells the teacher's maps T_j(f_j), "real", from the student's own T_k(f_k),
/// "fake"; the student learns to be taken for real. With least squares:
///     L_D = mean (1 - D(T_j(f_j)))^2 + mean D(T_k(f_k))^2,    L_G = mean (1 - D(T_k(f_k)))^2.
/// Source: Chung et al., ICML 2020 (arXiv 2002.01775). L_G is averaged over the edges that end at k. It diverges at
/// the logit loss's learning rate, which is why feature terms have an optimizer of their own.
template <class D = ConvDiscriminator, class Gan = LeastSquares, class T = StudentConv>
struct Adversarial {
  // Each says what is wrong itself; a second failure here would only repeat it.
  static_assert((detail::require_discriminator<D>() && detail::require_gan_loss<Gan>() &&
                 detail::require_transfer<T>()) ||
                true);

  static constexpr std::string_view name = "adversarial";
  static constexpr Level level = Level::feature;

  using Reads = Features;

  /// The layers of one edge.
  struct Edge {
    TransferLayers<T> transfer;
    DiscriminatorHandle<D> discriminator;
  };

  D discriminator = {};
  Gan gan = {};
  T transfer = {};
  double weight = 1.0;  ///< of L_G; L_D has none

  [[nodiscard]] Edge make_edge(FeatureShape student, FeatureShape teacher) const {
    auto layers = transfer.make(student, teacher);
    const FeatureShape judged = layers->output();
    return {std::move(layers), discriminator.make(judged)};
  }

  /// Features as they are: a tensor, or Tokens.
  template <detail::FeatureTensor F>
  [[nodiscard]] F view(const F& features) const {
    return features;
  }

  template <detail::FeatureTensor Student>
  [[nodiscard]] torch::Tensor fake(Edge& edge, const Student& student) const {
    return edge.transfer->student(channels_first(student));
  }
  template <detail::FeatureTensor Teacher>
  [[nodiscard]] torch::Tensor real(Edge& edge, const Teacher& teacher) const {
    return edge.transfer->teacher(channels_first(teacher));
  }

  [[nodiscard]] torch::Tensor generator_loss(Edge& edge, const torch::Tensor& fake) const {
    return gan.generator(edge.discriminator->forward(fake));
  }
  [[nodiscard]] torch::Tensor discriminator_loss(Edge& edge, const torch::Tensor& real,
                                                 const torch::Tensor& fake) const {
    const torch::Tensor real_scores = edge.discriminator->forward(real);
    return gan.discriminator(real_scores, edge.discriminator->forward(fake));
  }
  [[nodiscard]] GameLosses losses(Edge& edge, const torch::Tensor& real, const torch::Tensor& fake) const {
    const torch::Tensor real_scores = edge.discriminator->forward(real);
    const torch::Tensor fake_scores = edge.discriminator->forward(fake);
    return {gan.generator(fake_scores), gan.discriminator(real_scores, fake_scores)};
  }
};

static_assert(AdversarialTerm<Adversarial<>> && PlaysGame<Adversarial<>, torch::Tensor, Tokens>);

}  // namespace afd
