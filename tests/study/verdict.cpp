// SPDX-License-Identifier: MIT
#include <afd/study/verdict.hpp>
//
#include <cmath>
#include <string>
#include <vector>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

namespace {

std::string sentence(const std::vector<afd::Cell>& cells, const std::string& recipe, bool higher_is_better = true) {
  const afd::ComparedScore score{.higher_is_better = higher_is_better};
  return afd::verdict_sentence(afd::compare_cells(cells, {"alone", recipe}, {"small", "large"}, score), 1);
}

}  // namespace

TEST_CASE("a recipe helps, harms, or cannot be told, with what it would take") {
  const auto cells = afd_test::study_cells();
  const std::string helps = sentence(cells, "dml");
  CHECK(
      helps.starts_with("dml helps small (+2.00 ± 0.02 top-1 %); cannot be told from alone for large (+0.10 ± 1.24: "));
  CHECK(helps.find(" seeds would tell a difference of that size).") != std::string::npos);
  CHECK(sentence(cells, "dml", false).starts_with("dml harms small (+2.00"));
}

TEST_CASE("what is not known is not told") {
  auto cells = afd_test::study_cells();
  cells.push_back(afd_test::study_cell("kd", 1, {0.33, std::nan("")}));
  CHECK(sentence(cells, "kd") == "kd cannot be told from alone for small (+3.00: one seed tells nothing).");
  CHECK(sentence(cells, "nobody") == "nobody has no seed in common with alone yet.");
  cells.push_back(afd_test::study_cell("kd", 2, {0.34, std::nan("")}));
  CHECK(sentence(cells, "kd").find("all seeds gave the same") != std::string::npos);
}

TEST_CASE("numbers as people read them") {
  CHECK(afd::detail::fixed(1.239) == "1.24");
  CHECK(afd::detail::fixed(std::nan("")) == "-");
  CHECK(afd::detail::with_sign(0.5, 1) == "+0.5");
  CHECK(afd::detail::with_sign(-0.5, 1) == "-0.5");
  CHECK(afd::detail::listed({"a", "b", "c"}) == "a, b and c");
}

TEST_SUITE_END();
