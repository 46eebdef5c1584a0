// SPDX-License-Identifier: MIT
#include <afd/optim/per_network.hpp>
//
#include <cmath>
#include <map>
#include <string>
#include <type_traits>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/optim/adam.hpp>
#include <afd/optim/sgd.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("optim");

using afd_test::Probe;

TEST_CASE("each network has the policy of its place, and all of them are described") {
  const afd::PerNetwork policies{afd::Sgd{.lr = 0.25}, afd::AdamW{.lr = 0.5}};
  CHECK(afd::detail::policy_of<0>(policies).lr == 0.25);
  CHECK(afd::detail::policy_of<1>(policies).lr == 0.5);
  CHECK(afd::detail::policy_of<7>(afd::Sgd{.lr = 3}).lr == 3);
  static_assert(std::is_same_v<afd::detail::PolicyOf<1, std::remove_const_t<decltype(policies)>>, afd::AdamW>);
  static_assert(afd::detail::all_optimizers<std::remove_const_t<decltype(policies)>, afd::detail::HasState>());
  static_assert(!afd::detail::all_optimizers<afd::PerNetwork<afd::Sgd, afd_test::Recorder>, afd::detail::HasState>());
  std::map<std::string, std::string> described;
  policies.describe([&](const auto& key, const auto& text) { described[std::string(key)] = text; });
  bool first = false, second = false;
  for (const auto& [key, text] : described) {
    first = first || (key.starts_with("network 0") && text == "0.25");
    second = second || (key.starts_with("network 1") && text == "0.5");
  }
  CHECK(first);
  CHECK(second);
}

TEST_CASE("a pair with an optimizer of another type for each network updates each by its own") {
  torch::manual_seed(0);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  const afd_test::Recorder recorder;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Alone{},
                           afd::DistillerOptions{.logit = afd::PerNetwork{afd::Sgd{.lr = 0.125}, recorder}}, a, b};
  const auto first = afd_test::state_of(*a), second = afd_test::state_of(*b);
  distiller.step(afd_test::tiny_batch());
  CHECK(recorder[0].steps == 1);
  CHECK(recorder[0].parameters.size() == b->parameters().size());
  CHECK_FALSE(torch::equal(a->parameters()[0], first[0]));
  CHECK(torch::equal(b->parameters()[0], second[0]));  // a recorder changes nothing
  CHECK(distiller.rates().logit[0] == 0.125);
  CHECK(std::isnan(distiller.rates().logit[1]));
}

TEST_CASE("a frozen network has none") {
  Probe teacher, student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{},
                           afd::DistillerOptions{.logit = afd::PerNetwork{afd::NoOptimizer{}, afd::Sgd{.lr = 0.5}}},
                           afd::frozen(teacher), student};
  distiller.step(afd_test::tiny_batch());
  CHECK(distiller.rates().logit[1] == 0.5);
}

TEST_SUITE_END();
