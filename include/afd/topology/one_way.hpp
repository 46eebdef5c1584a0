// SPDX-License-Identifier: MIT
#pragma once

// Network 0 teaches network 1: with a frozen network 0, offline distillation. Torch-free.

#include <afd/topology/graph.hpp>

namespace afd::topology {

struct OneWay : Graph<2, Edge{0, 1}> {};

static_assert(Topology<OneWay>);

}  // namespace afd::topology
