// SPDX-License-Identifier: MIT
#include <afd/network/ema.hpp>
//
#include <cmath>
#include <memory>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <torch/torch.h>

#include <afd/network/any_network.hpp>
#include <afd/network/save_network.hpp>
#include <afd/observe/evaluate.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using afd_test::Probe;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

namespace {

/// Cannot be cloned.
struct Plain : torch::nn::Module {
  Plain() { register_module("linear", linear); }
  Tensor forward(const Tensor& inputs) { return linear->forward(inputs); }
  torch::nn::Linear linear{3, 2};
};

/// Its head may be replaced.
struct Headed : torch::nn::Cloneable<Headed> {
  Headed() { reset(); }
  void reset() override { head = register_module("head", torch::nn::Linear(3, 2)); }
  void put(torch::nn::Linear other) { head = replace_module("head", std::move(other)); }
  Tensor forward(const Tensor& inputs) { return head->forward(inputs); }
  torch::nn::Linear head{nullptr};
};

/// Clones to what it is derived from.
struct Base : torch::nn::Cloneable<Base> {
  Base() { reset(); }
  void reset() override { linear = register_module("linear", torch::nn::Linear(3, 2)); }
  Tensor forward(const Tensor& inputs) { return linear->forward(inputs); }
  torch::nn::Linear linear{nullptr};
};
struct Derived : Base {
  Tensor forward(const Tensor& inputs) { return 2 * Base::forward(inputs); }
};

using OfTiny = decltype(afd::ema(std::declval<afd::PlainCnn&>()));

}  // namespace

static_assert(afd::is_frozen<OfTiny> && afd::is_frozen<const OfTiny&> && afd::MovesWithStudent<OfTiny>);
static_assert(!afd::MovesWithStudent<afd::PlainCnn> && !afd::MovesWithStudent<afd::Frozen<afd::PlainCnn>>);
static_assert(afd::Network<OfTiny> && afd::NetworkTakes<OfTiny, Tensor> && !afd::NetworkTakes<OfTiny, int>);
static_assert(std::is_same_v<decltype(afd::frozen(std::declval<OfTiny>())), OfTiny>);

TEST_CASE("after n steps the average is what the closed form says, for constant students and moving ones") {
  torch::manual_seed(0);
  auto student = tiny_network();
  const double d = 0.9;
  const auto teacher = afd::ema(student, {.decay = d});
  const Tensor own = afd::module_of(teacher).parameters()[0], theirs = student->parameters()[0];
  CHECK(torch::equal(own, theirs));
  CHECK_FALSE(own.is_same(theirs));
  const torch::NoGradGuard no_grad;
  // The k-th step finds the student at start + k * slope: what is left of it has the weight (1 - d) d^(n - k).
  const Tensor start = theirs.clone(), slope = torch::randn_like(theirs);
  const int n = 12;
  Tensor expected = std::pow(d, n) * start;
  for (int k = 1; k <= n; ++k) {
    Tensor(theirs).copy_(start + k * slope);
    teacher.advance(k);
    expected += (1 - d) * std::pow(d, n - k) * (start + k * slope);
  }
  CHECK(torch::allclose(own, expected, 1e-12, 1e-14));
  // A student that stands still is approached as d^n.
  const Tensor before = own.clone();
  for (int k = 1; k <= n; ++k) teacher.advance(n + k);
  CHECK(torch::allclose(own - theirs, std::pow(d, n) * (before - theirs), 1e-10, 1e-14));
}

TEST_CASE("a ramp begins with a small decay") {
  auto student = tiny_network();
  const auto teacher = afd::ema(student, {.decay = 0.9, .ramp = true});
  CHECK(teacher.decay_at(1) == doctest::Approx(2.0 / 11));
  CHECK(teacher.decay_at(5) == doctest::Approx(6.0 / 15));
  CHECK(teacher.decay_at(1000) == 0.9);
  CHECK(afd::ema(student, {.decay = 0.9}).decay_at(1) == 0.9);
  const Tensor own = afd::module_of(teacher).parameters()[0], theirs = student->parameters()[0];
  const Tensor start = own.detach().clone();
  const torch::NoGradGuard no_grad;
  Tensor(theirs).add_(1);
  teacher.advance(1);
  CHECK(torch::allclose(own, start + 9.0 / 11, 1e-12, 1e-12));
}

