// SPDX-License-Identifier: MIT
#pragma once

// Says where a network teaches and is trained by its labels alone: mostly one that somebody forgot to freeze.

#include <cstddef>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/say.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Whether network k gives something to an edge, and gets nothing from one.
template <class Plan>
constexpr bool only_teaches(std::size_t network) {
  bool gives = false, gets = false;
  for_each_index<Plan::term_count>([&](auto t) {
    if constexpr (Plan::template is_edge_term<t>) {
      gives = gives || teaches<typename Plan::template TermTopology<t>>(network);
      gets = gets || learns<typename Plan::template TermTopology<t>>(network);
    }
  });
  return gives && !gets;
}

template <class Plan>
void tell_unfrozen_teachers(const Say& say) {
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k] && only_teaches<Plan>(k)) {
      tell(say, concat("network ", k.value, " teaches and learns from no other network, and it is trained by its own ",
                       "losses while it teaches; if it is trained already, pass afd::frozen(network)"));
    }
  });
}

}  // namespace afd::detail
