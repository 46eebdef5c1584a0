// SPDX-License-Identifier: MIT
// needs: torch
// expect: a transfer policy needs make(afd::FeatureShape student, afd::FeatureShape teacher) const
#include <afd/strategy/feature_alignment.hpp>

struct Mine {
#ifdef AFD_EXPECT_OK
  afd::IdentityLayers make(afd::FeatureShape student, afd::FeatureShape) const { return afd::IdentityLayers(student); }
#endif
};

afd::FeatureAlignment<afd::L1Distance, Mine> term;
