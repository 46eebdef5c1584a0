// SPDX-License-Identifier: MIT
#include <afd/study/pictures.hpp>
//
#include <cstddef>
#include <string>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("the picture of differences has each seed, full points for what is told and open ones for the rest") {
  const auto comparison = afd::compare_cells(afd_test::study_cells(), {"alone", "dml"}, {"small", "it's large"});
  const std::string script = afd::detail::differences_script(comparison, "out.svg");
  CHECK(script.find("set output 'out.svg'") != std::string::npos);
  CHECK(script.find("title 'it''s large'") != std::string::npos);
  CHECK(script.find("xerrorbars pt 7 ps 1 lw 2 lc rgb '#08519c'") != std::string::npos);
  CHECK(script.find("xerrorbars pt 6 ps 1 lw 2 lc rgb '#d94801'") != std::string::npos);
  CHECK(script.find("set xrange [*<0:0<*]") != std::string::npos);  // zero is in the picture
  std::size_t ends = 0;                                             // of data: seeds and means of two networks
  for (std::size_t at = script.find("\ne\n"); at != std::string::npos; at = script.find("\ne\n", at + 1)) ++ends;
  CHECK(ends == 4);
}

TEST_CASE("a network without a difference is not in the picture's key, and without any there is no picture") {
  auto comparison = afd::compare_cells(afd_test::study_cells(), {"alone", "dml"}, {"small", "large"});
  comparison.recipes[1].networks[1] = {};
  const std::string script = afd::detail::differences_script(comparison, "out.svg");
  CHECK(script.find("title 'small'") != std::string::npos);
  CHECK(script.find("title 'large'") == std::string::npos);
  comparison.recipes[1].networks[0] = {};
  CHECK(afd::detail::differences_script(comparison, "out.svg").empty());
}

TEST_CASE("curves are means over seeds, and networks that were not trained have none") {
  const auto cells = afd_test::study_cells();
  const auto comparison = afd::compare_cells(cells, {"alone", "dml"}, {"small", "large"});
  const std::string script = afd::detail::curves_script(cells, comparison, 0, "out.svg");
  CHECK(script.find("\n2 31\ne\n") != std::string::npos);
  CHECK(script.find("title 'dml'") != std::string::npos);
  CHECK(afd::detail::curves_script({}, comparison, 0, "out.svg").empty());
  const auto twins = afd::compare_cells(cells, {"alone", "dml"}, {"twin", "twin"});
  CHECK(afd::detail::curves_script(cells, twins, 0, "out.svg").find("\n2 36\ne\n") != std::string::npos);
}

TEST_SUITE_END();
