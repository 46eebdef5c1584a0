// SPDX-License-Identifier: MIT
#pragma once

// Networks that follow a student from step to step, see afd::ema.

#include <cstddef>
#include <cstdint>
#include <tuple>

#include <torch/nn/module.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/network/ema.hpp>
#include <afd/network/network.hpp>

namespace afd::detail {

/// body(number, network), the first as a constant, for each of them.
template <class Plan, class Body>
void each_average(const typename Plan::Networks& networks, const Body& body) {
  for_each_index<Plan::network_count>([&](auto k) {
    using Network = std::tuple_element_t<k, typename Plan::Networks>;
    if constexpr (MovesWithStudent<Network>) body(k, std::get<k>(networks));
  });
}

/// Throws ConfigError for one whose student is not among the networks that are trained, or is in another process: it
/// would not move. `is_here(k)`: whether network k is in this one.
template <class Plan, class IsHere>
void require_students_train(const typename Plan::Networks& networks, const IsHere& is_here) {
  each_average<Plan>(networks, [&](auto k, const auto& average) {
    bool found = false;
    for_each_index<Plan::network_count>([&](auto j) {
      if constexpr (!Plan::frozen[j]) {
        if (&module_of(std::get<j>(networks)) != &average.student_module()) return;
        found = true;
        if (is_here(k) == is_here(j)) return;
        throw ConfigError(concat("network ", k.value, " is the average of network ", j.value,
                                 ", which is placed in another process; place them together"));
      }
    });
    if (found) return;
    throw ConfigError(concat("network ", k.value, " is the average of a network that is not trained here; pass its ",
                             "student to the distiller as well, as it is, not by a copy"));
  });
}

/// Throws ConfigError for one that could not follow the next step. Nothing is changed.
template <class Plan>
void require_averages_can_follow(const typename Plan::Networks& networks) {
  each_average<Plan>(networks, [](auto k, const auto& average) {
    named([&] { average.require_can_advance(); }, "network ", k.value);
  });
}

/// After the update of a step, the one of that number, from 1.
template <class Plan, class IsHere>
void let_averages_follow(const typename Plan::Networks& networks, std::int64_t steps, const IsHere& is_here) {
  each_average<Plan>(networks, [&](auto k, const auto& average) {
    if (!is_here(k)) return;
    named_device_errors([&] { average.advance(steps); }, "network ", k.value, ", average");
  });
}

}  // namespace afd::detail
