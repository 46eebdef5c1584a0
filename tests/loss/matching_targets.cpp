// SPDX-License-Identifier: MIT
#include <afd/loss/matching_targets.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

void check(torch::IntArrayRef outputs, const torch::Tensor& targets) {
  afd::detail::check_matching_targets(torch::zeros(outputs), targets, "term", "logits", "do this");
}

}  // namespace

TEST_CASE("floating targets of the outputs' shape pass, whatever the rank") {
  CHECK_NOTHROW(check({6}, torch::zeros({6})));
  CHECK_NOTHROW(check({6, 1}, torch::zeros({6, 1})));
  CHECK_NOTHROW(check({6, 3, 4, 5}, torch::zeros({6, 3, 4, 5}, torch::kDouble)));
}

TEST_CASE("shapes that would be broadcast, and dtypes, are refused with the call that repairs them") {
  CHECK_THROWS_WITH_AS(check({6, 1}, torch::zeros({6})),
                       "term: targets are Float of shape [6], but must be floating and of the logits' shape [6, 1]; "
                       "give targets.unsqueeze(1)",
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({6}, torch::zeros({6, 1})), doctest::Contains("give targets.squeeze(1)"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 1, 4, 4}, torch::zeros({6, 4, 4})), doctest::Contains("give targets.unsqueeze(1)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 2}, torch::zeros({6, 2}, torch::kInt64)),
                       doctest::Contains("targets are Long of shape [6, 2]"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 2}, torch::zeros({6, 2}, torch::kInt64)),
                       doctest::Contains("give targets.to(torch::kFloat32)"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 1}, torch::zeros({6}, torch::kBool)),
                       doctest::Contains("give targets.unsqueeze(1).to(torch::kFloat32)"), afd::DataError);
}

TEST_CASE("what no call repairs is told in words") {
  CHECK_THROWS_WITH_AS(check({6, 3}, torch::zeros({6})), doctest::Contains("logits' shape [6, 3]; do this"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 3}, torch::zeros({6, 1})), doctest::Contains("; do this"), afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 3}, torch::zeros({3, 3})),
                       "the batch has 6 inputs, but 3 targets; give one row of targets per input", afd::DataError);
  CHECK_THROWS_WITH_AS(check({6, 3}, {}),
                       "term needs targets, but the batch's are undefined; give floating targets of the logits' shape "
                       "[6, 3], or leave the term out of the strategy",
                       afd::DataError);
}

TEST_SUITE_END();
