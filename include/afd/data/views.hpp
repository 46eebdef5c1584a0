// SPDX-License-Identifier: MIT
#pragma once

// Inputs of which each network takes its own: weak and strong augmentation, two resolutions, two sensors.

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <afd/data/tensors.hpp>

namespace afd {

/// As the inputs of a batch: network k takes the k-th of them. A view may be whatever inputs may be. Made by
/// afd::MakeViews, or by a data set.
template <class... Each>
struct Views {
  Views() = default;
  explicit Views(Each... of_each_network) : each(std::move(of_each_network)...) {}

  std::tuple<Each...> each;

  [[nodiscard]] std::int64_t sample_count() const { return afd::sample_count(std::get<0>(each)); }

  static constexpr auto tensors = std::tuple{&Views::each};  ///< see TensorMembers
};

namespace detail {

template <class Inputs>
inline constexpr bool is_views = false;
template <class... Each>
inline constexpr bool is_views<Views<Each...>> = true;

/// Whether there is a view for each of K networks, and no more.
template <class Inputs, std::size_t K>
inline constexpr bool views_fit = true;
template <class... Each, std::size_t K>
inline constexpr bool views_fit<Views<Each...>, K> = sizeof...(Each) == K;

/// What network K of `Count` takes of the inputs.
template <std::size_t K, std::size_t Count, class Inputs>
[[nodiscard]] const auto& inputs_of(const Inputs& inputs) {
  constexpr bool fits = views_fit<Inputs, Count>;
  static_assert(fits,
                "afd: the batch has afd::Views of its samples, but not one for each network: network k takes the k-th "
                "view; make as many views as there are networks");
  if constexpr (is_views<Inputs> && fits) {
    return std::get<K>(inputs.each);
  } else {
    return inputs;
  }
}

}  // namespace detail
}  // namespace afd
