// SPDX-License-Identifier: MIT
#pragma once

// A game whose discriminator pays for steep scores.

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/discriminator/conv_discriminator.hpp>
#include <afd/discriminator/normalisation.hpp>
#include <afd/error.hpp>
#include <afd/loss/gradient_penalty.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/term.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

namespace detail {

/// Throws ConfigError for a module with a BatchNorm somewhere in it.
inline void require_no_batch_norm(const torch::nn::Module& discriminator) {
  for (const auto& item : discriminator.named_modules("", /*include_self=*/false)) {
    const torch::nn::Module& part = *item.value();
    if (!is_batch_norm(part)) continue;
    throw ConfigError(concat("a gradient penalty is of each sample by itself, but the discriminator's module \"",
                             item.key(), "\" is a BatchNorm, through which samples score each other; use a ",
                             "discriminator without one: afd::MlpDiscriminator, ",
                             "afd::BasicConvDiscriminator<afd::Unnormalised>, or a spectral one"));
  }
}

}  // namespace detail

/// Game, a term with a discriminator, with L_D + penalty in place of L_D:
///     afd::Penalised<afd::Adversarial<afd::MlpDiscriminator>>{{.weight = 0.5}, {.weight = 5}}
/// is the game with its weight and R1 with its own. All else is Game's: the name, too, and L_G. The report's loss of
/// the discriminator has the penalty in it. The penalty's gradient goes to the discriminator and nowhere else; it takes
/// one more forward of the discriminator, and differentiates it twice. Throws ConfigError where the edge is made for a
/// discriminator with BatchNorm, whose gradients are not of each sample by itself (Gulrajani et al., 2017, section 4);
/// a module of your own that mixes samples in another way cannot be seen. Spectral normalisation goes with it: its
/// singular vectors are constants, and each forward advances them.
template <AdversarialTerm Game = Adversarial<BasicConvDiscriminator<Unnormalised>>,
          GradientPenalty Penalty = RealSlopes>
struct Penalised : Game {
  Penalty penalty = {};

  [[nodiscard]] EdgeLayers<Game> make_edge(FeatureShape student, FeatureShape teacher) const {
    EdgeLayers<Game> edge = Game::make_edge(student, teacher);
    detail::require_no_batch_norm(*edge.discriminator);
    return edge;
  }

  [[nodiscard]] torch::Tensor discriminator_loss(EdgeLayers<Game>& edge, const torch::Tensor& real,
                                                 const torch::Tensor& fake) const {
    return Game::discriminator_loss(edge, real, fake) + penalty_of(edge, real, fake);
  }
  [[nodiscard]] GameLosses losses(EdgeLayers<Game>& edge, const torch::Tensor& real, const torch::Tensor& fake) const {
    GameLosses both = Game::losses(edge, real, fake);
    both.discriminator = both.discriminator + penalty_of(edge, real, fake);
    return both;
  }

  /// The penalty alone, of one edge's discriminator at such maps.
  [[nodiscard]] torch::Tensor penalty_of(EdgeLayers<Game>& edge, const torch::Tensor& real,
                                         const torch::Tensor& fake) const {
    const auto scores_of = [&](const torch::Tensor& features) -> torch::Tensor {
      return edge.discriminator->forward(features);
    };
    return penalty(scores_of, real, fake);
  }

  /// For a recipe: a struct with a base is not looked into.
  template <class Add>
  void describe(const Add& add) const {
    detail::add_values(static_cast<const Game&>(*this), "game", add);
    detail::add_values(penalty, "penalty", add);
  }
};

template <class Game, class Penalty>
Penalised(Game, Penalty) -> Penalised<Game, Penalty>;

static_assert(AdversarialTerm<Penalised<>> && PlaysGame<Penalised<>, torch::Tensor, Tokens>);

}  // namespace afd
