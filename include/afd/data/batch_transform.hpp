// SPDX-License-Identifier: MIT
#pragma once

// What a loader does to each batch: the BatchTransform concept, and the transform to copy.

#include <concepts>
#include <utility>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/order.hpp>
#include <afd/data/tensors.hpp>

namespace afd {

/// 1. The transform is a value that can be copied; what tunes it is a member.
template <class T>
concept TransformIsValue = std::copyable<T>;

/// 2. `transform(inputs, rng)`, const, returns the new inputs, of the same or of another type.
template <class T, class Inputs = torch::Tensor>
concept TransformsInputs = requires(const T& transform, Inputs inputs, const CounterRng& rng) {
  { transform(inputs, rng) } -> std::movable;
};

/// 3. Or else: `transform(batch, rng)`, const, returns the new batch; for what must see or change the targets.
template <class T, class B = Batch>
concept TransformsBatch = requires(const T& transform, const B& batch, const CounterRng& rng) {
  { transform(batch, rng) } -> HasInputsAndTargets;
};

/// A transform of whole batches like B: of their inputs (1 and 2) or of all that they have (1 and 3). It takes all
/// chance from `rng`, as rng.below(bound, i) or rng.unit(i) for row i, so that what happens to a sample depends on the
/// seed, the epoch and the sample's place in it, and on nothing else. Not required: a base class, state, a default
/// constructor, or that shape, dtype or type are kept. A transform of one tensor takes its tensor out of a tuple or a
/// struct in afd::OnInput.
template <class T, class B = Batch>
concept BatchTransform = TransformIsValue<T> && (TransformsInputs<T, typename B::Inputs> || TransformsBatch<T, B>);

/// 4. `static constexpr bool on_device = true`, if it is there, says that the transform computes wherever its inputs
/// are.
///    A loader for an accelerator then moves batches before it and not after: bytes are a quarter of floats.
template <class T>
concept TransformOnDevice = requires { requires T::on_device; };

/// uint8 to float in [0, 1], in every tensor of the inputs; anything else passes unchanged, as do token ids and masks.
/// The least a network needs, and the transform to copy when you write your own.
struct UnitRange {
  static constexpr bool on_device = true;

  template <class Inputs>
  [[nodiscard]] Inputs operator()(const Inputs& inputs, const CounterRng& /*rng*/) const {
    return map_tensors(inputs, [](const torch::Tensor& tensor) {
      return tensor.scalar_type() == torch::kUInt8 ? tensor.to(torch::kFloat32).div_(255) : tensor;
    });
  }
};

static_assert(BatchTransform<UnitRange>);

namespace detail {

/// The batch that `transform` makes of `batch`. One that could take either is given the inputs alone.
template <class Transform, class I, class T>
[[nodiscard]] auto transformed(const Transform& transform, BasicBatch<I, T> batch, const CounterRng& rng) {
  constexpr bool fits = BatchTransform<Transform, BasicBatch<I, T>>;
  static_assert(fits,
                "afd: the transform can be called neither as transform(inputs, rng) nor as transform(batch, rng) with "
                "this data set's batches; one that takes a single tensor needs afd::OnInput<0, Transform> (or "
                "<&Mine::image, Transform>) when the inputs are a tuple or a struct; see afd/data/batch_transform.hpp");
  if constexpr (TransformsInputs<Transform, I>) {
    auto inputs = transform(batch.inputs, rng);
    return BasicBatch<decltype(inputs), T>{std::move(inputs), std::move(batch.targets)};
  } else if constexpr (fits) {
    return as_batch(transform(batch, rng));
  } else {
    return batch;
  }
}

/// The same with `move(batch)` on the way: as late as can be, but before transforms at the end that are on_device.
template <class Transform, class I, class T, class Move>
[[nodiscard]] auto transformed_on_the_way(const Transform& transform, BasicBatch<I, T> batch, const CounterRng& rng,
                                          const Move& move) {
  if constexpr (TransformOnDevice<Transform>) {
    move(batch);
    return transformed(transform, std::move(batch), rng);
  } else if constexpr (requires { transform.on_the_way(std::move(batch), rng, move); }) {
    return transform.on_the_way(std::move(batch), rng, move);
  } else {
    auto made = transformed(transform, std::move(batch), rng);
    move(made);
    return made;
  }
}

}  // namespace detail
}  // namespace afd
