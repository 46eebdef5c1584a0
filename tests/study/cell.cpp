// SPDX-License-Identifier: MIT
#include <afd/study/cell.hpp>
//
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "support/doctest.hpp"
#include "support/study_cells.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a cell comes back from its line as it was, what is not a number too") {
  afd::Cell cell = afd_test::study_cell("afd", 7, {0.25, 0.5});
  cell.from = {{"recipe", "0123"}, {"train", "4567"}};
  cell.networks[0].validation = std::nan("");
  cell.networks[1].best_epoch = 3;
  cell.networks[1].parameters = 1234;
  cell.games = {{"edge 0 -> 1", {0.5, 1}, {0.25, std::nan("")}}};
  cell.observed = {{"cka", {0.5, 0.75}}};
  cell.edge_parameters = 99;
  const std::string line = nlohmann::json(cell).dump();
  CHECK(line.find("null") != std::string::npos);
  const auto read = nlohmann::json::parse(line).get<afd::Cell>();
  CHECK(nlohmann::json(read).dump() == line);
  CHECK(read.seed == 7);
  CHECK(read.from == cell.from);
  CHECK(std::isnan(read.networks[0].validation));
  CHECK(read.networks[1].last.at("top1") == 0.5);
  CHECK(read.networks[1].best_epoch == 3);
  CHECK(std::isnan(read.games[0].fake[1]));
  CHECK(read.observed["cka"][1] == 0.75);
}

TEST_CASE("a training that failed is written down with its reason alone") {
  const afd::Cell cell{.recipe = "afd", .seed = 1, .failure = "a loss is NaN"};
  const nlohmann::json json = cell;
  CHECK(!json.contains("networks"));
  CHECK(json.get<afd::Cell>().failure == "a loss is NaN");
  CHECK_THROWS_AS(static_cast<void>(nlohmann::json::parse("{\"recipe\":\"x\"}").get<afd::Cell>()),
                  nlohmann::json::exception);
}

TEST_SUITE_END();
