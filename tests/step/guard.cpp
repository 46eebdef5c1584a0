// SPDX-License-Identifier: MIT
#include <afd/step/guard.hpp>
//
#include <array>
#include <limits>

#include <torch/torch.h>

#include <afd/plan/loss_entry.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("step");

using torch::Tensor;

namespace {

struct Plan {
  static constexpr std::size_t entry_count = 1;
  static constexpr std::array<afd::LossEntry, 1> entries{afd::LossEntry{"cross_entropy", afd::LossKind::network, 0, 0}};
};
using Losses = std::array<Tensor, 1>;
template <class Policy>
using Guard = afd::detail::Guard<Plan, Policy>;

const Losses& fine() {
  static const Losses losses{torch::ones({})};
  return losses;
}
const Losses& bad() {
  static const Losses losses{torch::full({}, std::numeric_limits<double>::quiet_NaN())};
  return losses;
}
const auto nothing = [] {};

}  // namespace

static_assert(Guard<afd::ThrowNonFinite>::looks && Guard<afd::SkipNonFinite>::looks);
static_assert(!Guard<afd::DeferNonFinite>::looks && !Guard<afd::UncheckedLosses>::looks);

TEST_CASE("statistics of an attempt that did not change weights are put back") {
  const Tensor statistic = torch::zeros({2});
  Guard<afd::ThrowNonFinite> guard({statistic});
  const afd::ThrowNonFinite policy;
  {
    Guard<afd::ThrowNonFinite>::Attempt attempt(guard, policy);
    statistic.fill_(1);
    CHECK_THROWS_AS(attempt.refuses(bad(), nothing), afd::NonFiniteError);
  }
  CHECK(torch::equal(statistic, torch::zeros({2})));
  CHECK_FALSE(guard.is_torn);
  {
    Guard<afd::ThrowNonFinite>::Attempt attempt(guard, policy);
    statistic.fill_(1);
    CHECK_FALSE(attempt.refuses(fine(), nothing));
    attempt.changes_weights();
    attempt.has_changed(fine());
    attempt.ends();
  }
  CHECK(torch::equal(statistic, torch::ones({2})));
  CHECK_FALSE(guard.is_torn);
}

TEST_CASE("an attempt that fails amid its changes leaves the run torn, and one that ends well does not mend it") {
  Guard<afd::ThrowNonFinite> guard({});
  const afd::ThrowNonFinite policy;
  {
    Guard<afd::ThrowNonFinite>::Attempt attempt(guard, policy);
    attempt.changes_weights();
  }
  CHECK(guard.is_torn);
  {
    Guard<afd::ThrowNonFinite>::Attempt attempt(guard, policy);
    attempt.changes_weights();
    attempt.ends();
  }
  CHECK(guard.is_torn);
}

TEST_CASE("in float16 gradients that are not finite lower the scale before the policy is asked") {
  Guard<afd::ThrowNonFinite> guard({}, afd::Precision::float16);
  const afd::ThrowNonFinite policy;
  const auto overflows = [] { throw afd::NonFiniteError("too large"); };
  int skipped = 0;
  const auto attempt = [&] {
    Guard<afd::ThrowNonFinite>::Attempt one(guard, policy);
    const bool refused = one.refuses(fine(), overflows);
    one.ends();
    return refused;
  };
  while (guard.loss_scale.now() > 1) {
    CHECK(attempt());
    ++skipped;
  }
  CHECK(skipped == 16);
  CHECK(guard.skipped.total == 16);
  CHECK(guard.skipped.in_a_row == 0);
  CHECK_THROWS_WITH_AS(attempt(), doctest::Contains("too large"), afd::NonFiniteError);
  CHECK_FALSE(guard.is_torn);
}

TEST_CASE("skipped attempts are counted, in a row until one changes weights") {
  Guard<afd::SkipNonFinite> guard({});
  const afd::SkipNonFinite policy{.limit = 3};
  const auto attempt = [&](const Losses& losses) {
    Guard<afd::SkipNonFinite>::Attempt one(guard, policy);
    const bool refused = one.refuses(losses, nothing);
    if (!refused) {
      one.changes_weights();
      one.has_changed(losses);
    }
    one.ends();
    return refused;
  };
  CHECK(attempt(bad()));
  CHECK(attempt(bad()));
  CHECK_FALSE(attempt(fine()));
  CHECK(guard.skipped.in_a_row == 0);
  CHECK(guard.skipped.total == 2);
  CHECK(attempt(bad()));
  CHECK(attempt(bad()));
  CHECK_THROWS_AS(attempt(bad()), afd::NonFiniteError);
}

TEST_CASE("where nothing is looked at, a step that fails has torn the run from its beginning") {
  const Tensor statistic = torch::zeros({2});
  Guard<afd::UncheckedLosses> guard({statistic});
  {
    Guard<afd::UncheckedLosses>::Attempt attempt(guard, {});
    statistic.fill_(1);
    CHECK_FALSE(attempt.refuses(bad(), nothing));
  }
  CHECK(guard.is_torn);
  CHECK(torch::equal(statistic, torch::ones({2})));
}

TEST_CASE("deferred losses are watched") {
  Guard<afd::DeferNonFinite> guard({});
  const afd::DeferNonFinite policy{.every = 100};
  Guard<afd::DeferNonFinite>::Attempt attempt(guard, policy);
  CHECK_FALSE(attempt.refuses(bad(), nothing));
  attempt.changes_weights();
  attempt.has_changed(bad());
  attempt.ends();
  CHECK_THROWS_AS(guard.watch.require_finite(), afd::NonFiniteError);
}

TEST_SUITE_END();
