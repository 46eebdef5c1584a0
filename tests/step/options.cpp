// SPDX-License-Identifier: MIT
#include <afd/step/options.hpp>
//
#include <cstddef>
#include <type_traits>
#include <vector>

#include <torch/nn/functional/loss.h>
#include <torch/optim.h>

#include <afd/network/frozen.hpp>
#include <afd/optim/torch_optimizer.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/feature_alignment.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/transfer/transfer.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

namespace {

/// What each kind of optimizer got in a step of two unequal networks.
template <class Updates>
struct OneStep {
  afd_test::Recorder logit, feature, discriminator;
  afd::PlainCnn a, b;

  OneStep() : a(nullptr), b(nullptr) {
    torch::manual_seed(5);
    a = afd_test::tiny_network();
    b = afd_test::tiny_network({4, 6});
    afd::Distiller distiller{
        afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.logit = logit, .feature = feature, .discriminator = discriminator, .updates = Updates{}},
        a, b};
    distiller.step(afd_test::tiny_batch());
  }
};

/// features = x A^T B^T, logits = features C^T: their gradients are written down easily.
struct MatricesImpl : torch::nn::Module {
  MatricesImpl()
      : a(register_parameter("a", torch::randn({3, 4}, torch::kDouble))),
        b(register_parameter("b", torch::randn({5, 3}, torch::kDouble))),
        c(register_parameter("c", torch::randn({2, 5}, torch::kDouble))) {}
  [[nodiscard]] afd::Outputs forward(const torch::Tensor& x) const {
    const torch::Tensor features = x.mm(a.t()).mm(b.t());
    return {.features = features, .logits = features.mm(c.t())};
  }
  torch::Tensor a, b, c;
};
TORCH_MODULE(Matrices);

constexpr double logit_rate = 0.3;

/// What the feature optimizer of a student gets in a step with a frozen teacher; weights are as the logit optimizer
/// left them, for the recorder changes nothing.
template <class Updates, class Logit>
struct OfMatrices {
  Matrices teacher{nullptr}, student{nullptr}, before{nullptr};
  torch::Tensor x, labels;
  std::vector<torch::Tensor> feature_gradients;

  explicit OfMatrices(const Logit& logit) {
    torch::manual_seed(11);
    teacher = Matrices();
    student = Matrices();
    before = Matrices();
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < 3; ++i) before->parameters()[i].copy_(student->parameters()[i]);
    x = torch::randn({6, 4}, torch::kDouble);
    labels = torch::randint(2, {6}, torch::kLong);
    const torch::AutoGradMode with_grad(true);
    afd_test::Recorder feature;
    const afd::Strategy strategy{afd::CrossEntropy{}, afd::FeatureAlignment<afd::L2Distance, afd::IdentityTransfer>{}};
    const afd::DistillerOptions<Logit, afd_test::Recorder, afd::Adam, afd::Simultaneous, afd::ThrowNonFinite,
                                afd::Sequential, Updates>
        options{.logit = logit, .feature = feature};
    afd::Distiller distiller{afd::topology::OneWay{}, strategy, options, afd::frozen(teacher), student};
    distiller.step(afd::Batch{x, labels});
    feature_gradients = feature[0].gradients;
  }
};

/// A step with these options changes a network, transfer layers and discriminators.
template <class Options>
void check_trains_all(const Options& options) {
  torch::manual_seed(5);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  distiller.build(batch);
  std::vector<std::vector<torch::Tensor>> before;
  for (const auto& module : distiller.cohort().edges().modules()) before.push_back(afd_test::state_of(*module));
  const auto network = afd_test::state_of(*a);
  distiller.step(batch);
  CHECK_FALSE(afd_test::same_state(*a, network));
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto& module = *distiller.cohort().edges().modules()[i];
    if (!module.parameters().empty()) CHECK_FALSE(afd_test::same_state(module, before[i]));
  }
}

}  // namespace

TEST_CASE("the defaults are SGD for logits, slow Adam for features and discriminators, all at once, checked") {
  const afd::DistillerOptions<> options;
  static_assert(std::is_same_v<decltype(options.order), afd::Simultaneous>);
  static_assert(std::is_same_v<decltype(options.non_finite), afd::ThrowNonFinite>);
  CHECK(options.logit.lr == 0.1);
  CHECK(options.logit.momentum == 0.9);
  CHECK(options.logit.weight_decay == 1e-4);
  CHECK(options.feature.lr == 2e-5);
  CHECK(options.feature.weight_decay == 0.1);
  CHECK(options.discriminator.lr == 2e-5);
}

TEST_CASE("types follow the values; what is not given keeps its default") {
  using RmsProp = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
  const afd::DistillerOptions options{.feature = RmsProp{torch::optim::RMSpropOptions(1e-3)},
                                      .non_finite = afd::SkipNonFinite{.limit = 5}};
  static_assert(
      std::is_same_v<decltype(options),
                     const afd::DistillerOptions<afd::Sgd, RmsProp, afd::Adam, afd::Simultaneous, afd::SkipNonFinite>>);
  static_assert(afd::detail::is_distiller_options<std::remove_const_t<decltype(options)>>);
  static_assert(!afd::detail::is_distiller_options<afd::Sgd>);
  CHECK(options.non_finite.limit == 5);
  CHECK(options.logit.lr == 0.1);
}

