// SPDX-License-Identifier: MIT
#include <afd/step/cohort.hpp>
//
#include <string>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::Probe;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

namespace {

/// Has a feature vector per sample in place of a map.
struct VectorsImpl : torch::nn::Module {
  VectorsImpl() : head(register_module("head", torch::nn::Linear(64, afd_test::tiny_classes))) { to(torch::kDouble); }
  afd::Outputs forward(const Tensor& inputs) {
    const Tensor features = inputs.flatten(1);
    return {features, head->forward(features)};
  }
  torch::nn::Linear head;
};
TORCH_MODULE(Vectors);

struct CubesImpl : VectorsImpl {
  afd::Outputs forward(const Tensor& inputs) { return {inputs.squeeze(1), head->forward(inputs.flatten(1))}; }
};
TORCH_MODULE(Cubes);

}  // namespace

TEST_CASE("building changes no network, and runs each without a graph in eval mode") {
  torch::manual_seed(0);
  Probe a, b;
  const auto before = afd_test::state_of(*a);
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  CHECK_FALSE(distiller.is_built());
  CHECK_THROWS_AS(static_cast<void>(distiller.cohort()), afd::ConfigError);
  distiller.build(tiny_batch(1));  // a single sample is enough, BatchNorm or not
  CHECK(distiller.is_built());
  CHECK(a->seen.forwards == 1);
  CHECK_FALSE(a->seen.with_graph);
  CHECK_FALSE(a->seen.training);
  CHECK(afd_test::same_state(*a, before));
  const auto* cohort = &distiller.cohort();
  distiller.build(tiny_batch());
  CHECK((cohort == &distiller.cohort()));
  CHECK(a->seen.forwards == 1);
}

TEST_CASE("edges get layers in the order of terms and edges, on the networks' dtype, in train mode") {
  auto a = tiny_network(), b = tiny_network({4, 6}, 2);
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::Adversarial<>, afd::FeatureL1>{}, a, b};
  distiller.build(tiny_batch());
  const auto& modules = distiller.cohort().edges().modules();
  REQUIRE(modules.size() == 2 * 2 + 2);
  CHECK(distiller.cohort().objectives().feature<1>().parameters().size() ==
        b->parameters().size() + modules[0]->parameters().size() + modules[4]->parameters().size());
  for (const auto& module : modules) {
    CHECK(module->is_training());
    for (const Tensor& parameter : module->parameters()) CHECK(parameter.dtype() == torch::kDouble);
    for (const auto& buffer : module->named_buffers()) {
      const bool counts = buffer.key().find("num_batches_tracked") != std::string::npos;
      CHECK(buffer.value().dtype() == (counts ? torch::kInt64 : torch::kDouble));
    }
  }
}

TEST_CASE("networks with different class counts are refused, whether labels or an edge join them") {
  Probe four(4), five(5);
  const auto build = [&](auto&& distiller) { distiller.build(tiny_batch()); };
  const afd::Strategy<afd::CrossEntropy, afd::FeatureL1> features_only;
  CHECK_THROWS_WITH_AS(build(afd::Distiller(afd::topology::Pair{}, features_only, four, five)),
                       doctest::Contains("networks 0 and 1 have 4 and 5 classes, but they learn from the same labels"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(
      build(afd::Distiller(afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(five), four)),
      doctest::Contains("edge 0 -> 1, term mutual_kl: tempered_kl: the student's shape [6, 4]"), afd::ShapeError);
  // A teacher from another task may well teach features.
  CHECK_NOTHROW(build(afd::Distiller(afd::topology::OneWay{}, features_only, afd::frozen(five), four)));
}

TEST_CASE("feature maps that cannot be reconciled are refused with the edge's name") {
  auto a = tiny_network(), b = tiny_network({4, 6});
  Vectors vectors;
  Cubes cubes;
  const auto message = [&](auto&& distiller) {
    try {
      distiller.build(tiny_batch());
    } catch (const afd::ShapeError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  using Plain = afd::Adversarial<afd::ConvDiscriminator, afd::LeastSquares, afd::IdentityTransfer>;
  const std::string identity = message(afd::Distiller(afd::topology::Pair{}, afd::Strategy<Plain>{}, a, b));
  CHECK(identity.find("edge 0 -> 1, term adversarial: IdentityTransfer") != std::string::npos);
  CHECK(identity.find("[6, 4, 4]") != std::string::npos);
  CHECK(identity.find("use afd::StudentConv") != std::string::npos);
  CHECK(message(afd::Distiller(afd::topology::Pair{}, afd::AttentionDistillation{}, a, vectors))
            .find("network 1, term attention_transfer") != std::string::npos);
  CHECK(message(afd::Distiller(afd::topology::Pair{}, afd::DirectAlignment{}, a, cubes)).find("edge 0 -> 1, term") !=
        std::string::npos);
  // What nobody reads may be of any shape.
  CHECK(message(afd::Distiller(afd::topology::Pair{}, afd::DeepMutualLearning{}, a, cubes)).empty());
  // Vectors and maps can be reconciled: pooled and convolved.
  CHECK(message(afd::Distiller(afd::topology::Pair{}, afd::DirectAlignment{}, a, vectors)).empty());
}

TEST_CASE("wrong options of policies are found before the first step, with the edge's name") {
  auto a = tiny_network(), b = tiny_network();
  const afd::Strategy strategy{afd::MutualKL{.temperature = -1}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, a, b};
  CHECK_THROWS_WITH_AS(distiller.build(tiny_batch()), doctest::Contains("network 0, term mutual_kl: the temp"),
                       afd::ConfigError);
  CHECK_FALSE(distiller.is_built());
  afd::Distiller rates{afd::topology::Pair{}, afd::Alone{}, afd::DistillerOptions{.logit = afd::Sgd{.lr = -1}}, a, b};
  CHECK_THROWS_AS(rates.build(tiny_batch()), afd::ConfigError);
}

TEST_CASE("a module cannot be two networks, frozen or not") {
  Probe a, b;
  const auto build = [](auto&& distiller) { distiller.build(tiny_batch()); };
  CHECK_THROWS_WITH_AS(build(afd::Distiller(afd::topology::Pair{}, afd::DeepMutualLearning{}, a, a)),
                       doctest::Contains("networks 0 and 1 share a parameter"), afd::ConfigError);
  CHECK_THROWS_AS(build(afd::Distiller(afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(a), a)),
                  afd::ConfigError);
  CHECK_NOTHROW(build(afd::Distiller(afd::topology::OneWay{}, afd::DeepMutualLearning{}, afd::frozen(a), b)));
}

TEST_CASE("a live network without trainable parameters is told what to do") {
  Probe a, b;
  for (Tensor& parameter : b->parameters()) parameter.requires_grad_(false);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  CHECK_THROWS_WITH_AS(distiller.build(tiny_batch()), doctest::Contains("network 1 has no parameter"),
                       afd::ConfigError);
}

TEST_SUITE_END();
