// SPDX-License-Identifier: MIT
#include <afd/strategy/attention_transfer.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::ComparesViews<afd::AttentionTransfer> && !afd::TermMakesEdge<afd::AttentionTransfer>);
static_assert(afd::AttentionTransfer::level == afd::Level::feature);

TEST_CASE("channels may differ, and scale does not matter") {
  torch::manual_seed(0);
  const afd::AttentionTransfer term;
  const auto map = torch::rand({2, 3, 4, 4}, torch::kDouble);
  const auto repeated = torch::cat({map, map}, 1) * 7;
  const auto view = term.view({map, {}});
  CHECK(view.sizes() == torch::IntArrayRef({2, 4, 4}));
  CHECK(term.loss(view, term.view({repeated, {}})).item<double>() < 1e-20);
  CHECK(term.loss(view, term.view({torch::rand({2, 5, 2, 2}, torch::kDouble), {}})).item<double>() > 1e-4);
}

TEST_CASE("a vector per sample has no places, and is refused") {
  CHECK_THROWS_AS(static_cast<void>(afd::AttentionTransfer{}.view({torch::zeros({2, 3}), {}})), afd::ShapeError);
}

TEST_SUITE_END();
