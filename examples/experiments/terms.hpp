// SPDX-License-Identifier: MIT
#pragma once

// Terms with the values of a grid's settings.

#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/mutual_kl.hpp>

#include "cell.hpp"

namespace experiments {

[[nodiscard]] inline afd::MutualKL kl(const Settings& settings) {
  return {.temperature = settings.temperature};
}
[[nodiscard]] inline afd::FeatureL1 l1(const Settings& settings) {
  return {.weight = settings.l1_weight};
}
[[nodiscard]] inline afd::FeatureL2 l2(const Settings& settings) {
  return {.weight = settings.l2_weight};
}
[[nodiscard]] inline afd::AttentionTransfer attention(const Settings& settings) {
  return {.weight = settings.at_weight};
}

}  // namespace experiments
