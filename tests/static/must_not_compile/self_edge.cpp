// SPDX-License-Identifier: MIT
// expect: self-edge: a network cannot teach itself
#include <afd/topology/graph.hpp>

#ifdef AFD_EXPECT_OK
using Checked = afd::topology::Graph<2, afd::Edge{0, 1}>;
#else
using Checked = afd::topology::Graph<2, afd::Edge{0, 0}, afd::Edge{0, 1}>;
#endif

static_assert(Checked::network_count > 0);
