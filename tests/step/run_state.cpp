// SPDX-License-Identifier: MIT
#include <afd/step/run_state.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::EdgeShape;

TEST_CASE("shapes of edges are read as they were saved") {
  const afd::FeatureShape map{3, {4, 5}}, vector{7, {}}, volume{2, {3, 4, 5}};
  afd::FeatureShape tokens{6, {9}};
  tokens.tokens = tokens.is_signed = true;
  const std::vector<EdgeShape> shapes{{map, vector, torch::TensorOptions(torch::kDouble)},
                                      {tokens, volume, torch::TensorOptions(torch::kFloat)}};
  afd::StateDict state;
  afd::detail::save_shapes(state, shapes);
  const auto read = afd::detail::saved_shapes(state, 2, torch::kCPU);
  REQUIRE(read.size() == 2);
  CHECK((read[0].student == map));
  CHECK((read[0].teacher == vector));
  CHECK((read[1].student == tokens));
  CHECK(read[1].student.is_signed);
  CHECK_FALSE(read[1].teacher.is_signed);
  CHECK((read[1].teacher == volume));
  CHECK((read[0].like.dtype() == torch::kDouble));
  CHECK((read[1].like.dtype() == torch::kFloat));
  CHECK_THROWS_AS(static_cast<void>(afd::detail::saved_shapes(state, 3, torch::kCPU)), afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(afd::detail::saved_shapes(afd::StateDict(), 2, torch::kCPU)), afd::FormatError);
}

TEST_CASE("a shape that cannot be is refused") {
  afd::StateDict state;
  state.set("shapes of edges", torch::full({14}, 4, torch::kInt64));
  state.set("dtype of edges/0", torch::empty({0}));
  CHECK_THROWS_AS(static_cast<void>(afd::detail::saved_shapes(state, 1, torch::kCPU)), afd::FormatError);
}

TEST_CASE("modules are named by network, edge and term, in the order of the edges' modules") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  distiller.build(afd_test::tiny_batch());
  using Plan = decltype(distiller)::Plan;
  std::vector<std::string> prefixes;
  for (const auto& each : afd::detail::modules_of_run<Plan>({a, b}, distiller.cohort().edges())) {
    prefixes.push_back(each.prefix);
  }
  CHECK(prefixes == std::vector<std::string>{"network 0/", "network 1/", "edge 0 -> 1, term 2/transfer/",
                                             "edge 0 -> 1, term 2/discriminator/", "edge 1 -> 0, term 2/transfer/",
                                             "edge 1 -> 0, term 2/discriminator/"});
}

TEST_SUITE_END();
