// SPDX-License-Identifier: MIT
#include <afd/plan/recipe.hpp>
//
#include <afd/step/distiller.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("plan");

TEST_CASE("a recipe names topology, terms, optimizers, policies and their numbers") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  const afd::Distiller distiller{
      afd::topology::OneWay{},
      afd::Strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = 2.5, .weight = 0.5},
                    afd::Every<4, afd::FeatureL1>{}},
      afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.03}, .order = afd::DiscriminatorFirst{}}, afd::frozen(a), b};
  const afd::Recipe recipe = distiller.recipe();
  CHECK(recipe.at("network 0") == "frozen");
  CHECK(recipe.at("network 1") == "trained");
  CHECK(recipe.at("term 1") == "afd::MutualKL");
  CHECK(recipe.at("term 1.0") == "2.5");
  CHECK(recipe.at("term 1.1") == "0.5");
  CHECK(recipe.at("term 1 edges") == "0 -> 1");
  CHECK(recipe.at("term 2 is computed") == "every 4 step(s)");
  CHECK(recipe.at("logit optimizer") == "afd::Sgd");
  CHECK(recipe.at("logit optimizer.0") == "0.03");
  CHECK(recipe.at("order") == "afd::DiscriminatorFirst");
}

TEST_CASE("differences are named, and only they") {
  const afd::Recipe file{{"a", "1"}, {"b", "2"}, {"c", "3"}}, here{{"a", "1"}, {"b", "5"}, {"d", "4"}};
  CHECK(afd::differences(file, file).empty());
  CHECK(afd::differences(file, here) ==
        "\n  b: 2 in the file, 5 here\n  c: 3 in the file, nothing here\n  d: nothing in the file, 4 here");
}

TEST_SUITE_END();
