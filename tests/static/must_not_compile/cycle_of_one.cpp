// SPDX-License-Identifier: MIT
// expect: needs at least two networks
#include <afd/topology/cycle.hpp>

#ifdef AFD_EXPECT_OK
using Checked = afd::topology::Cycle<2>;
#else
using Checked = afd::topology::Cycle<1>;
#endif

static_assert(Checked::network_count > 0);
