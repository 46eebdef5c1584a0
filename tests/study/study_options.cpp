// SPDX-License-Identifier: MIT
#include <afd/study/study_options.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a study says what it does on standard error, and compares the last weights, unless told otherwise") {
  const afd::StudyOptions options{.folder = "runs"};
  CHECK(options.seeds == 5);
  CHECK(options.weights == afd::ComparedWeights::last);
  CHECK(options.progress == &std::cerr);
  CHECK(options.save_networks);
}

TEST_SUITE_END();
