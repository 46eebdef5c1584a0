// SPDX-License-Identifier: MIT
#include <afd/step/options.hpp>
//
#include <type_traits>

#include <torch/optim.h>

#include <afd/optim/torch_optimizer.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

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
  torch::manual_seed(5);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.updates = afd::JointUpdate{}}, a, b};
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

TEST_SUITE_END();
