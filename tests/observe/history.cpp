// SPDX-License-Identifier: MIT
#include <afd/observe/history.hpp>
//
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("observe");

TEST_CASE("a history keeps rows under named columns") {
  afd::History history({"epoch", "loss"});
  history.add({1, 0.5});
  history.add({2, 0.25});
  CHECK(history.column("loss") == std::vector<double>{0.5, 0.25});
  CHECK(history.rows().size() == 2);
  CHECK_THROWS_WITH_AS(static_cast<void>(history.column("accuracy")), doctest::Contains("no column accuracy"),
                       afd::ConfigError);
  CHECK_THROWS_WITH_AS(history.add({1}), doctest::Contains("1 values"), afd::ConfigError);
  CHECK(history.rows().size() == 2);
}

TEST_CASE("CSV numbers read back to the same bits, and a missing value is empty") {
  afd::History history({"a", "b", "c"});
  const double third = 1.0 / 3.0, tiny = std::numeric_limits<double>::denorm_min();
  history.add({third, std::nan(""), tiny});
  const std::string csv = history.csv();
  CHECK(csv.substr(0, 6) == "a,b,c\n");
  const std::size_t first = csv.find(',', 6), second = csv.find(',', first + 1);
  CHECK(second == first + 1);
  CHECK(std::stod(csv.substr(6, first - 6)) == third);
  CHECK(std::strtod(csv.c_str() + second + 1, nullptr) == tiny);
}

TEST_CASE("write_csv writes what csv gives, and says where it could not") {
  const afd_test::TempFolder folder;
  afd::History history({"x"});
  history.add({3});
  history.write_csv(folder.path() / "h.csv");
  std::ifstream file(folder.path() / "h.csv");
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "x\n3\n");
  CHECK_THROWS_WITH_AS(history.write_csv(folder.path() / "no" / "h.csv"), doctest::Contains("h.csv"), afd::FileError);
}

TEST_SUITE_END();
