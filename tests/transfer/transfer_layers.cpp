// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer_layers.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

TEST_CASE("StudentConv adds layers only where channels differ, and pools the larger map") {
  torch::manual_seed(1);
  auto same = afd::StudentConv{}.make({4, 8, 8}, {4, 4, 4});
  CHECK(same->parameters().empty());
  const auto map = torch::randn({2, 4, 8, 8});
  CHECK(same->student(map).equal(torch::adaptive_avg_pool2d(map, {4, 4})));
  const auto teacher = torch::randn({2, 4, 4, 4});
  CHECK(same->teacher(teacher).equal(teacher));

  auto other = afd::StudentConv{}.make({3, 4, 4}, {5, 8, 8});
  CHECK_FALSE(other->parameters().empty());
  CHECK(other->output() == afd::MapShape{5, 4, 4});
  CHECK(other->student(torch::randn({2, 3, 4, 4})).sizes() == torch::IntArrayRef({2, 5, 4, 4}));
  CHECK(other->teacher(torch::randn({2, 5, 8, 8})).sizes() == torch::IntArrayRef({2, 5, 4, 4}));
}

TEST_CASE("AlwaysConv convolves one side, BothSides both") {
  const auto always = afd::AlwaysConv{}.make({4, 4, 4}, {4, 4, 4});
  auto both = afd::BothSides{.channels = 6}.make({3, 4, 4}, {4, 4, 4});
  CHECK_FALSE(always->parameters().empty());
  CHECK(both->parameters().size() == 2 * always->parameters().size());
  CHECK(both->output() == afd::MapShape{6, 4, 4});
  CHECK(both->teacher(torch::randn({2, 4, 4, 4})).sizes() == torch::IntArrayRef({2, 6, 4, 4}));
}

TEST_CASE("IdentityTransfer refuses different maps and names the way out") {
  CHECK_THROWS_WITH_AS(afd::IdentityTransfer{}.make({3, 4, 4}, {4, 4, 4}), doctest::Contains("StudentConv"),
                       afd::ShapeError);
  CHECK_THROWS_AS(afd::StudentConv{.kernel_size = 2}.make({3, 4, 4}, {4, 4, 4}), afd::ConfigError);
}

TEST_SUITE_END();