TEST_CASE("running statistics are copied or averaged, counters are copied") {
  torch::manual_seed(0);
  for (const auto buffers : {afd::EmaBuffers::copied, afd::EmaBuffers::averaged}) {
    Probe student, second;
    for (Probe* probe : {&student, &second}) {
      (*probe)->norm->num_batches_tracked.set_data(torch::zeros({}, torch::kInt64));  // to(kDouble) converts it
    }
    const auto teacher = afd::ema(second, student, {.decay = 0.75, .buffers = buffers});
    const Tensor start = second->norm->running_mean.clone();
    student->forward(tiny_batch().inputs);
    teacher.advance(1);
    const Tensor theirs = student->norm->running_mean;
    const bool averages = buffers == afd::EmaBuffers::averaged;
    CHECK(torch::allclose(second->norm->running_mean, averages ? 0.75 * start + 0.25 * theirs : theirs, 1e-14, 1e-14));
    CHECK(second->norm->num_batches_tracked.item<std::int64_t>() == 1);
    CHECK_FALSE(torch::allclose(start, theirs));
  }
}

TEST_CASE("it runs in eval mode without a graph, while its student trains") {
  torch::manual_seed(0);
  Probe student, average;
  const auto teacher = afd::ema(average, student);
  student->train();
  average->train();  // as on an enclosing module
  const auto outputs = afd::run(teacher, tiny_batch().inputs);
  CHECK_FALSE(outputs.logits.requires_grad());
  CHECK_FALSE(average->seen.training);
  CHECK_FALSE(average->seen.with_graph);
  CHECK(student->is_training());
  CHECK(student->seen.forwards == 0);
  CHECK(average->norm->num_batches_tracked.item<std::int64_t>() == 0);
  CHECK(&teacher.student_module() == student.ptr().get());
}

TEST_CASE("it may normalise with the batch, as a mean teacher in train mode does") {
  torch::manual_seed(0);
  auto student = afd::resnet8(4, 1);
  const auto teacher = afd::ema(student, {.statistics = afd::Statistics::of_batch});
  const Tensor inputs = torch::randn({6, 1, 8, 8}) * 3 + 1;
  const auto before = afd_test::state_of(afd::module_of(teacher));
  student->train();
  const Tensor expected = [&] {
    const torch::NoGradGuard no_grad;
    return student->forward(inputs).logits;
  }();
  CHECK(torch::allclose(afd::run(teacher, inputs).logits, expected, 1e-5, 1e-6));
  CHECK(afd_test::same_state(afd::module_of(teacher), before));
  torch::nn::Linear plain(3, 2);
  CHECK_THROWS_AS(static_cast<void>(afd::ema(plain, {.statistics = afd::Statistics::of_batch})), afd::ConfigError);
}

TEST_CASE("what cannot be cloned is refused with the way out, which works") {
  torch::manual_seed(0);
  Plain student, second;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ema(student)), doctest::Contains("afd::ema(average, student, options)"),
                       afd::ConfigError);
  const auto teacher = afd::ema(second, student);
  CHECK(torch::equal(second.linear->weight, student.linear->weight));
  const auto sliced = std::make_shared<Derived>();
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ema(sliced)), doctest::Contains("another class"), afd::ConfigError);
  const std::shared_ptr<Base> hidden = sliced;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ema(hidden)), doctest::Contains("another class"), afd::ConfigError);
  const afd::AnyNetwork any(tiny_network()), other(tiny_network());
  const auto of_any = afd::ema(other, any);
  const Tensor inputs = tiny_batch().inputs;
  CHECK(torch::equal(afd::run(of_any, inputs).logits, afd::run(afd::frozen(any), inputs).logits));
}

TEST_CASE("options that cannot be, and an average that is no other network, are refused, and nothing is changed") {
  auto student = tiny_network(), second = tiny_network(), wide = tiny_network({3, 6});
  const auto before = afd_test::state_of(*second), of_wide = afd_test::state_of(*wide);
  for (const double decay : {-0.1, 1.0, 2.0, std::nan("")}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(afd::ema(second, student, {.decay = decay})), doctest::Contains("in [0, 1)"),
                         afd::ConfigError);
  }
  CHECK_THROWS_AS(static_cast<void>(afd::ema(student, student)), afd::ConfigError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::ema(wide, student)), doctest::Contains("head.weight"), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::ema(std::shared_ptr<Base>(), std::make_shared<Base>())), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(afd::ema(std::shared_ptr<Base>())), afd::ConfigError);
  CHECK(afd_test::same_state(*second, before));
  CHECK(afd_test::same_state(*wide, of_wide));
  CHECK_THROWS_AS(afd::ema(student).advance(0), afd::ConfigError);
}

