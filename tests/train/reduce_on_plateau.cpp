// SPDX-License-Identifier: MIT
#include <afd/train/reduce_on_plateau.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

using afd::ReduceOnPlateau;
using afd::detail::Plateau;

TEST_CASE("after more evaluations without progress than its patience the rate is lowered, and it waits anew") {
  const ReduceOnPlateau options{.factor = 0.5, .patience = 2, .least = 0.2};
  Plateau plateau;
  const auto after = [&](bool is_best) {
    plateau.note(is_best, options);
    return plateau.factor;
  };
  CHECK(after(false) == 1.0);
  CHECK(after(false) == 1.0);
  CHECK(after(true) == 1.0);
  CHECK(after(false) == 1.0);
  CHECK(after(false) == 1.0);
  CHECK(after(false) == 0.5);
  CHECK(after(false) == 0.5);
  CHECK(after(false) == 0.5);
  CHECK(after(false) == 0.25);
  after(false), after(false);
  CHECK(after(false) == 0.2);  // not below its least
}

TEST_CASE("switched off it only counts, and its numbers are a state") {
  Plateau plateau;
  for (int i = 0; i < 50; ++i) plateau.note(false, ReduceOnPlateau{});
  CHECK(plateau.factor == 1.0);
  plateau.factor = 0.25;
  afd::StateDict state;
  afd::SaveState save(state);
  plateau.visit(save);
  Plateau other;
  afd::LoadState load(state);
  other.visit(load);
  CHECK(other.factor == 0.25);
  CHECK(other.waited == 50);
}

TEST_CASE("numbers that cannot be are refused") {
  CHECK_THROWS_AS((ReduceOnPlateau{.factor = 0}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((ReduceOnPlateau{.factor = 1.5}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((ReduceOnPlateau{.factor = 0.5, .patience = -1}.validate()), afd::ConfigError);
  CHECK_THROWS_AS((ReduceOnPlateau{.factor = 0.5, .least = 2}.validate()), afd::ConfigError);
}

TEST_SUITE_END();
