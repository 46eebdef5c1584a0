// SPDX-License-Identifier: MIT
#include <afd/step/trainable_flags.hpp>
//
#include <tuple>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::detail::TrainableFlags;
using afd_test::Probe;
using Plan = afd::detail::Plan<afd::topology::OneWay, afd::DeepMutualLearning, afd::Frozen<Probe>, Probe>;

TEST_CASE("flags are saved, compared, set and put back; those of a frozen network are nobody's business") {
  Probe teacher, student;
  const std::tuple networks{afd::frozen(teacher), student};
  student->head->bias.requires_grad_(false);
  afd::StateDict state;
  TrainableFlags::of<Plan>(networks).save(state);
  CHECK(TrainableFlags::of<Plan>(networks).difference(state).empty());
  teacher->head->bias.requires_grad_(false);
  CHECK(TrainableFlags::of<Plan>(networks).difference(state).empty());
  student->head->bias.requires_grad_(true);
  CHECK(TrainableFlags::of<Plan>(networks).difference(state) ==
        "network 1/head.bias was frozen when the state was saved, and is trained here");
  student->head->bias.requires_grad_(false);
  student->conv->weight.requires_grad_(false);
  TrainableFlags flags = TrainableFlags::of<Plan>(networks);
  CHECK(flags.difference(state) == "network 1/conv.weight was trained when the state was saved, and is frozen here");
  flags.set(state);
  CHECK(student->conv->weight.requires_grad());
  CHECK_FALSE(student->head->bias.requires_grad());
  flags.restore();
  CHECK_FALSE(student->conv->weight.requires_grad());
}

TEST_SUITE_END();
