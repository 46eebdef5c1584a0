// SPDX-License-Identifier: MIT
#include <afd/study/comparison.hpp>
//
#include <cmath>
#include <string>
#include <vector>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("differences to the first recipe are taken seed by seed") {
  const afd::Comparison all = afd::compare_cells(afd_test::study_cells(), {"alone", "dml"}, {"small", "large"});
  REQUIRE(all.recipes.size() == 2);
  CHECK(all.differences == 2);
  CHECK(all.recipes[0].networks[0].score.mean == doctest::Approx(31));
  CHECK(all.recipes[0].networks[0].difference.count == 0);
  const afd::RecipeOutcome& small = all.recipes[1].networks[0];
  CHECK(small.difference.count == 3);
  CHECK(small.difference.mean == doctest::Approx(2));
  // Paired: that seeds differ by a point does not count.
  CHECK(small.difference.deviation == doctest::Approx(0.01));
  CHECK(small.p == doctest::Approx(2 * small.difference.p));
  CHECK(all.recipes[1].ensemble.mean == doctest::Approx(50));
  CHECK(all.recipes[1].seconds_per_step == 0.15);
}

TEST_CASE("seeds that one of two recipes lacks, and networks that it does not train, are left out") {
  std::vector<afd::Cell> cells = afd_test::study_cells();
  cells.push_back(afd_test::study_cell("kd", 1, {0.33, std::nan("")}));
  cells.push_back(afd_test::study_cell("kd", 9, {0.99, std::nan("")}));
  cells.push_back({.recipe = "kd", .seed = 2, .failure = "a loss is NaN"});
  const afd::Comparison all =
      afd::compare_cells(cells, {"alone", "kd", "none"}, {"small", "large"}, {}, afd::ComparedWeights::best);
  const afd::RecipeSummary& kd = all.recipes[1];
  CHECK(kd.seeds == 2);
  CHECK(kd.failures == std::vector<std::string>{"seed 2: a loss is NaN"});
  REQUIRE(kd.networks[0].differences.size() == 1);
  CHECK(kd.networks[0].differences[0].second == doctest::Approx(3));
  CHECK(std::isnan(kd.networks[0].p));
  CHECK(!kd.networks[1].is_trained);
  CHECK(all.recipes[0].networks[0].score.mean == doctest::Approx(32));
  CHECK(all.recipes[2].seeds == 0);
}

TEST_CASE("networks that share a name are compared as one: their mean over those that both recipes trained") {
  const std::vector<afd::Cell> cells{
      afd_test::study_cell("alone", 1, {0.30, 0.50, 0.40}), afd_test::study_cell("dml", 1, {0.31, 0.57, 0.44}),
      afd_test::study_cell("alone", 2, {0.30, 0.60, 0.40}), afd_test::study_cell("dml", 2, {0.32, 0.60, 0.44}),
      afd_test::study_cell("kd", 1, {0.37, std::nan(""), std::nan("")})};
  const afd::Comparison all = afd::compare_cells(cells, {"alone", "dml", "kd"}, {"twin", "other", "twin"});
  CHECK(all.networks == std::vector<std::string>{"twin", "other"});
  CHECK(all.places == std::vector<std::vector<std::size_t>>{{0, 2}, {1}});
  CHECK(all.differences == 3);
  CHECK(all.has_ensemble());
  CHECK(!afd::compare_cells(cells, {"alone"}, {"only"}).has_ensemble());
  CHECK(afd::compare_cells(cells, {"alone"}, {"twin", "twin"}).has_ensemble());
  const auto& dml = all.recipes[1].networks;
  CHECK(all.recipes[0].networks[0].score.mean == doctest::Approx(35));
  CHECK(dml[0].differences[0].second == doctest::Approx(2.5));
  CHECK(dml[0].differences[1].second == doctest::Approx(3));
  CHECK(dml[1].difference.mean == doctest::Approx(3.5));
  const auto& kd = all.recipes[2].networks;
  CHECK(kd[0].score.mean == doctest::Approx(37));
  CHECK(kd[0].difference.mean == doctest::Approx(7));  // to the first of the twins alone
  CHECK(!kd[1].is_trained);
}

TEST_SUITE_END();
