// SPDX-License-Identifier: MIT
#include <afd/network/frozen.hpp>
//
#include <memory>
#include <tuple>
#include <type_traits>

#include <torch/nn.h>

#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

struct Detections {
  Tensor boxes;
  Tensor scores;
};
struct Words {
  Tensor ids;
  Tensor mask;
};

/// Takes two inputs, takes notes, and returns a struct of its own.
struct Detector : torch::nn::Module {
  Detector() { register_module("linear", linear); }
  Detections forward(const Tensor& ids, const Tensor& mask) {
    with_graph = torch::GradMode::is_enabled();
    was_training = is_training();
    return {linear->forward(ids), mask * 2};
  }
  torch::nn::Linear linear{3, 4};
  bool with_graph = true, was_training = true;
};

}  // namespace

static_assert(afd::is_frozen<afd::Frozen<Detector>> && afd::is_frozen<const afd::Frozen<Detector>&>);
static_assert(!afd::is_frozen<Detector> && !afd::is_frozen<afd::PlainCnn>);
static_assert(afd::Network<afd::Frozen<Detector>>);
static_assert(afd::NetworkTakes<afd::Frozen<Detector>, std::tuple<Tensor, Tensor>>);
static_assert(afd::NetworkTakes<afd::Frozen<Detector>, Words>);
static_assert(!afd::NetworkTakes<afd::Frozen<Detector>, Tensor>);
static_assert(std::is_same_v<afd::OutputsOf<afd::Frozen<Detector>, Words>, Detections>);
static_assert(std::is_same_v<afd::OutputsOf<afd::Frozen<torch::nn::Sequential>, Tensor>, Tensor>);

TEST_CASE("a frozen network runs in eval mode and without a graph, its flags untouched") {
  afd::PlainCnn teacher(afd::PlainCnnOptions{.classes = 3});
  const auto handle = afd::frozen(teacher);
  CHECK_FALSE(teacher->is_training());
  teacher->train();
  const afd::Outputs outputs = afd::run(handle, torch::randn({2, 1, 28, 28}));
  CHECK_FALSE(outputs.logits.requires_grad());
  CHECK_FALSE(outputs.features.requires_grad());
  CHECK_FALSE(teacher->is_training());
  for (const auto& parameter : teacher->parameters()) CHECK(parameter.requires_grad());
  CHECK(torch::GradMode::is_enabled());
}

TEST_CASE("so does one with several inputs and outputs of its own") {
  Detector detector;
  const auto handle = afd::frozen(detector);
  const Tensor ids = torch::randn({2, 3}), mask = torch::ones({2}, torch::requires_grad());
  const Tensor expected = detector.linear->forward(ids);
  const auto looks_right = [&](const Detections& detections) {
    CHECK(detections.boxes.equal(expected));
    CHECK(detections.scores.equal(torch::full({2}, 2.0F)));
    CHECK_FALSE(detections.boxes.requires_grad());
    CHECK_FALSE(detections.scores.requires_grad());
    CHECK_FALSE(detector.with_graph);
    CHECK_FALSE(detector.was_training);
  };
  detector.train();
  detector.with_graph = true;
  looks_right(afd::run(handle, std::tuple{ids, mask}));
  detector.train();
  detector.with_graph = true;
  looks_right(afd::run(handle, Words{ids, mask}));
}

TEST_CASE("a network with logits alone can be frozen, and a frozen one is returned as it is") {
  torch::nn::Sequential sequential(torch::nn::Linear(3, 2), torch::nn::Dropout(0.5));
  const auto once = afd::frozen(sequential);
  const auto twice = afd::frozen(once);
  static_assert(std::is_same_v<decltype(once), decltype(twice)>);
  CHECK(&afd::module_of(twice) == sequential.ptr().get());
  const Tensor inputs = torch::randn({64, 3});
  const Tensor logits = afd::run(twice, inputs);
  CHECK_FALSE(logits.requires_grad());
  CHECK(logits.ne(0).all().item<bool>());  // nothing was dropped
}

TEST_CASE("an empty handle cannot be frozen") {
  CHECK_THROWS_AS(static_cast<void>(afd::frozen(std::shared_ptr<Detector>())), afd::ConfigError);
}

TEST_CASE("a teacher of half precision takes floats and gives them back; of others nothing is converted") {
  Detector teacher;
  const auto handle = afd::frozen(teacher);
  CHECK_FALSE(handle.half_dtype().has_value());
  const Words words{torch::randn({2, 3}), torch::ones({2, 4})};
  const Detections exact = afd::run(handle, words);
  teacher.to(torch::kBFloat16);
  CHECK(handle.half_dtype() == torch::kBFloat16);
  const Detections rounded = afd::run(handle, words);
  CHECK(rounded.boxes.dtype() == torch::kFloat32);
  CHECK(rounded.scores.dtype() == torch::kFloat32);
  CHECK(torch::allclose(rounded.boxes, exact.boxes, 5e-2, 5e-2));
  CHECK_FALSE(torch::equal(rounded.boxes, exact.boxes));
  CHECK_FALSE(rounded.boxes.requires_grad());
  // One that converts by itself meets what it would have made.
  const Detections same = afd::run(handle, Words{words.ids.to(torch::kBFloat16), words.mask});
  CHECK(torch::equal(same.boxes, rounded.boxes));
  teacher.to(torch::kFloat32);
  CHECK_FALSE(handle.half_dtype().has_value());
}

TEST_SUITE_END();
