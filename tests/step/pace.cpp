// SPDX-License-Identifier: MIT
#include <afd/step/pace.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

TEST_CASE("the user's factors and those of schedules multiply, network by network, and all of it is a state") {
  afd::detail::Pace<2> pace;
  CHECK(pace.factors()[1] == afd::RateFactors{});
  pace.own[0] = {.logit = 2, .feature = 3, .discriminator = 5};
  pace.scheduled[0] = {.logit = 0.5, .feature = 0.25, .discriminator = 0.125};
  pace.scheduled[1].feature = 7;
  pace.progress = {1.5, 9};
  CHECK(pace.factors()[0] == afd::RateFactors{.logit = 1, .feature = 0.75, .discriminator = 0.625});
  CHECK(pace.factors()[1] == afd::RateFactors{.feature = 7});
  afd::StateDict state;
  afd::SaveState save(state);
  pace.visit(save);
  afd::detail::Pace<2> other;
  afd::LoadState load(state);
  other.visit(load);
  CHECK(other.own == pace.own);
  CHECK(other.scheduled == pace.scheduled);
  CHECK(other.progress == pace.progress);
}

TEST_SUITE_END();
