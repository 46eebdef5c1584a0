// SPDX-License-Identifier: MIT
#include <afd/step/loss_watch.hpp>
//
#include <array>
#include <limits>

#include <torch/torch.h>

#include <afd/error.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

namespace {

using Plan =
    afd::detail::Plan<afd::topology::Pair, afd::AdversarialFeatureDistillation, afd_test::Probe, afd_test::Probe>;
using Watch = afd::detail::LossWatch<Plan>;

std::array<torch::Tensor, Watch::count> losses(double value) {
  std::array<torch::Tensor, Watch::count> all;
  for (torch::Tensor& loss : all) loss = torch::tensor(value, torch::requires_grad());
  return all;
}

}  // namespace

TEST_CASE("what was not finite once is told by its place when it is read, and not before") {
  Watch watch;
  watch.require_finite();  // nothing was added
  watch.add(losses(1), 100);
  watch.require_finite();
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    for (std::size_t i = 0; i < Watch::count; ++i) {
      Watch other;
      auto some = losses(3e38);
      some[i] = torch::tensor(bad);
      CHECK_NOTHROW(other.add(some, 100));
      for (int step = 0; step < 5; ++step) CHECK_NOTHROW(other.add(losses(1), 100));
      CHECK_THROWS_WITH_AS(other.require_finite(), doctest::Contains(Plan::entries[i].place().c_str()),
                           afd::NonFiniteError);
    }
  }
}

TEST_CASE("it is read every so many steps, and losses that are not computed are finite") {
  Watch watch;
  auto some = losses(1);
  some[0] = torch::Tensor();
  watch.add(some, 3);
  some[1] = torch::tensor(std::numeric_limits<double>::quiet_NaN());
  watch.add(some, 3);
  CHECK_THROWS_WITH_AS(watch.add(losses(1), 3), doctest::Contains("one of the last 3 steps"), afd::NonFiniteError);
}

TEST_SUITE_END();
