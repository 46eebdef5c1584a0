// SPDX-License-Identifier: MIT
#include <afd/train/finite_check.hpp>
//
#include <array>
#include <cstdint>
#include <limits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

namespace {

struct Plan {
  static constexpr std::array<afd::LossEntry, 2> entries{
      afd::LossEntry{"cross_entropy", afd::LossKind::network, 1, 1},
      afd::LossEntry{"adversarial", afd::LossKind::discriminator, 1, 0}};
};

struct Skipped {
  std::int64_t total = 0, in_a_row = 0;
};

using Losses = std::array<torch::Tensor, 2>;
using afd::detail::refuses_gradients;
using afd::detail::refuses_losses;

}  // namespace

TEST_CASE("finite losses pass; the first that is not is named; what was not computed is not looked at") {
  Skipped skipped;
  const torch::Tensor fine = torch::ones({}), bad = torch::full({}, std::numeric_limits<double>::infinity());
  const afd::ThrowNonFinite policy;
  CHECK_FALSE(refuses_losses<Plan>(Losses{fine, fine}, policy, skipped));
  CHECK_FALSE(refuses_losses<Plan>(Losses{fine, torch::Tensor()}, policy, skipped));
  CHECK_FALSE(refuses_losses<Plan>(Losses{}, policy, skipped));
  CHECK_THROWS_WITH_AS(refuses_losses<Plan>(Losses{fine, bad}, policy, skipped),
                       doctest::Contains("edge 0 -> 1: the loss adversarial (discriminator) is inf"),
                       afd::NonFiniteError);
  CHECK_THROWS_WITH_AS(refuses_losses<Plan>(Losses{bad, torch::Tensor()}, policy, skipped),
                       doctest::Contains("network 1: the loss cross_entropy is inf"), afd::NonFiniteError);
  CHECK(skipped.total == 0);
}

TEST_CASE("losses too large to be summed are finite all the same") {
  Skipped skipped;
  const torch::Tensor huge = torch::full({}, std::numeric_limits<float>::max());
  CHECK_FALSE(refuses_losses<Plan>(Losses{huge, huge}, afd::ThrowNonFinite{}, skipped));
}

TEST_CASE("losses and gradients are counted together, up to the limit") {
  Skipped skipped;
  const afd::SkipNonFinite policy{.limit = 3};
  const auto prepare = [] { throw afd::NonFiniteError("network 0: the norm of the gradients is nan"); };
  CHECK_FALSE(refuses_gradients([] {}, policy, skipped));
  CHECK(refuses_losses<Plan>(Losses{torch::full({}, std::numeric_limits<double>::quiet_NaN()), {}}, policy, skipped));
  CHECK(refuses_gradients(prepare, policy, skipped));
  CHECK(skipped.total == 2);
  CHECK_THROWS_WITH_AS(refuses_gradients(prepare, policy, skipped), doctest::Contains("so many steps"),
                       afd::NonFiniteError);
  CHECK_THROWS_AS(refuses_gradients(prepare, afd::ThrowNonFinite{}, skipped), afd::NonFiniteError);
}

TEST_SUITE_END();
