// SPDX-License-Identifier: MIT
#pragma once

// Transforms in sequence, and all transforms of this library.

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <torch/types.h>

#include <afd/data/batch_transform.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/normalize.hpp>
#include <afd/data/order.hpp>
#include <afd/data/pad_crop.hpp>

namespace afd {

/// One transform after the other, each with random numbers of its own:
///
///     afd::Compose{afd::PadCrop{.padding = 4}, afd::HorizontalFlip{}, afd::channel_statistics(train)}
template <BatchTransform... Transforms>
class Compose {
 public:
  explicit Compose(Transforms... transforms) : transforms_(std::move(transforms)...) {}

  [[nodiscard]] torch::Tensor operator()(torch::Tensor inputs, const CounterRng& rng) const {
    std::uint64_t place = 0;
    std::apply([&](const Transforms&... each) { ((inputs = each(inputs, rng.stream(place++))), ...); }, transforms_);
    return inputs;
  }

 private:
  std::tuple<Transforms...> transforms_;
};

static_assert(BatchTransform<Compose<PadCrop, HorizontalFlip, Normalize>>);

}  // namespace afd
