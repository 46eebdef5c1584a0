// SPDX-License-Identifier: MIT
#include <afd/step/meeting.hpp>
//
#include <algorithm>
#include <string>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/lone_exchange.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

TEST_CASE("what must be the same is told once: versions, recipe, names and shapes; norms of what is trained") {
  auto teacher = afd_test::tiny_network(), student = afd_test::tiny_network({3, 5});
  torch::nn::BatchNorm2d plain(2);
  student->register_module("extra", plain);
  const afd_test::LoneExchange exchange;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.exchange = exchange}, afd::frozen(teacher), student};
  const afd::Batch batch = afd_test::tiny_batch();
  distiller.build(batch);
  const auto& log = *exchange.log;
  CHECK(distiller.cohort().has_met);
  const auto value = [&](const std::string& name) {
    const auto found =
        std::find_if(log.facts.begin(), log.facts.end(), [&](const auto& fact) { return fact.first == name; });
    return found == log.facts.end() ? "nothing" : found->second;
  };
  CHECK(value("afd") == AFD_VERSION_STRING);
  CHECK(value("logit optimizer.lr") == "0.1");
  CHECK(value("network 0") == "frozen");
  CHECK(value("network 1/extra.running_mean") == "Float [2]");
  CHECK(log.tensors > teacher->parameters().size() + student->parameters().size());
  CHECK(log.plain_norms == 1);
  std::size_t own = 0;
  for (const auto& module : student->modules()) own += afd::detail::is_batch_norm(*module) ? 1U : 0U;
  CHECK(log.sync_norms >= own - 1);
  const std::size_t calls = log.calls.size();
  distiller.build(batch);
  distiller.step(batch);
  CHECK(std::count(log.calls.begin() + static_cast<std::ptrdiff_t>(calls), log.calls.end(), "begin") == 0);
}

TEST_SUITE_END();
