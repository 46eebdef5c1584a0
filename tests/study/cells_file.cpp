// SPDX-License-Identifier: MIT
#include <afd/study/cells_file.hpp>
//
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <afd/error.hpp>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("study");

namespace fs = std::filesystem;

TEST_CASE("cells are added a line each, and one that was cut off by a crash goes") {
  const afd_test::TempFolder temp;
  const afd::CellsFile file(temp.path() / "cells.jsonl");
  CHECK(file.read().empty());
  file.add(afd_test::study_cell("alone", 1, {0.5}));
  file.add(afd_test::study_cell("dml", 1, {0.6}));
  REQUIRE(file.read().size() == 2);
  CHECK(file.read()[1].networks[0].last.at("top1") == 0.6);

  const auto whole = fs::file_size(file.path());
  std::ofstream(file.path(), std::ios::app) << R"({"recipe":"afd","se)";
  CHECK(file.read().size() == 2);
  file.add(afd_test::study_cell("afd", 1, {0.7}));
  REQUIRE(file.read().size() == 3);
  CHECK(file.read()[2].recipe == "afd");
  CHECK(fs::file_size(file.path()) > whole);
}

TEST_CASE("a line that is no cell is named") {
  const afd_test::TempFolder temp;
  const afd::CellsFile file(temp.path() / "cells.jsonl");
  file.add(afd_test::study_cell("alone", 1, {0.5}));
  std::ofstream(file.path(), std::ios::app) << "{\"seed\": 1}\n";
  CHECK_THROWS_WITH_AS(static_cast<void>(file.read()), doctest::Contains("line 2 is no cell of a study"),
                       afd::FormatError);
  CHECK_THROWS_WITH_AS(afd::CellsFile(temp.path() / "none" / "cells.jsonl").add({}), doctest::Contains("cannot write"),
                       afd::FileError);
}

TEST_CASE("several writers do not tear each other's lines") {
  const afd_test::TempFolder temp;
  const afd::CellsFile file(temp.path() / "cells.jsonl");
  std::vector<std::thread> writers;
  for (unsigned writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (unsigned seed = 0; seed < 10; ++seed) file.add(afd_test::study_cell(std::to_string(writer), seed, {0.5}));
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(file.read().size() == 40);
}

TEST_SUITE_END();
