// SPDX-License-Identifier: MIT
// expect: an edge is given twice
#include <afd/topology/graph.hpp>

#ifdef AFD_EXPECT_OK
using Checked = afd::topology::Graph<2, afd::Edge{0, 1}>;
#else
using Checked = afd::topology::Graph<2, afd::Edge{0, 1}, afd::Edge{0, 1}>;
#endif

static_assert(Checked::network_count > 0);
