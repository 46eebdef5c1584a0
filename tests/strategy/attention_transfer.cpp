// SPDX-License-Identifier: MIT
#include <afd/strategy/attention_transfer.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

static_assert(afd::LossTerm<afd::AttentionTransfer> && afd::EdgeTerm<afd::AttentionTransfer>);
static_assert(!afd::TermMakesEdge<afd::AttentionTransfer> && afd::AttentionTransfer::level == afd::Level::feature);

using torch::Tensor;

TEST_CASE("channels may differ, and scale does not matter") {
  torch::manual_seed(0);
  const afd::AttentionTransfer term;
  const Tensor map = torch::rand({2, 3, 4, 4}, torch::kDouble);
  const Tensor repeated = torch::cat({map, map}, 1) * 7;
  const Tensor view = term.view(map);
  CHECK(view.sizes() == torch::IntArrayRef({2, 4, 4}));
  CHECK(term.loss(view, term.view(repeated)).item<double>() < 1e-20);
  CHECK(term.loss(view, term.view(torch::rand({2, 5, 2, 2}, torch::kDouble))).item<double>() > 1e-4);
}

TEST_CASE("tokens on a grid are compared with maps, row by row") {
  torch::manual_seed(1);
  const afd::AttentionTransfer term;
  const Tensor map = torch::rand({2, 3, 4, 5}, torch::kDouble);
  const Tensor tokens = map.flatten(2).transpose(1, 2).contiguous();  // [2, 20, 3]
  CHECK(term.view(afd::Tokens{tokens, 4, 5}).equal(term.view(map)));
  CHECK(term.loss(term.view(afd::Tokens{tokens, 4, 5}), term.view(map)).item<double>() == 0);
  CHECK(term.view(afd::Tokens{tokens}).equal(term.view(map).flatten(1)));
}

TEST_CASE("tokens without a grid, or with one that is not theirs, are not compared with maps") {
  const afd::AttentionTransfer term;
  const Tensor tokens = torch::ones({2, 20, 3}), map = torch::ones({2, 3, 4, 5});
  CHECK_THROWS_WITH_AS(static_cast<void>(term.loss(term.view(afd::Tokens{tokens}), term.view(map))),
                       doctest::Contains("afd::Tokens{x, height, width}"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(term.view(afd::Tokens{tokens, 4, 4})), afd::ShapeError);
}

TEST_CASE("a vector per sample has no places, and is refused") {
  CHECK_THROWS_AS(static_cast<void>(afd::AttentionTransfer{}.view(torch::zeros({2, 3}))), afd::ShapeError);
}

TEST_SUITE_END();
