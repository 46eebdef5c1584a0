// SPDX-License-Identifier: MIT
#include "experiments/report_groups.hpp"
//
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "experiments/report_questions.hpp"
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("examples");

using experiments::Estimate;

TEST_CASE("differences between methods use the seeds that both have, averaged over networks") {
  experiments::Group group;
  group.networks = {"a", "b"};
  const auto add = [&](const char* method, std::uint64_t seed, double first, double second) {
    experiments::Result result;
    result.networks.resize(2);
    result.networks[0].last = first;
    result.networks[1].last = second;
    group.methods[method][seed] = result;
  };
  add("x", 1, 10, 20);
  add("x", 2, 11, 21);
  add("x", 3, 99, 99);
  add("y", 1, 9, 17);
  add("y", 2, 9, 19);
  const auto contrast = [&](const char* method, const char* base, const std::vector<std::size_t>& networks) {
    return experiments::contrast(experiments::gains(group, method, base, networks));
  };
  const Estimate both = contrast("x", "y", {0, 1});
  CHECK(both.count == 2);
  CHECK(both.mean == doctest::Approx(2));
  // Differences of 2 and 2: paired, they do not see that the second seed was better for both.
  CHECK(both.deviation == doctest::Approx(0).epsilon(1e-12));
  CHECK(contrast("x", "y", {1}).mean == doctest::Approx(2.5));
  CHECK(contrast("x", "z", {0}).count == 0);
}

TEST_CASE("results with the same settings and networks are one comparison; times come from timed cells") {
  const auto result = [](const char* method, std::uint64_t seed, std::int64_t epochs, double seconds) {
    experiments::Result one;
    one.cell = {method, {"a", "b"}, seed};
    one.settings.epochs = epochs;
    one.seconds_per_step = seconds;
    return one;
  };
  const auto groups = experiments::grouped({result("x", 1, 10, 3), result("x", 2, 10, 1), result("x", 3, 10, 2),
                                            result("y", 1, 10, 5), result("x", 1, 20, 9)},
                                           {result("y", 1, 1, 7)});
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].file != groups[1].file);
  CHECK(groups[0].title.starts_with("a + b, "));
  CHECK(experiments::report_details::counted({"a", "a", "b", "a"}) == "2 x a + b + a");
  CHECK(groups[0].timed.count("y") == 1);
  CHECK(groups[0].timed.count("x") == 0);
  CHECK(groups[0].methods.at("x").size() == 3);
  CHECK(groups[0].seconds_per_step.at("x").at(3) == 2);
  CHECK(groups[0].seconds_per_step.at("y") == std::map<std::uint64_t, double>{{1, 7.0}});
  CHECK(experiments::step_ratios(groups[0], "y", "x") == std::vector{7.0 / 3});
  CHECK(experiments::step_ratios(groups[0], "x", "x") == std::vector{1.0, 1.0, 1.0});
  CHECK(groups[1].methods.count("y") == 0);
}

TEST_CASE("a gain beside another peer is compared seed by seed, with the same settings only") {
  const auto result = [](const char* method, const char* peer, std::uint64_t seed, std::int64_t epochs, double last) {
    experiments::Result one;
    one.cell = {method, {"a", peer}, seed};
    one.settings.epochs = epochs;
    one.networks.resize(2);
    one.networks[0].last = last;
    return one;
  };
  std::vector<experiments::Result> results;
  // Beside its like it gains 1 and 2, beside b 4 and 6; the third comparison has other settings.
  const std::vector<std::tuple<const char*, std::int64_t, double, double>> comparisons{
      {"a", 10, 1, 2}, {"b", 10, 4, 6}, {"b", 9, 50, 50}};
  for (const auto& [peer, epochs, first, second] : comparisons) {
    results.push_back(result("afd", peer, 1, epochs, 60 + first));
    results.push_back(result("afd", peer, 2, epochs, 70 + second));
    results.push_back(result("alone", peer, 1, epochs, 60));
    results.push_back(result("alone", peer, 2, epochs, 70));
  }
  const auto questions = experiments::questions(experiments::grouped(results, {}));
  const auto& contrasts = questions.at(3).contrasts;
  int found = 0;
  for (const auto& [where, what, difference] : contrasts) {
    if (where != "a beside b less a beside a" || what != "afd - alone") continue;
    ++found;
    CHECK(difference.count == 2);
    CHECK(difference.mean == doctest::Approx(3.5));
  }
  CHECK(found == 1);
  // The mean of all three, over both networks, of which the second gains nothing.
  for (const auto& [where, what, difference] : questions.at(0).contrasts) {
    if (what != "afd - alone (3 comparisons)") continue;
    ++found;
    CHECK(difference.mean == doctest::Approx((1 + 2 + 4 + 6 + 50 + 50) / 12.0));
  }
  CHECK(found == 2);
}

TEST_CASE("what a longer training gains is compared seed by seed, with everything else the same") {
  const auto result = [](const char* method, std::int64_t images, std::int64_t epochs, double last) {
    experiments::Result one;
    one.cell = {method, {"a", "a"}, 1};
    one.settings.images = images;
    one.settings.epochs = epochs;
    one.networks.resize(2);
    one.networks[0].last = one.networks[1].last = last;
    return one;
  };
  const auto questions = experiments::questions(
      experiments::grouped({result("alone", 9, 10, 50), result("dml", 9, 10, 51), result("alone", 9, 40, 60),
                            result("dml", 9, 40, 64), result("alone", 8, 90, 60), result("dml", 8, 90, 99)},
                           {}));
  int found = 0;
  for (const auto& [where, what, difference] : questions.at(0).contrasts) {
    if (where.find("epochs less") == std::string::npos) continue;
    ++found;
    CHECK(where == "2 x a, 9 images, 40 epochs less 10");
    CHECK(what == "dml - alone");
    CHECK(difference.mean == doctest::Approx(3));
  }
  CHECK(found == 1);
}

TEST_CASE("the mean of several comparisons is taken seed by seed, of seeds that all of them have") {
  const std::vector<experiments::Gains> comparisons{{{1, 1.0}, {2, 3.0}, {3, 9.0}}, {{1, 2.0}, {2, 6.0}}};
  const experiments::Gains mean = experiments::mean(comparisons);
  CHECK(mean == experiments::Gains{{1, 1.5}, {2, 4.5}});
  // What differs between comparisons is no uncertainty of the mean over seeds.
  CHECK(experiments::contrast(mean).mean == doctest::Approx(3));
  CHECK(experiments::contrast(mean).deviation == doctest::Approx(std::sqrt(4.5)));
}

TEST_CASE("variants of methods are told from methods") {
  for (const char* method : {"alone", "dml", "l1-kl-offline", "afd", "afd-maps", "afd-maps-offline", "afd-cycle-dml"})
    CHECK_MESSAGE(!experiments::is_variant(method), method);
  for (const char* method : {"afd-T5", "dml-T1", "l1-10", "l1-kl-10", "afd-weight-0", "afd-cycle-dml-weight-0",
                             "afd-maps-rate-10", "afd-mlp", "afd-joint-0.1"})
    CHECK_MESSAGE(experiments::is_variant(method), method);
}

TEST_SUITE_END();
