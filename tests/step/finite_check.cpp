// SPDX-License-Identifier: MIT
#include <afd/step/finite_check.hpp>
//
#include <array>
#include <cstdint>
#include <limits>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

namespace {

struct Plan {
  static constexpr std::array<afd::LossEntry, 2> entries{
      afd::LossEntry{"cross_entropy", afd::LossKind::network, 1, 1},
      afd::LossEntry{"adversarial", afd::LossKind::discriminator, 1, 0}};
};

using Losses = std::array<torch::Tensor, 2>;
using afd::detail::refuses_gradients;
using afd::detail::refuses_losses;

}  // namespace

TEST_CASE("finite losses pass; the first that is not is named; what was not computed is not looked at") {
  afd::detail::SkippedSteps skipped;
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

TEST_CASE("gradients that are not finite are refused wherever they lie; huge ones and undefined ones are not") {
  using afd::detail::require_finite_gradients;
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const auto dtype : {torch::kFloat32, torch::kFloat64, torch::kBFloat16}) {
    const torch::Tensor fine = torch::ones({3, 4}, dtype);
    CHECK_NOTHROW(require_finite_gradients({fine, torch::Tensor(), fine.t()}));
    for (const double bad : {nan, infinity, -infinity}) {
      for (const std::int64_t at : {0, 5, 11}) {
        torch::Tensor gradient = torch::ones({3, 4}, dtype);
        gradient.view({-1})[at] = bad;
        CHECK_THROWS_WITH_AS(require_finite_gradients({fine, gradient}), doctest::Contains("[3, 4]"),
                             afd::NonFiniteError);
        CHECK_THROWS_AS(require_finite_gradients({gradient.slice(1, 0, 4, 1).t()}), afd::NonFiniteError);
      }
    }
    torch::Tensor both = torch::ones({2}, dtype);
    both[0] = infinity;
    both[1] = -infinity;
    CHECK_THROWS_AS(require_finite_gradients({both}), afd::NonFiniteError);
  }
  CHECK_NOTHROW(require_finite_gradients({torch::full({100}, std::numeric_limits<float>::max())}));
  CHECK_NOTHROW(require_finite_gradients({torch::full({100}, std::numeric_limits<double>::max(), torch::kFloat64)}));
}

TEST_CASE("counts of steps that cannot be are refused") {
  CHECK_THROWS_AS(afd::detail::check_non_finite(afd::SkipNonFinite{.limit = 0}), afd::ConfigError);
  CHECK_THROWS_AS(afd::detail::check_non_finite(afd::DeferNonFinite{.every = 0}), afd::ConfigError);
  CHECK_NOTHROW(afd::detail::check_non_finite(afd::ThrowNonFinite{}));
}

TEST_CASE("losses too large to be summed are finite all the same") {
  afd::detail::SkippedSteps skipped;
  const torch::Tensor huge = torch::full({}, std::numeric_limits<float>::max());
  CHECK_FALSE(refuses_losses<Plan>(Losses{huge, huge}, afd::ThrowNonFinite{}, skipped));
}

TEST_CASE("losses and gradients are counted together, up to the limit") {
  afd::detail::SkippedSteps skipped;
  const afd::SkipNonFinite policy{.limit = 3};
  const auto prepare = [] { throw afd::NonFiniteError("network 0: the norm of the gradients is nan"); };
  CHECK_FALSE(refuses_gradients([] {}, policy, skipped));
  CHECK(refuses_losses<Plan>(Losses{torch::full({}, std::numeric_limits<double>::quiet_NaN()), {}}, policy, skipped));
  CHECK(refuses_gradients(prepare, policy, skipped));
  CHECK(skipped.total == 2);
  CHECK_THROWS_WITH_AS(refuses_gradients(prepare, policy, skipped), doctest::Contains("so many steps"),
                       afd::NonFiniteError);
  CHECK(skipped.total == 2);  // a training that ends here goes on as before the step
  CHECK_THROWS_AS(refuses_gradients(prepare, afd::ThrowNonFinite{}, skipped), afd::NonFiniteError);
}

TEST_CASE("one number stands for many, of whatever dtypes, and undefined ones are finite") {
  using afd::detail::all_are_finite;
  const torch::Tensor one = torch::ones({}), deep = torch::ones({}, torch::kDouble);
  CHECK(all_are_finite({}));
  CHECK(all_are_finite({torch::Tensor(), one, deep}));
  CHECK_FALSE(all_are_finite({one, deep / 0}));
  CHECK_FALSE(all_are_finite({one * NAN, torch::Tensor(), deep}));
}

TEST_CASE("the sum of norms is finite if all gradients are") {
  using afd::detail::sum_of_norms;
  CHECK_FALSE(sum_of_norms({}).defined());
  CHECK_FALSE(sum_of_norms({torch::Tensor()}).defined());
  torch::Tensor bad = torch::ones({2, 2});
  CHECK(sum_of_norms({bad, torch::Tensor(), torch::ones({9})}).item<double>() == doctest::Approx(5));
  bad[1][0] = -INFINITY;
  CHECK_FALSE(std::isfinite(sum_of_norms({torch::ones({3}), bad}).item<double>()));
}

TEST_SUITE_END();
