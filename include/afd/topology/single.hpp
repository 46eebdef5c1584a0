// SPDX-License-Identifier: MIT
#pragma once

// One network that trains alone, as the baseline of all others. Torch-free.

#include <afd/topology/graph.hpp>

namespace afd::topology {

/// One network and no edge.
using Single = Graph<1>;

static_assert(Topology<Single>);

}  // namespace afd::topology
