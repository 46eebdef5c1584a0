// SPDX-License-Identifier: MIT
// Variants of the method on two networks, one thing changed in each.
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>
#include <afd/loss/gan.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "methods.hpp"

namespace {

using afd::CrossEntropy, afd::Strategy, afd::topology::Pair;
using experiments::Run;
using experiments::train_together;

afd::MutualKL kl(const Run& run) {
  return {.temperature = run.settings.temperature};
}

template <class Term>
auto with(const Term& term = {}) {
  return [term](const Run& run) { return train_together<Pair>(run, Strategy{CrossEntropy{}, kl(run), term}); };
}

auto with_temperature(double temperature) {
  return [temperature](const Run& run) {
    return train_together<Pair>(
        run, Strategy{CrossEntropy{}, afd::MutualKL{.temperature = temperature}, afd::Adversarial<>{}});
  };
}

}  // namespace

experiments::Methods experiments::ablations() {
  const auto afd_with = [](auto order, auto updates) {
    return [order, updates](const Run& run) {
      return train_together<Pair, std::remove_const_t<decltype(order)>, std::remove_const_t<decltype(updates)>>(
          run, Strategy{CrossEntropy{}, kl(run), afd::Adversarial<>{}});
    };
  };
  return {
      {"afd-T1", {"temperature 1", false, with_temperature(1)}},
      {"afd-T5", {"temperature 5", false, with_temperature(5)}},
      {"afd-weight-0.1", {"feature loss weighted 0.1", false, with(afd::Adversarial<>{.weight = 0.1})}},
      {"afd-weight-10", {"feature loss weighted 10", false, with(afd::Adversarial<>{.weight = 10})}},
      {"afd-patch", {"discriminator of patches", false, with<afd::Adversarial<afd::PatchDiscriminator>>()}},
      {"afd-mlp", {"discriminator of pooled maps", false, with<afd::Adversarial<afd::MlpDiscriminator>>()}},
      {"afd-spectral",
       {"spectrally normalised discriminator", false, with<afd::Adversarial<afd::SpectralConvDiscriminator>>()}},
      {"afd-bce",
       {"non-saturating cross-entropy game", false,
        with<afd::Adversarial<afd::ConvDiscriminator, afd::NonSaturating>>()}},
      {"afd-hinge", {"hinge game", false, with<afd::Adversarial<afd::SpectralConvDiscriminator, afd::Hinge>>()}},
      {"afd-first", {"discriminators move first", false, afd_with(afd::DiscriminatorFirst{}, afd::SeparateUpdates{})}},
      {"afd-joint", {"one optimizer for both losses", false, afd_with(afd::Simultaneous{}, afd::JointUpdate{})}},
      {"afd-every-4", {"feature loss in every fourth step", false, with<afd::Every<4, afd::Adversarial<>>>()}},
  };
}
