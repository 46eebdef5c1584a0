// SPDX-License-Identifier: MIT
#include <afd/step/owned_state.hpp>
//
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/lone_peers.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

TEST_CASE("networks elsewhere, their edges' layers and their optimizers become those of the process that has them") {
  const auto make = [](const afd_test::LonePeers& peers, auto& a, auto& b) {
    const afd::DistillerOptions options{.exchange = peers};
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    for (int i = 0; i < 2; ++i) distiller.step(afd_test::tiny_batch());
    return distiller;
  };
  const afd_test::LonePeers there({0, 1}), here({0, 1});
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
  auto c = afd_test::tiny_network(), d = afd_test::tiny_network({4, 5});
  auto others = make(there, a, b);
  const afd::StateDict theirs = others.state();  // as either process
  auto ours = make(here, c, d);
  const afd::StateDict before = ours.state();
  here.peers->is_everywhere = false;
  here.peers->texts = there.peers->texts;
  const afd::StateDict after = ours.state();
  int own = 0, of_other = 0, optimizers = 0;
  for (const auto& [key, value] : after.values()) {
    const auto* tensor = std::get_if<torch::Tensor>(&value);
    if (tensor == nullptr || key.starts_with("random numbers")) continue;
    const bool is_of_one = key.starts_with("network 1/") || key.starts_with("edge 0 -> 1") ||
                           key.starts_with("logit optimizer 1/") || key.starts_with("feature optimizer 1/") ||
                           key.starts_with("discriminator optimizer 0/");  // of the edge 0 -> 1
    INFO(key);
    CHECK(torch::equal(*tensor, (is_of_one ? theirs : before).get<torch::Tensor>(key)));
    (is_of_one ? of_other : own) +=
        torch::equal(before.get<torch::Tensor>(key), theirs.get<torch::Tensor>(key)) ? 0 : 1;
    if (is_of_one && key.find("optimizer") != std::string::npos) ++optimizers;
  }
  CHECK(own > 10);
  CHECK(of_other > 10);
  CHECK(optimizers > 5);
}

TEST_SUITE_END();
