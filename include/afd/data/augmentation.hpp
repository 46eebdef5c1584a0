// SPDX-License-Identifier: MIT
#pragma once

// Transforms in sequence, and all transforms of images in this library.

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include <afd/data/batch.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/normalize.hpp>
#include <afd/data/order.hpp>
#include <afd/data/pad_crop.hpp>
#include <afd/data/policy_text.hpp>

namespace afd {
namespace detail {

/// Whether all transforms, one after the other, can be applied to a batch like B; `InputsOnly`: to its inputs alone.
template <bool InputsOnly, class B>
consteval bool can_compose() {
  return true;
}
template <bool InputsOnly, class B, class First, class... Rest>
consteval bool can_compose() {
  if constexpr (InputsOnly ? TransformsInputs<First, typename B::Inputs> : BatchTransform<First, B>) {
    using Next = decltype(transformed(std::declval<const First&>(), std::declval<B>(), CounterRng(0, 0)));
    return can_compose<InputsOnly, Next, Rest...>();
  } else {
    return false;
  }
}

template <class Inputs, class... Transforms>
concept ComposableInputs = can_compose<true, BasicBatch<Inputs, NoTargets>, Transforms...>();
template <class B, class... Transforms>
concept ComposableBatch = can_compose<false, B, Transforms...>();

}  // namespace detail

/// One transform after the other, of inputs or of whole batches, each with random numbers of its own:
///
///     afd::Compose{afd::PadCrop{.padding = 4}, afd::HorizontalFlip{}, afd::channel_statistics(train)}
template <TransformIsValue... Transforms>
class Compose {
 public:
  static constexpr bool on_device = (TransformOnDevice<Transforms> && ...);

  explicit Compose(Transforms... transforms) : transforms_(std::move(transforms)...) {}

  /// Of inputs; if all transforms take no more than those.
  template <detail::ComposableInputs<Transforms...> Inputs>
  [[nodiscard]] auto operator()(Inputs inputs, const CounterRng& rng) const {
    return from<0>(BasicBatch<Inputs, NoTargets>{std::move(inputs), {}}, rng).inputs;
  }

  template <class I, class T>
    requires detail::ComposableBatch<BasicBatch<I, T>, Transforms...>
  [[nodiscard]] auto operator()(BasicBatch<I, T> batch, const CounterRng& rng) const {
    return from<0>(std::move(batch), rng);
  }

  /// With `move(batch)` before the last transforms, those that are on_device: see TransformOnDevice.
  template <class I, class T, class Move>
    requires detail::ComposableBatch<BasicBatch<I, T>, Transforms...>
  [[nodiscard]] auto on_the_way(BasicBatch<I, T> batch, const CounterRng& rng, const Move& move) const {
    return from<0>(std::move(batch), rng, move);
  }

  /// add(key, text) for the type and the numbers of each transform: a loader's fingerprint has them in it.
  template <class Add>
  void describe(const Add& add) const {
    detail::add_policies(transforms_, add);
  }

 private:
  struct Stay {
    template <class B>
    void operator()(B& /*batch*/) const {}
  };

  /// How many transforms come before those at the end that are on_device.
  static constexpr std::size_t before_device = [] {
    constexpr std::array<bool, sizeof...(Transforms) + 1> can{TransformOnDevice<Transforms>..., true};
    std::size_t place = sizeof...(Transforms);
    while (place > 0 && can[place - 1]) --place;
    return place;
  }();

  template <std::size_t Place, class I, class T, class Move = Stay>
  [[nodiscard]] auto from(BasicBatch<I, T> batch, const CounterRng& rng, const Move& move = {}) const {
    if constexpr (Place == before_device) move(batch);
    if constexpr (Place == sizeof...(Transforms)) {
      return batch;
    } else {
      return from<Place + 1>(detail::transformed(std::get<Place>(transforms_), std::move(batch), rng.stream(Place)),
                             rng, move);
    }
  }

  std::tuple<Transforms...> transforms_;
};

static_assert(BatchTransform<Compose<PadCrop, HorizontalFlip, Normalize>>);

}  // namespace afd
