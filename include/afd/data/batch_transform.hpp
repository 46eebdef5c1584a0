// SPDX-License-Identifier: MIT
#pragma once

// What a loader does to the inputs of each batch: the BatchTransform concept, and the transform to copy.

#include <concepts>

#include <torch/types.h>

#include <afd/data/order.hpp>

namespace afd {

/// 1. The transform is a value that can be copied; what tunes it is a member.
template <class T>
concept TransformIsValue = std::copyable<T>;

/// 2. `transform(inputs, rng)`, const, returns the new inputs [N, ...].
template <class T>
concept TransformsInputs = requires(const T& transform, torch::Tensor inputs, const CounterRng& rng) {
  { transform(inputs, rng) } -> std::same_as<torch::Tensor>;
};

/// A transform of a whole batch. It takes all chance from `rng`, as rng.below(bound, i) or rng.unit(i) for
/// row i, so that what happens to a sample depends on the seed, the epoch and the sample's place in it, and
/// on nothing else. Not required: a base class, state, a default constructor, or that shape or dtype are
/// kept.
template <class T>
concept BatchTransform = TransformIsValue<T> && TransformsInputs<T>;

/// uint8 to float in [0, 1]; anything else passes unchanged. The least a network needs, and the transform to
/// copy when you write your own.
struct UnitRange {
  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng& /*rng*/) const {
    return inputs.scalar_type() == torch::kUInt8 ? inputs.to(torch::kFloat32).div_(255) : inputs;
  }
};

static_assert(BatchTransform<UnitRange>);

}  // namespace afd
