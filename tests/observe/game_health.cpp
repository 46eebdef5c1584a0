// SPDX-License-Identifier: MIT
#include <afd/observe/game_health.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

TEST_CASE("a healthy game needs no advice; a saturated or collapsed one names its edge and what to try") {
  afd::GameHealth game{.term = "adversarial", .teacher = 2, .student = 0, .real = 0.7, .fake = 0.8};
  CHECK_FALSE(game.is_saturated());
  CHECK_FALSE(game.is_collapsed());
  CHECK(game.advice().empty());
  game.real = game.fake = 0.99;
  CHECK(game.is_saturated());
  CHECK(game.advice().find("edge 2 -> 0, term adversarial: the discriminator is nearly always right") == 0);
  game.fake = 0.01;
  CHECK_FALSE(game.is_saturated());
  CHECK(game.is_collapsed());
  CHECK(game.advice().find("takes all maps for the same") != std::string::npos);
  game.real = 0.01;
  game.fake = 0.99;
  CHECK(game.is_collapsed());
}

TEST_SUITE_END();
