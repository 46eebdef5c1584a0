// SPDX-License-Identifier: MIT
#include <afd/distributed/world_link.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("distributed");

TEST_CASE("what a world of one process is asked") {
  afd::World world({.launch = {}});
  const afd::detail::WorldLink link(world);
  CHECK(&link.world() == &world);
  CHECK(link.rank() == 0);
  CHECK(link.size() == 1);
  CHECK(link.is_first());
  CHECK(link.gather("a") == std::vector<std::string>{"a"});
  CHECK(link.gather_to_first("b") == std::vector<std::string>{"b"});
  CHECK(link.from_first("c") == "c");
  link.require_same({{"rate", "0.1"}});
}

TEST_SUITE_END();
