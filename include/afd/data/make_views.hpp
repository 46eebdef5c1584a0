// SPDX-License-Identifier: MIT
#pragma once

// Several views of each sample, each made in its own way.

#include <cstddef>
#include <tuple>
#include <utility>

#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/data/policy_text.hpp>
#include <afd/data/views.hpp>

namespace afd {
namespace detail {

template <class Inputs, class... Transforms>
concept TakenByAll = (TransformsInputs<Transforms, Inputs> && ...);

}  // namespace detail

/// Gives each network its own view of the same samples: network k takes what transform k makes of the inputs, with
/// random numbers of its own.
///
///     afd::MakeViews{afd::Compose{afd::HorizontalFlip{}, normalize},                                   // weak
///                    afd::Compose{afd::PadCrop{.padding = 8}, afd::HorizontalFlip{}, noise, normalize}}  // strong
///
/// The transforms are of inputs; one of whole batches, such as Mixup, comes before or after.
template <TransformIsValue... Transforms>
  requires(sizeof...(Transforms) > 0)
class MakeViews {
 public:
  explicit MakeViews(Transforms... transforms) : transforms_(std::move(transforms)...) {}

  template <detail::TakenByAll<Transforms...> Inputs>
  [[nodiscard]] auto operator()(const Inputs& inputs, const CounterRng& rng) const {
    return make(inputs, rng, std::index_sequence_for<Transforms...>{});
  }

  /// add(key, text) for the type and the numbers of each transform: a loader's fingerprint has them in it.
  template <class Add>
  void describe(const Add& add) const {
    detail::add_policies(transforms_, add);
  }

 private:
  template <class Inputs, std::size_t... Place>
  [[nodiscard]] auto make(const Inputs& inputs, const CounterRng& rng, std::index_sequence<Place...>) const {
    using Made = Views<decltype(view(std::get<Place>(transforms_), inputs, rng))...>;
    return Made(view(std::get<Place>(transforms_), inputs, rng.stream(Place))...);
  }
  /// Of a copy, for a transform may take its inputs by reference.
  template <class Transform, class Inputs>
  [[nodiscard]] static auto view(const Transform& transform, Inputs inputs, const CounterRng& rng) {
    return transform(inputs, rng);
  }

  std::tuple<Transforms...> transforms_;
};

static_assert(BatchTransform<MakeViews<UnitRange, UnitRange>>);

}  // namespace afd
