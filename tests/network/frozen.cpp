// SPDX-License-Identifier: MIT
#include <afd/network/frozen.hpp>
//
#include <memory>
#include <tuple>
#include <type_traits>

#include <c10/core/InferenceMode.h>
#include <torch/nn.h>

#include <afd/network/any_network.hpp>
#include <afd/network/save_network.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

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

/// A convolution, a BatchNorm and dropout.
struct Dropping : torch::nn::Module {
  Dropping() {
    register_module("norm", norm);
    register_module("drop", drop);
    register_module("head", head);
  }
  Tensor forward(const Tensor& inputs) { return head->forward(drop->forward(norm->forward(inputs))); }
  torch::nn::BatchNorm1d norm{3};
  torch::nn::Dropout drop{0.5};
  torch::nn::Linear head{3, 2};
};

/// Runs itself under InferenceMode, as code written for deployment does.
struct DeployedImpl : afd_test::ProbeImpl {
  afd::Outputs forward(const Tensor& inputs) {
    const c10::InferenceMode guard;
    return afd_test::ProbeImpl::forward(inputs);
  }
};
TORCH_MODULE(Deployed);

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

TEST_CASE("with Statistics::of_batch BatchNorms normalise with the batch, dropout stays off, and nothing changes") {
  torch::manual_seed(0);
  Dropping teacher;
  teacher.forward(torch::randn({16, 3}) * 2 + 1);
  teacher.eval();
  const auto before = afd_test::state_of(teacher);
  const auto of_batch = afd::frozen(teacher, {.statistics = afd::Statistics::of_batch});
  const Tensor inputs = torch::randn({8, 3});
  const torch::NoGradGuard no_grad;
  const Tensor mean = inputs.mean(0), var = inputs.var(0, /*unbiased=*/false);
  const Tensor expected = teacher.head->forward((inputs - mean) / (var + 1e-5).sqrt());
  teacher.train();  // as on an enclosing module
  const Tensor logits = afd::run(of_batch, inputs);
  CHECK(torch::allclose(logits, expected, 1e-4, 1e-5));
  CHECK(torch::equal(logits, afd::run(of_batch, inputs)));
  CHECK_FALSE(teacher.is_training());
  CHECK_FALSE(teacher.norm->is_training());
  CHECK_FALSE(teacher.drop->is_training());
  CHECK(afd_test::same_state(teacher, before));
  CHECK_FALSE(torch::allclose(afd::run(afd::frozen(teacher), inputs), expected, 1e-2, 1e-2));
  // Options of one that is frozen already take the place of its own.
  const auto again = afd::frozen(of_batch, {.statistics = afd::Statistics::running});
  static_assert(std::is_same_v<decltype(again), decltype(of_batch)>);
  CHECK(torch::equal(afd::run(again, inputs), afd::run(afd::frozen(teacher), inputs)));
  CHECK(afd::frozen(of_batch).options().statistics == afd::Statistics::of_batch);
}

TEST_CASE("so it does behind other handles and in half precision") {
  torch::manual_seed(0);
  afd::PlainCnn net(afd::PlainCnnOptions{.classes = 3});
  net->forward(torch::randn({4, 1, 28, 28}));
  const afd::FrozenOptions options{.statistics = afd::Statistics::of_batch};
  const Tensor inputs = torch::randn({4, 1, 28, 28});
  const Tensor exact = afd::run(afd::frozen(net, options), inputs).logits;
  CHECK(torch::equal(afd::run(afd::frozen(afd::AnyNetwork(net), options), inputs).logits, exact));
  const auto before = afd_test::state_of(*net);
  net->to(torch::kBFloat16);
  const Tensor rounded = afd::run(afd::frozen(net, options), inputs).logits;
  CHECK((rounded.scalar_type() == torch::kFloat32));
  CHECK(torch::allclose(rounded, exact, 1e-1, 1e-1));
  CHECK_FALSE(torch::equal(rounded, exact));
  for (const Tensor& buffer : net->buffers()) CHECK((buffer.scalar_type() != torch::kFloat32));
}

TEST_CASE("a network without a BatchNorm refuses statistics of the batch") {
  torch::nn::Sequential plain(torch::nn::Linear(3, 2));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::frozen(plain, {.statistics = afd::Statistics::of_batch})),
                       doctest::Contains("no BatchNorm1d"), afd::ConfigError);
}

TEST_CASE("a student learns from a teacher that runs under InferenceMode by itself") {
  torch::manual_seed(0);
  Deployed teacher;
  afd_test::Probe student;
  const auto frozen = afd::frozen(teacher);
  const auto batch = afd_test::tiny_batch();
  CHECK_FALSE(afd::run(frozen, batch.inputs).logits.is_inference());
  const auto before = afd_test::state_of(*student);
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{}, frozen, student};
  CHECK_NOTHROW(static_cast<void>(distiller.step(batch)));
  CHECK_FALSE(afd_test::same_state(*student, before));
}

TEST_CASE("a teacher that was made under InferenceMode teaches, and its state is saved and loaded") {
  torch::manual_seed(0);
  afd_test::Probe ordinary;
  ordinary->forward(afd_test::tiny_batch().inputs);
  const afd_test::TempFolder folder;
  afd::save_network(ordinary, folder.path() / "teacher.afd");
  afd_test::Probe teacher{nullptr};
  {
    const c10::InferenceMode guard;
    teacher = afd_test::Probe();
    afd::load_network(teacher, folder.path() / "teacher.afd");
  }
  REQUIRE(teacher->parameters().front().is_inference());
  teacher->eval();
  const auto frozen = afd::frozen(teacher), reference = afd::frozen(ordinary);
  const auto trained = [&](const auto& by) {
    torch::manual_seed(1);
    afd_test::Probe student;
    afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{},
                             afd::DistillerOptions{.layout = afd::Layout::channels_last}, by, student};
    for (int step = 0; step < 3; ++step) static_cast<void>(distiller.step(afd_test::tiny_batch()));
    distiller.load_state(distiller.state());
    return afd_test::state_of(*student);
  };
  const auto expected = trained(reference), found = trained(frozen);
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(torch::equal(found[i], expected[i]));
  for (Tensor& parameter : teacher->parameters()) CHECK_NOTHROW(parameter.requires_grad_(false));
  CHECK_NOTHROW(afd::load_network(teacher, folder.path() / "teacher.afd"));
}

TEST_SUITE_END();
