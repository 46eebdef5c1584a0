// SPDX-License-Identifier: MIT
#pragma once

// One direction of teaching: `student` learns from `teacher`. Torch-free; usable as a template argument.

#include <cstddef>

namespace afd::topology {

struct Edge {
  std::size_t teacher = 0;  ///< index of the network that is imitated
  std::size_t student = 0;  ///< index of the network that learns

  friend constexpr bool operator==(const Edge&, const Edge&) = default;
};

}  // namespace afd::topology

namespace afd {
using topology::Edge;
}
