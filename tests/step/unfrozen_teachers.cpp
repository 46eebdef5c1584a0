// SPDX-License-Identifier: MIT
#include <afd/step/unfrozen_teachers.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;

TEST_CASE("a teacher that somebody forgot to freeze is told of, once") {
  Probe teacher, student;
  std::vector<std::string> said;
  const auto options = [&] {
    return afd::DistillerOptions{.say = [&](const std::string& text) { said.push_back(text); }};
  };
  afd::Distiller forgotten{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, options(), teacher, student};
  for (int i = 0; i < 3; ++i) forgotten.step(afd_test::tiny_batch());
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with("network 0 teaches and learns from no other network"));
  said.clear();
  afd::Distiller frozen{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, options(), afd::frozen(teacher),
                        student};
  frozen.step(afd_test::tiny_batch());
  Probe other;
  afd::Distiller cycle{afd::topology::Cycle<2>{}, afd::KnowledgeDistillation{}, options(), other, student};
  cycle.step(afd_test::tiny_batch());
  CHECK(said.empty());
}

TEST_SUITE_END();
