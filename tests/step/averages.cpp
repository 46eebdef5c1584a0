// SPDX-License-Identifier: MIT
#include <afd/step/averages.hpp>
//
#include <cstdint>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/lone_peers.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

namespace {

/// A student learns from its own average.
struct MeanTeacher {
  static constexpr std::size_t networks = 2;
  template <class Use>
  void operator()(const Use& use) const {
    auto student = tiny_network();
    afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{},
                             afd::ema(student, {.decay = 0.75, .buffers = afd::EmaBuffers::averaged}), student};
    use(distiller);
  }
};

}  // namespace

TEST_CASE("an average follows its student after each step, and is scored beside it") {
  torch::manual_seed(1);
  auto student = tiny_network();
  auto average = afd::ema(student, {.decay = 0.75});
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, average, student};
  Tensor expected = student->parameters()[0].detach().clone();
  const Tensor own = afd::module_of(average).parameters()[0];
  for (int i = 0; i < 4; ++i) {
    distiller.step(tiny_batch());
    expected = 0.75 * expected + 0.25 * student->parameters()[0].detach();
    CHECK(torch::allclose(own, expected, 1e-12, 1e-14));
    CHECK_FALSE(own.equal(student->parameters()[0]));
  }
  CHECK_FALSE(own.grad().defined());
  const std::vector<afd::Batch> batches{tiny_batch()};
  const auto scores = distiller.evaluate(batches);
  CHECK(scores.networks[0].samples == 6);
  CHECK(scores.ensemble.loss == scores.networks[1].loss);  // of those that are trained
}

TEST_CASE("a step that is refused leaves the average alone") {
  afd_test::Probe student;
  auto average = afd::ema(afd_test::Probe(), student, {.decay = 0.5});
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, average, student};
  distiller.step(tiny_batch());
  const auto before = afd_test::state_of(afd::module_of(average));
  student->scale = INFINITY;
  CHECK_THROWS_AS(distiller.step(tiny_batch()), afd::NonFiniteError);
  CHECK(afd_test::same_state(afd::module_of(average), before));
  student->scale = 1;
  // One that could not follow is found out before its student moves.
  afd::module_of(average).to(torch::kFloat);
  const auto student_before = afd_test::state_of(*student);
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("network 0"), afd::Error);
  CHECK(afd_test::same_state(*student, student_before));
}

TEST_CASE("an average that is placed in another process than its student is refused") {
  afd_test::Probe student;
  auto average = afd::ema(afd_test::Probe(), student);
  const afd_test::LonePeers apart({1, 0}), together({1, 1});
  const auto step = [&](const afd_test::LonePeers& peers) {
    peers.peers->is_everywhere = false;
    const afd::DistillerOptions options{.exchange = peers};
    afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, options, average, student};
    distiller.step(tiny_batch());
  };
  CHECK_THROWS_WITH_AS(step(apart),
                       doctest::Contains("network 0 is the average of network 1, which is placed in another process"),
                       afd::ConfigError);
  CHECK_NOTHROW(step(together));
}

TEST_CASE("an average whose student is not trained here is refused") {
  afd_test::Probe student, other;
  auto average = afd::ema(afd_test::Probe(), other);
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, average, student};
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()),
                       doctest::Contains("network 0 is the average of a network that is not trained here"),
                       afd::ConfigError);
}

TEST_CASE("a training with an average that was stopped goes on to the same bits") {
  const afd_test::TempFolder whole, parts;
  afd_test::Quiet quiet;
  afd_test::train_in(MeanTeacher{}, quiet.options(whole.path()), 0, 1);
  afd_test::train_in(MeanTeacher{}, quiet.options(parts.path()), 5, 1);
  afd_test::train_in(MeanTeacher{}, quiet.options(parts.path()), 0, 2);
  CHECK(afd_test::outcome(whole.path()) == afd_test::outcome(parts.path()));
}

TEST_SUITE_END();