TEST_CASE("it follows a student that was converted with it, and refuses one that was converted alone") {
  torch::manual_seed(0);
  auto student = tiny_network();
  const auto teacher = afd::ema(student, {.decay = 0.5});
  student->to(torch::kFloat);
  const auto before = afd_test::state_of(afd::module_of(teacher));
  CHECK_THROWS_WITH_AS(teacher.advance(1), doctest::Contains("but its student's is Float"), afd::ConfigError);
  CHECK_THROWS_AS(teacher.require_can_advance(), afd::ConfigError);
  CHECK(afd_test::same_state(afd::module_of(teacher), before));
  afd::module_of(teacher).to(torch::kFloat);
  const torch::NoGradGuard no_grad;
  const Tensor own = afd::module_of(teacher).parameters()[0], theirs = student->parameters()[0];
  const Tensor start = own.clone();
  Tensor(theirs).add_(2);
  teacher.advance(1);
  CHECK(torch::allclose(own, start + 1));
}

TEST_CASE("it follows modules that take another's place, and refuses those that do not fit") {
  torch::manual_seed(0);
  const auto student = std::make_shared<Headed>(), average = std::make_shared<Headed>();
  const auto teacher = afd::ema(average, student, {.decay = 0.5});
  const torch::NoGradGuard no_grad;
  const Tensor start = average->head->weight.clone();
  student->put(torch::nn::Linear(3, 2));
  teacher.advance(1);
  CHECK(torch::allclose(average->head->weight, 0.5 * start + 0.5 * student->head->weight));
  student->put(torch::nn::Linear(3, 4));
  const auto before = afd_test::state_of(*average);
  CHECK_THROWS_WITH_AS(teacher.advance(2), doctest::Contains("head.weight: a parameter [2, 3] in the average"),
                       afd::ConfigError);
  CHECK(afd_test::same_state(*average, before));
  average->put(torch::nn::Linear(3, 4));
  const Tensor other = average->head->weight.clone();
  teacher.advance(2);
  CHECK(torch::allclose(average->head->weight, 0.5 * other + 0.5 * student->head->weight));
}

TEST_CASE("an average of a student made under InferenceMode follows it all the same") {
  std::shared_ptr<Base> second;
  {
    const c10::InferenceMode guard;
    second = std::make_shared<Base>();
  }
  const auto student = std::make_shared<Base>();
  const auto teacher = afd::ema(second, student, {.decay = 0.0});
  {
    const torch::NoGradGuard no_grad;
    Tensor weight = student->linear->weight;
    weight.fill_(3);
  }
  CHECK_NOTHROW(teacher.advance(1));
  CHECK(torch::equal(second->linear->weight, student->linear->weight));
}

TEST_CASE("it teaches a student in a distillation, is scored beside it, and is saved as other networks are") {
  torch::manual_seed(0);
  Probe student, average;
  const auto teacher = afd::ema(average, student, {.decay = 0.9});
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{}, teacher, student};
  std::vector<afd::Batch> batches;
  for (int step = 1; step <= 5; ++step) {
    batches.push_back(tiny_batch());
    const Tensor before = average->head->weight.detach().clone();
    static_cast<void>(distiller.step(batches.back()));
    CHECK(torch::allclose(average->head->weight, 0.9 * before + 0.1 * student->head->weight, 1e-12, 1e-14));
    CHECK_FALSE(torch::equal(average->head->weight, before));
  }
  CHECK_FALSE(average->head->weight.grad().defined());
  const auto scores = distiller.evaluate(batches);
  CHECK(scores.networks[0].samples == 30);
  CHECK(scores.ensemble.top1 == scores.networks[1].top1);  // of those that train
  const afd_test::TempFolder folder;
  afd::save_network(teacher, folder.path() / "average.afd");
  Probe read;
  afd::load_network(read, folder.path() / "average.afd");
  CHECK(afd_test::same_state(*read, afd_test::state_of(*average)));
  const afd::StateDict state = distiller.state();
  const auto then = afd_test::state_of(*average);
  {
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : average->parameters()) parameter.zero_();
  }
  distiller.load_state(state);
  CHECK(afd_test::same_state(*average, then));
}

TEST_SUITE_END();
