// SPDX-License-Identifier: MIT
#pragma once

// A transform of one part of the inputs.

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/data/tensors.hpp>
#include <afd/data/views.hpp>

namespace afd {
namespace detail {

template <class Inputs, auto Place>
consteval bool has_part() {
  if constexpr (std::is_member_object_pointer_v<decltype(Place)>) {
    return requires(Inputs& inputs) { inputs.*Place; };
  } else if constexpr (is_views<Inputs>) {
    return static_cast<std::size_t>(Place) < std::tuple_size_v<decltype(Inputs::each)>;
  } else if constexpr (TupleLike<Inputs>) {
    return static_cast<std::size_t>(Place) < std::tuple_size_v<Inputs>;
  } else {
    return false;
  }
}

template <class Inputs, auto Place>
concept HasPart = has_part<Inputs, Place>();

/// Element `Place` of a tuple, an array or Views; or the member it points to.
template <auto Place, class Inputs>
  requires HasPart<Inputs, Place>
[[nodiscard]] auto& part_of(Inputs& inputs) {
  if constexpr (std::is_member_object_pointer_v<decltype(Place)>) {
    return inputs.*Place;
  } else if constexpr (is_views<Inputs>) {
    return std::get<Place>(inputs.each);
  } else {
    return std::get<Place>(inputs);
  }
}

}  // namespace detail

/// Applies a transform to element `Place` of the inputs, which are a tuple, an array or Views; or to a member of the
/// user's struct. The part keeps its type.
///
///     afd::OnInput<0, afd::PadCrop>{{.padding = 2}}
///     afd::OnInput<&Mine::image, afd::HorizontalFlip>{}
template <auto Place, TransformIsValue Transform>
struct OnInput {
  static constexpr bool on_device = TransformOnDevice<Transform>;

  Transform transform;

  template <class Inputs>
    requires requires(const Transform& part_transform, Inputs& inputs, const CounterRng& rng) {
      detail::part_of<Place>(inputs) = part_transform(detail::part_of<Place>(inputs), rng);
    }
  [[nodiscard]] Inputs operator()(Inputs inputs, const CounterRng& rng) const {
    auto& part = detail::part_of<Place>(inputs);
    part = transform(part, rng);
    return inputs;
  }
};

/// OnInput, of which only the place is written out: `afd::on_input<1>(afd::UnitRange{})`.
template <auto Place, TransformIsValue Transform>
[[nodiscard]] OnInput<Place, Transform> on_input(Transform transform) {
  return {std::move(transform)};
}

}  // namespace afd
