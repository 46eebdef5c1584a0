// SPDX-License-Identifier: MIT
#include <afd/study/step_times.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("the time of a step: every fourth counts for a quarter, the first of an epoch does not count") {
  afd::detail::StepTimes times;
  for (int epoch = 0; epoch < 3; ++epoch) {
    double seconds = 100;  // waits for its batch
    times.after_step(1, seconds);
    for (int step = 2; step <= 11; ++step) {
      seconds += step % 4 == 1 ? 5 : 1;
      times.after_step(step, seconds);
    }
  }
  CHECK(times.median() == doctest::Approx((5 + 1 + 1 + 1) / 4.0));

  afd::detail::StepTimes few;
  few.after_step(1, 4);
  few.after_step(2, 6);
  CHECK(few.median() == doctest::Approx(3));
}

TEST_SUITE_END();