TEST_CASE("a joint update is one optimizer's, with the sum of both gradients, transfer layers included") {
  const OneStep<afd::SeparateUpdates> separate;
  const OneStep<afd::JointUpdate> joint;
  CHECK(joint.feature.log->empty());
  REQUIRE(joint.logit.log->size() == 2);
  REQUIRE(joint.discriminator.log->size() == 2);
  for (const std::size_t k : {0U, 1U}) {
    const auto& one = joint.logit[k];
    REQUIRE(one.parameters.size() == separate.feature[k].parameters.size());
    CHECK(one.parameters.size() > separate.logit[k].parameters.size());
    for (std::size_t i = 0; i < one.gradients.size(); ++i) {
      torch::Tensor expected = torch::zeros_like(one.parameters[i]).detach();
      if (separate.feature[k].gradients[i].defined()) expected += separate.feature[k].gradients[i];
      if (i < separate.logit[k].gradients.size()) expected += separate.logit[k].gradients[i];
      CHECK(torch::allclose(one.gradients[i], expected, 1e-9, 1e-12));
    }
    for (std::size_t i = 0; i < joint.discriminator[k].gradients.size(); ++i) {
      CHECK(torch::allclose(joint.discriminator[k].gradients[i], separate.discriminator[k].gradients[i], 1e-9, 1e-12));
    }
  }
}

TEST_CASE("a joint update trains networks, transfer layers and discriminators") {
  check_trains_all(afd::DistillerOptions{.updates = afd::JointUpdate{}});
}

TEST_CASE("LogitFirst: the feature gradient goes through the old forward at the weights of the logit update") {
  using Libtorch = afd::TorchOptimizer<torch::optim::SGD, torch::optim::SGDOptions>;
  const auto check = [](const auto& logit) {
    const OfMatrices<afd::LogitFirst, std::remove_cvref_t<decltype(logit)>> run(logit);
    // The logit loss's update, from the weights before.
    const afd::Outputs old = run.before->forward(run.x);
    const auto logit_gradients =
        torch::autograd::grad({torch::nn::functional::cross_entropy(old.logits, run.labels)}, run.before->parameters());
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(torch::allclose(run.student->parameters()[i], run.before->parameters()[i] - logit_rate * logit_gradients[i],
                            1e-10, 1e-12));
      CHECK(run.student->parameters()[i]._version() > 0);
    }
    const torch::Tensor error = 2 * (old.features - run.teacher->forward(run.x).features) / old.features.numel();
    const torch::Tensor of_b = error.t().mm(run.x.mm(run.before->a.t()));
    const torch::Tensor of_a = error.mm(run.student->b).t().mm(run.x);  // the new B, the old error
    CHECK(torch::allclose(run.feature_gradients[0], of_a, 1e-10, 1e-12));
    CHECK(torch::allclose(run.feature_gradients[1], of_b, 1e-10, 1e-12));
    CHECK_FALSE(run.feature_gradients[2].defined());
  };
  check(afd::Sgd{.lr = logit_rate, .momentum = 0, .weight_decay = 0});
  check(Libtorch{torch::optim::SGDOptions(logit_rate)});
  // Else both gradients are taken at the same weights.
  const OfMatrices<afd::SeparateUpdates, afd::Sgd> both(afd::Sgd{.lr = logit_rate, .momentum = 0, .weight_decay = 0});
  const torch::NoGradGuard no_grad;
  const torch::Tensor features = both.before->forward(both.x).features;
  const torch::Tensor error = 2 * (features - both.teacher->forward(both.x).features) / features.numel();
  CHECK(torch::allclose(both.feature_gradients[0], error.mm(both.before->b).t().mm(both.x), 1e-10, 1e-12));
}

TEST_CASE("LogitFirst: a feature gradient that is not finite is an error that says what has changed by then") {
  torch::manual_seed(11);
  Matrices teacher, student;
  int calls = 0;
  student->a.register_hook([&](const torch::Tensor& gradient) { return ++calls == 2 ? gradient / 0.0 : gradient; });
  const afd::Strategy strategy{afd::CrossEntropy{}, afd::FeatureAlignment<afd::L2Distance, afd::IdentityTransfer>{}};
  afd::Distiller distiller{afd::topology::OneWay{}, strategy, afd::DistillerOptions{.updates = afd::LogitFirst{}},
                           afd::frozen(teacher), student};
  const auto before = afd_test::state_of(*student);
  CHECK_THROWS_WITH_AS(
      distiller.step(afd::Batch{torch::randn({6, 4}, torch::kDouble), torch::randint(2, {6}, torch::kLong)}),
      doctest::Contains("with LogitFirst the logit loss has changed weights by then"), afd::NonFiniteError);
  CHECK(calls == 2);
  CHECK_FALSE(afd_test::same_state(*student, before));
  CHECK(student->a.isfinite().all().item<bool>());
}

TEST_CASE("LogitFirst trains networks, transfer layers and discriminators, and cannot take float16 back") {
  check_trains_all(afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 2}, .updates = afd::LogitFirst{}});
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  const afd::DistillerOptions half{.updates = afd::LogitFirst{}, .precision = afd::Precision::float16};
  CHECK_THROWS_WITH_AS((afd::Distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, half, a, b}),
                       doctest::Contains("with LogitFirst weights have changed"), afd::ConfigError);
}

TEST_SUITE_END();
