// SPDX-License-Identifier: MIT
// expect: names a network outside 0 .. K-1
#include <afd/topology/graph.hpp>

#ifdef AFD_EXPECT_OK
using Checked = afd::topology::Graph<2, afd::Edge{0, 1}>;
#else
using Checked = afd::topology::Graph<2, afd::Edge{0, 1}, afd::Edge{0, 2}>;
#endif

static_assert(Checked::network_count > 0);
