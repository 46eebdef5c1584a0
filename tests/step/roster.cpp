// SPDX-License-Identifier: MIT
#include <afd/step/roster.hpp>
//
#include <string>
#include <tuple>
#include <vector>

#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;
using torch::Tensor;
using Plan = afd::detail::Plan<afd::topology::OneWay, afd::DeepMutualLearning, afd::Frozen<Probe>, Probe>;

namespace {

struct TiedImpl : torch::nn::Module {
  TiedImpl() {
    weight = register_parameter("weight", torch::ones({2}));
    register_parameter("again", weight);
    register_parameter("fixed", torch::ones({3}), /*requires_grad=*/false);
  }
  Tensor weight;
};

}  // namespace

TEST_CASE("what is named twice is listed once, and what needs no gradient not at all") {
  const TiedImpl module;
  const afd::detail::Roster found = afd::detail::trainable(module);
  REQUIRE(found.parameters.size() == 1);
  CHECK(found.parameters[0].is_same(module.weight));
  CHECK(found.names == std::vector<std::string>{"weight"});
  afd::detail::Roster more{{torch::ones({1})}, {"other"}};
  afd::detail::append_trainable(more, module, "edge/");
  CHECK(more.parameters.size() == 2);
  CHECK(more.names == std::vector<std::string>{"other", "edge/weight"});
}

TEST_CASE("a frozen network has no parameters in the roster") {
  Probe teacher, student;
  const auto roster = afd::detail::roster_of<Plan>({afd::frozen(teacher), student});
  CHECK(roster[0].parameters.empty());
  CHECK(roster[1].parameters.size() == student->parameters().size());
}

TEST_CASE("networks that share a parameter, and live ones that have none, are refused") {
  Probe one, other;
  CHECK_THROWS_WITH_AS(afd::detail::roster_of<Plan>({afd::frozen(one), one}),
                       doctest::Contains("networks 0 and 1 share a parameter"), afd::ConfigError);
  for (Tensor& parameter : other->parameters()) parameter.requires_grad_(false);
  CHECK_THROWS_WITH_AS(afd::detail::roster_of<Plan>({afd::frozen(one), other}),
                       doctest::Contains("network 1 has no parameter"), afd::ConfigError);
}

TEST_SUITE_END();
