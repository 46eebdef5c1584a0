// SPDX-License-Identifier: MIT
#pragma once

// Two networks that teach each other. Torch-free.

#include <afd/topology/graph.hpp>

namespace afd::topology {

struct Pair : Graph<2, Edge{0, 1}, Edge{1, 0}> {};

static_assert(Topology<Pair>);

}  // namespace afd::topology
