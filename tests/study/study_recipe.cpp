// SPDX-License-Identifier: MIT
#include <afd/study/study_recipe.hpp>
//
#include <type_traits>

#include <afd/observe/regression.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("study");

TEST_CASE("a recipe has a name, a way to make its distiller, and what its trainer is told") {
  const auto make = [](int network) { return network; };
  const auto plain = afd::recipe<"l1+kl-0.5">(make, {.epochs = 3});
  CHECK(plain.name == "l1+kl-0.5");
  CHECK(plain.make(7) == 7);
  CHECK(plain.training.epochs == 3);
  CHECK(plain.begins_with.empty());
  const auto taught = plain.with_weights_of("alone", 1).with_weights_of("alone", 2);
  REQUIRE(taught.begins_with.size() == 2);
  CHECK(taught.begins_with[0].recipe == "alone");
  CHECK(taught.begins_with[1].network == 2);
  const auto observed = taught.observed_by([](int distiller) { return distiller + 1; });
  CHECK(observed.observe(1) == 2);
  CHECK(observed.begins_with.size() == 2);
  const auto scored = afd::recipe<"r">(make, afd::TrainerOptions{.score = afd::Regression{}});
  CHECK(std::is_same_v<decltype(scored.training.score), afd::Regression>);
}

TEST_CASE("names of recipes name files") {
  CHECK(afd::detail::names_a_file("afd-T5_v1.2+x"));
  for (const char* name : {"", "a b", "a/b", "..", ".hidden", "a\nb", "\xc3\xa4"}) {
    CHECK_MESSAGE(!afd::detail::names_a_file(name), name);
  }
}

TEST_SUITE_END();
