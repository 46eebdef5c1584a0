// SPDX-License-Identifier: MIT
// needs: torch
// expect: a discriminator policy needs make(afd::FeatureShape) const
#include <afd/strategy/adversarial.hpp>

struct Mine {
#ifdef AFD_EXPECT_OK
  afd::LinearScore make(afd::FeatureShape shape) const { return afd::LinearScore(shape); }
#else
  afd::LinearScore make() const { return afd::LinearScore(afd::FeatureShape{1, {}}); }
#endif
};

afd::Adversarial<Mine> term;
