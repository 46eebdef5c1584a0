// SPDX-License-Identifier: MIT
#include <afd/study/table.hpp>
//
#include <string>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("the table has a row for each recipe, in columns of equal width") {
  const auto comparison = afd::compare_cells(afd_test::study_cells(), {"alone", "dml"}, {"small", "large"});
  const afd::TextTable table = afd::table_of(comparison);
  REQUIRE(table.size() == 3);
  CHECK(table[0][2] == "small, top-1 %");
  CHECK(table[1][3] == "-");
  CHECK(table[2][0] == "dml");
  CHECK(table[2][1] == "3");
  CHECK(table[2][3] == "+2.00 ± 0.02");
  CHECK(table[2][8] == "50.00");
  CHECK(table[2].back() == "1.50");
  const std::string text = afd::markdown({{"a", "b"}, {"±", "long"}});
  CHECK(text == "| a |    b |\n|---|-----:|\n| ± | long |\n");
  CHECK(afd::report_text(comparison).find("\n- dml helps small") != std::string::npos);
  CHECK(afd::detail::p_text(0.0001) == "< 0.001");
}

TEST_CASE("a study of one network has no column for an ensemble") {
  const auto comparison = afd::compare_cells(afd_test::study_cells(), {"alone", "dml"}, {"small"});
  CHECK(afd::table_of(comparison)[0].size() == 7);
}

TEST_SUITE_END();
