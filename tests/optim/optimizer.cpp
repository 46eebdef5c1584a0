// SPDX-License-Identifier: MIT
#include <afd/optim/optimizer.hpp>
//
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "support/doctest.hpp"
#include "support/recorder.hpp"

TEST_SUITE_BEGIN("optim");

namespace {

struct NoRate {
  struct State {
    void apply(std::span<const torch::Tensor>) {}
  };
  State make(std::vector<torch::Tensor>) const { return {}; }
};
struct NotCopyable : afd_test::Recorder {
  std::unique_ptr<int> state;
};
struct ByName {
  std::vector<std::string> make(std::vector<torch::Tensor>, std::span<const std::string> names) const {
    return {names.begin(), names.end()};
  }
};

}  // namespace

static_assert(afd::Optimizer<afd_test::Recorder> && !afd::Optimizer<int>);
static_assert(!afd::Optimizer<NoRate> && afd::OptimizerApplies<NoRate> && !afd::Optimizer<NotCopyable>);

TEST_CASE("a policy that reads names is given them, another one parameters alone") {
  const std::vector<std::string> names{"a", "b"};
  CHECK(afd::detail::make_optimizer(ByName{}, {}, names) == names);
  CHECK_NOTHROW(static_cast<void>(afd::detail::make_optimizer(afd_test::Recorder{}, {}, names)));
}

TEST_CASE("numbers that cannot be are refused with the optimizer's name") {
  CHECK_NOTHROW(afd::detail::require_rate(0.1, "Mine"));
  CHECK_THROWS_WITH_AS(afd::detail::require_rate(0, "Mine"),
                       doctest::Contains("Mine's learning rate lr must be positive, but is 0"), afd::ConfigError);
  CHECK_THROWS_AS(afd::detail::require_rate(std::numeric_limits<double>::quiet_NaN(), "Mine"), afd::ConfigError);
  CHECK_NOTHROW(afd::detail::require_weight_decay(0, "Mine"));
  CHECK_THROWS_WITH_AS(afd::detail::require_weight_decay(-1, "Mine"),
                       doctest::Contains("Mine's weight_decay must not be negative"), afd::ConfigError);
}

TEST_SUITE_END();
