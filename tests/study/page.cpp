// SPDX-License-Identifier: MIT
#include <afd/study/page.hpp>
//
#include <string>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("the page has sentences, table, pictures, seeds and what recipes differ in, and needs no other file") {
  auto cells = afd_test::study_cells();
  cells.push_back({.recipe = "dml", .seed = 4, .failure = "a loss is NaN & more"});
  const auto comparison = afd::compare_cells(cells, {"alone", "dml"}, {"<small>", "large"});
  const std::string page = afd::html_page(comparison, {.title = "A & B",
                                                       .pictures = {"<svg>here</svg>"},
                                                       .recipes = {{"alone", {{"order", "one"}, {"same", "x"}}},
                                                                   {"dml", {{"order", "two"}, {"same", "x"}}}},
                                                       .notes = {"A note."}});
  for (const char* part :
       {"<title>A &amp; B</title>", "dml helps &lt;small&gt;", "<svg>here</svg>", "<th>seed 3</th>", "<td>+2.01</td>",
        "dml failed with seed 4: a loss is NaN &amp; more", "<td>two</td>", "<p>A note.</p>"}) {
    CHECK_MESSAGE(page.find(part) != std::string::npos, part);
  }
  CHECK(page.find("<td>same</td>") == std::string::npos);
  for (const char* other : {"src=", "href=", "http", "@import", "url("}) {
    CHECK_MESSAGE(page.find(other) == std::string::npos, other);
  }
}

TEST_SUITE_END();
