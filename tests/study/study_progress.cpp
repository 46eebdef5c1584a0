// SPDX-License-Identifier: MIT
#include <afd/study/study_progress.hpp>
//
#include <sstream>
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a line for each cell that begins says which it is and how many there are") {
  std::ostringstream out;
  afd::detail::StudyProgress progress(&out, 6);
  progress.begin_cell("dml-seed2", 3);
  progress.show(0.5);  // not again within ten minutes
  CHECK(out.str() == "cell 4/6  dml-seed2  0 %\n");
  progress.say("dml-seed2 failed");
  progress.show(0.5);
  CHECK(out.str().find("failed\ncell 4/6  dml-seed2  50 %  ETA less than a minute\n") != std::string::npos);
  afd::detail::StudyProgress silent(nullptr, 6);
  silent.begin_cell("a", 0);
  silent.say("b");
}

TEST_CASE("durations as people say them") {
  using afd::detail::StudyProgress;
  CHECK(StudyProgress::duration(29) == "less than a minute");
  CHECK(StudyProgress::duration(60 * 7) == "7 min");
  CHECK(StudyProgress::duration(3600 + 60 * 5) == "1 h 05 min");
}

TEST_SUITE_END();
