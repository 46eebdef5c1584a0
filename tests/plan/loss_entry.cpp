// SPDX-License-Identifier: MIT
#include <afd/plan/loss_entry.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("plan");

using afd::LossEntry;
using afd::LossKind;

TEST_CASE("an entry names its place for people and for tables") {
  constexpr LossEntry network{"cross_entropy", LossKind::network, 2, 2};
  constexpr LossEntry edge{"mutual_kl", LossKind::edge, 1, 0};
  constexpr LossEntry discriminator{"adversarial", LossKind::discriminator, 1, 0};
  CHECK(network.place() == "network 2");
  CHECK(network.column() == "cross_entropy_2");
  CHECK(edge.place() == "edge 0 -> 1");
  CHECK(edge.column() == "mutual_kl_0_to_1");
  CHECK(discriminator.place() == "edge 0 -> 1");
  CHECK(discriminator.column() == "adversarial_0_to_1_discriminator");
  static_assert(edge == LossEntry{"mutual_kl", LossKind::edge, 1, 0} && !(edge == discriminator));
}

TEST_SUITE_END();
