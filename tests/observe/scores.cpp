// SPDX-License-Identifier: MIT
#include <afd/observe/scores.hpp>
//
#include <cmath>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

TEST_CASE("loss, top-1 and top-5 are means over all samples of all batches") {
  // Six classes, most probable first: class c of row i has probability proportional to 2^-((c - i) mod 6).
  const auto row = [](int first) {
    torch::Tensor scores = torch::empty({6}, torch::kDouble);
    for (int c = 0; c < 6; ++c) scores[c] = -std::log(2.0) * ((c - first + 6) % 6);
    return torch::log_softmax(scores, 0);
  };
  const double total = 1 + .5 + .25 + .125 + .0625 + .03125;
  afd::ScoreSums sums;
  // Label on place 1, 2 and 6.
  sums.add(torch::stack({row(0), row(3)}), torch::tensor({0, 4}, torch::kInt64));
  sums.add(row(2).unsqueeze(0), torch::tensor({1}, torch::kInt64));
  const afd::Scores scores = sums.scores();
  CHECK(scores.samples == 3);
  CHECK(scores.top1 == doctest::Approx(1.0 / 3));
  CHECK(scores.top5 == doctest::Approx(2.0 / 3));
  const double loss = -(std::log(1 / total) + std::log(.5 / total) + std::log(.03125 / total)) / 3;
  CHECK(scores.loss == doctest::Approx(loss).epsilon(1e-12));
}

TEST_CASE("with five classes or fewer top-5 is 1, and nothing evaluated is an error") {
  afd::ScoreSums sums;
  CHECK_THROWS_AS(static_cast<void>(sums.scores()), afd::DataError);
  sums.add(torch::log_softmax(torch::randn({4, 3}), 1), torch::tensor({0, 1, 2, 0}, torch::kInt64));
  CHECK(sums.scores().top5 == 1);
}

TEST_SUITE_END();
