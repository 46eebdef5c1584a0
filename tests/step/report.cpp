// SPDX-License-Identifier: MIT
#include <afd/step/report.hpp>
//
#include <array>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

namespace {

struct FakePlan {
  static constexpr std::size_t entry_count = 3;
  static constexpr std::array<afd::LossEntry, 3> entries{
      afd::LossEntry{"cross_entropy", afd::LossKind::network, 1, 1},
      afd::LossEntry{"adversarial", afd::LossKind::edge, 1, 0},
      afd::LossEntry{"adversarial", afd::LossKind::discriminator, 1, 0}};
};

afd::StepReport<FakePlan> report() {
  return {.losses = {torch::tensor(0.5F), torch::tensor(0.25), torch::tensor(2.0)}};
}

}  // namespace

TEST_CASE("losses are found by term and place, or read all at once in the order of the entries") {
  const auto steps = report();
  CHECK(steps.value("cross_entropy", 1) == 0.5);
  CHECK(steps.value("adversarial", 0, 1) == 0.25);
  CHECK(steps.discriminator_value("adversarial", 0, 1) == 2.0);
  CHECK(steps.values() == std::vector<double>{0.5, 0.25, 2.0});
  CHECK(steps.stacked().sizes() == torch::IntArrayRef({3}));
  CHECK_FALSE(steps.skipped);
}

TEST_CASE("a loss that is not there is an error that lists those that are") {
  const auto steps = report();
  CHECK_THROWS_WITH_AS(static_cast<void>(steps.value("mutual_kl", 0, 1)),
                       doctest::Contains("no loss mutual_kl_0_to_1; it has cross_entropy_1, adversarial_0_to_1"),
                       afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(steps.value("cross_entropy", 0)), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(steps.value("adversarial", 1, 0)), afd::ConfigError);
}

TEST_SUITE_END();
