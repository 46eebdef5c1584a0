// SPDX-License-Identifier: MIT
#include <afd/study/study_report.hpp>
//
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <afd/error.hpp>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a report is a text, pictures with their scripts, and a page that has all of them") {
  const afd_test::TempFolder temp;
  std::vector<std::string> said;
  const afd::StudyOptions options{
      .folder = temp.path(), .title = "mine", .say = [&](const std::string& text) { said.push_back(text); }};
  const auto cells = afd_test::study_cells();
  const afd::StudyResult result{cells, afd::compare_cells(cells, {"alone", "dml"}, {"small", "large"}), false};
  afd::write_study_report(result, {{"alone", {{"order", "one"}}}, {"dml", {{"order", "two"}}}}, options);
  CHECK(said.empty());
  const auto text_of = [&](const char* name) {
    std::ifstream file(temp.path() / name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  CHECK(text_of("report.md") == result.text());
  for (const char* name : {"differences.svg", "curves-0.svg", "curves-1.svg", "differences.gp"}) {
    CHECK_MESSAGE(!text_of(name).empty(), name);
  }
  const std::string page = text_of("index.html");
  for (const char* part : {"<title>mine</title>", "not finished", "Computed with a machine.", "<td>two</td>", "<svg"}) {
    CHECK_MESSAGE(page.find(part) != std::string::npos, part);
  }
  CHECK_THROWS_AS(afd::write_study_report(result, {}, {.folder = temp.path() / "none", .say = {}}), afd::FileError);
}

TEST_SUITE_END();
