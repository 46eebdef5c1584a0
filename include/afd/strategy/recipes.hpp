// SPDX-License-Identifier: MIT
#pragma once

// The usual strategies by their names. Topology, temperatures and rates are chosen elsewhere.

#include <afd/strategy/adversarial.hpp>
#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/mutual_kl.hpp>
#include <afd/strategy/strategy.hpp>

namespace afd {

/// Labels only: every network by itself, whatever the topology. The yardstick for all others.
using Alone = Strategy<CrossEntropy>;

/// Labels and the peers' class probabilities (Zhang et al., CVPR 2018). From a frozen teacher: knowledge
/// distillation (Hinton et al., 2015).
using DeepMutualLearning = Strategy<CrossEntropy, MutualKL>;
using KnowledgeDistillation = DeepMutualLearning;

/// Labels, the peers' class probabilities and the distribution of their feature maps (Chung et al., ICML 2020).
template <class D = ConvDiscriminator, class Gan = LeastSquares, class T = StudentConv>
using BasicAdversarialFeatureDistillation = Strategy<CrossEntropy, MutualKL, Adversarial<D, Gan, T>>;
using AdversarialFeatureDistillation = BasicAdversarialFeatureDistillation<>;

/// The same without the class probabilities.
using AdversarialFeaturesOnly = Strategy<CrossEntropy, Adversarial<>>;

/// Labels and the peers' feature maps, place by place: the L1 and L2 baselines, and L1 with class probabilities.
using DirectAlignment = Strategy<CrossEntropy, FeatureL1>;
using DirectAlignmentL2 = Strategy<CrossEntropy, FeatureL2>;
using DirectAlignmentWithKL = Strategy<CrossEntropy, MutualKL, FeatureL1>;

/// Labels and where the peers are active (Zagoruyko and Komodakis, ICLR 2017).
using AttentionDistillation = Strategy<CrossEntropy, AttentionTransfer>;

}  // namespace afd
