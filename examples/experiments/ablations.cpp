// SPDX-License-Identifier: MIT
// Variants of the method and of its rivals on two networks, one thing changed in each; hinge needs the spectrally
// normalised discriminator.
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>
#include <afd/loss/gan.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "methods.hpp"
#include "terms.hpp"

namespace {

using afd::CrossEntropy, afd::Strategy, afd::topology::Pair;
using experiments::kl, experiments::Optimizers, experiments::Run, experiments::train_together;

template <class Term>
auto with(const Term& term = {}) {
  return [term](const Run& run) { return train_together<Pair>(run, Strategy{CrossEntropy{}, kl(run.settings), term}); };
}

/// With more terms, or none.
template <class... Terms>
auto with_temperature(double temperature, const Terms&... terms) {
  return [=](const Run& run) {
    return train_together<Pair>(run, Strategy{CrossEntropy{}, afd::MutualKL{.temperature = temperature}, terms...});
  };
}

/// No probabilities.
auto maps_only(double feature_rate, double weight) {
  return [=](const Run& run) {
    Optimizers optimizers(run.settings);
    optimizers.feature.lr *= feature_rate;
    return train_together<Pair>(run, Strategy{CrossEntropy{}, afd::Adversarial<>{.weight = weight}}, optimizers);
  };
}

/// Adam's steps do not know how large a gradient is: the rate says how far they go, the weight of a loss only sets it
/// against the weight decay.
auto with_rates(double feature, double discriminator, double weight = 1) {
  return [=](const Run& run) {
    Optimizers optimizers(run.settings);
    optimizers.feature.lr *= feature;
    optimizers.discriminator.lr *= discriminator;
    return train_together<Pair>(run, Strategy{CrossEntropy{}, kl(run.settings), afd::Adversarial<>{.weight = weight}},
                                optimizers);
  };
}

auto discriminator_first(const Run& run) {
  return train_together<Pair, afd::DiscriminatorFirst>(
      run, Strategy{CrossEntropy{}, kl(run.settings), afd::Adversarial<>{}});
}

/// Direct alignment ten times as heavy, in one sum as ever.
template <class... Terms>
auto heavier_l1(const Run& run, const Terms&... terms) {
  afd::FeatureL1 l1 = experiments::l1(run.settings);
  l1.weight *= 10;
  return train_together<Pair, afd::Simultaneous, afd::JointUpdate>(run, Strategy{CrossEntropy{}, terms..., l1});
}

/// In the sum that goes to the logit optimizer the weight counts.
auto joint(double weight) {
  return [weight](const Run& run) {
    return train_together<Pair, afd::Simultaneous, afd::JointUpdate>(
        run, Strategy{CrossEntropy{}, kl(run.settings), afd::Adversarial<>{.weight = weight}});
  };
}

}  // namespace

experiments::Methods experiments::ablations() {
  return {
      {"afd-T1", {"temperature 1", false, with_temperature(1, afd::Adversarial<>{})}},
      {"afd-T5", {"temperature 5", false, with_temperature(5, afd::Adversarial<>{})}},
      {"dml-T1", {"temperature 1, no maps", false, with_temperature(1)}},
      {"l1-10", {"L1 weighted ten times", false, [](const Run& run) { return heavier_l1(run); }}},
      {"l1-kl-10",
       {"probabilities, and L1 weighted ten times", false,
        [](const Run& run) { return heavier_l1(run, kl(run.settings)); }}},
      {"afd-rate-0.1", {"a tenth of the feature rate", false, with_rates(0.1, 1)}},
      {"afd-rate-10", {"ten times the feature rate", false, with_rates(10, 1)}},
      {"afd-d-rate-10", {"ten times the discriminators' rate", false, with_rates(1, 10)}},
      {"afd-weight-0.1", {"feature loss weighted 0.1", false, with(afd::Adversarial<>{.weight = 0.1})}},
      {"afd-weight-10", {"feature loss weighted 10", false, with(afd::Adversarial<>{.weight = 10})}},
      // Controls: what the feature optimizer's weight decay does by itself.
      {"afd-weight-0", {"feature loss weighted 0", false, with(afd::Adversarial<>{.weight = 0})}},
      {"afd-maps-weight-0", {"no probabilities, feature loss weighted 0", false, maps_only(1, 0)}},
      {"afd-rate-10-weight-0", {"ten times the feature rate, feature loss weighted 0", false, with_rates(10, 1, 0)}},
      {"afd-maps-rate-10", {"no probabilities, ten times the feature rate", false, maps_only(10, 1)}},
      {"afd-maps-rate-10-weight-0",
       {"no probabilities, ten times the feature rate, feature loss weighted 0", false, maps_only(10, 0)}},
      {"afd-patch", {"discriminator of patches", false, with<afd::Adversarial<afd::PatchDiscriminator>>()}},
      {"afd-mlp", {"discriminator of pooled maps", false, with<afd::Adversarial<afd::MlpDiscriminator>>()}},
      {"afd-spectral",
       {"spectrally normalised discriminator", false, with<afd::Adversarial<afd::SpectralConvDiscriminator>>()}},
      {"afd-bce",
       {"non-saturating cross-entropy game", false,
        with<afd::Adversarial<afd::ConvDiscriminator, afd::NonSaturating>>()}},
      {"afd-hinge", {"hinge game", false, with<afd::Adversarial<afd::SpectralConvDiscriminator, afd::Hinge>>()}},
      {"afd-first", {"discriminators move first", false, discriminator_first}},
      {"afd-joint", {"one optimizer for all losses", false, joint(1)}},
      {"afd-joint-0.1", {"one optimizer for all losses, feature loss weighted 0.1", false, joint(0.1)}},
      {"afd-every-4", {"feature loss in every fourth step", false, with<afd::Every<4, afd::Adversarial<>>>()}},
  };
}
