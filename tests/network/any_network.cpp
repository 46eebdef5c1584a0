// SPDX-License-Identifier: MIT
#include <afd/network/any_network.hpp>
//
#include <filesystem>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn.h>

#include <afd/network/save_network.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

namespace {

using torch::Tensor;

struct InPair : torch::nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& inputs) { return {inputs * 2, inputs * 3}; }
};
struct Tapped : torch::nn::Module {
  afd::TappedOutputs<2> forward(const Tensor& inputs) { return {{inputs * 2, inputs * 4}, inputs * 3}; }
};
struct FeaturesAlone {
  Tensor features;
};
struct Extractor : torch::nn::Module {
  FeaturesAlone forward(const Tensor& inputs) { return {inputs * 2}; }
};
struct WantsTwo : torch::nn::Module {
  Tensor forward(const Tensor& first, const Tensor& second) { return first + second; }
};

static_assert(std::is_same_v<afd::OutputsOf<afd::AnyNetwork, Tensor>, afd::Outputs>);
static_assert(std::is_constructible_v<afd::AnyNetwork, InPair&>);
static_assert(!std::is_constructible_v<afd::AnyNetwork, WantsTwo&>);  // it is called with one tensor
static_assert(!std::is_constructible_v<afd::AnyNetwork, int>);
static_assert(!afd::NetworkTakes<afd::AnyNetwork, std::pair<Tensor, Tensor>>);

}  // namespace

TEST_CASE("an AnyNetwork runs its network, and copies share it") {
  torch::manual_seed(1);
  afd::ResNet inner = afd::resnet8(10, 1);
  const afd::AnyNetwork network(inner);
  const afd::AnyNetwork copy = network;
  network->eval();
  CHECK_FALSE(inner->is_training());
  CHECK(&*network == inner.ptr().get());
  CHECK(&*copy == &*network);
  const torch::Tensor images = torch::randn({2, 1, 8, 8});
  CHECK(afd::run(copy, images).logits.equal(inner->forward(images).logits));
  CHECK(afd::run(copy, images).features.equal(inner->forward(images).features));
}

TEST_CASE("every kind of handle can be held; an empty one is refused") {
  afd_test::Probe holder;
  const afd::AnyNetwork of_pointer(holder.ptr());
  const afd::AnyNetwork of_reference(*holder);
  CHECK(&*of_pointer == &*of_reference);
  CHECK_THROWS_AS(afd::AnyNetwork(afd::ResNet(nullptr)), afd::ConfigError);
}

TEST_CASE("whatever a network returns, its last features and its logits are kept") {
  const Tensor inputs = torch::ones({1, 1});
  InPair pair;
  const afd::Outputs of_pair = afd::run(afd::AnyNetwork(pair), inputs);
  CHECK(of_pair.features.item<float>() == 2);
  CHECK(of_pair.logits.item<float>() == 3);
  Tapped tapped;
  const afd::Outputs of_tapped = afd::run(afd::AnyNetwork(tapped), inputs);
  CHECK(of_tapped.features.item<float>() == 4);
  CHECK(of_tapped.logits.item<float>() == 3);
}

TEST_CASE("what it does not return stays undefined") {
  const Tensor inputs = torch::ones({1, 3});
  torch::nn::Linear linear(3, 2);
  const afd::Outputs logits = afd::run(afd::AnyNetwork(torch::nn::Sequential(linear)), inputs);
  CHECK_FALSE(logits.features.defined());
  CHECK(logits.logits.equal(linear->forward(inputs)));
  Extractor extractor;
  const afd::Outputs features = afd::run(afd::AnyNetwork(extractor), inputs);
  CHECK(features.features.equal(inputs * 2));
  CHECK_FALSE(features.logits.defined());
}

TEST_CASE("networks with logits alone learn from each other, but have no features to read") {
  torch::manual_seed(2);
  torch::nn::Sequential first(torch::nn::Linear(3, 2)), second(torch::nn::Linear(3, 2));
  const afd::AnyNetwork a(first), b(second);
  const afd::Batch batch{torch::randn({4, 3}), torch::tensor({0, 1, 0, 1}, torch::kInt64)};
  afd::Distiller mutual{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const Tensor before = first->parameters()[0].clone();
  mutual.step(batch);
  CHECK_FALSE(first->parameters()[0].equal(before));
  afd::Distiller attention{afd::topology::Pair{}, afd::AttentionDistillation{}, a, b};
  CHECK_THROWS_WITH_AS(attention.step(batch),
                       doctest::Contains("network 0: returned an undefined tensor as its features"), afd::ShapeError);
}

TEST_CASE("networks of different kinds train in one list, and files keep the networks' own names") {
  torch::manual_seed(1);
  afd::ResNet first = afd::resnet8(10, 1);
  std::vector<afd::AnyNetwork> networks{afd::AnyNetwork(first),
                                        afd::AnyNetwork(afd::PlainCnn(afd::PlainCnnOptions{.in_channels = 1}))};
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, networks[0], networks[1]};
  const torch::Tensor before = first->parameters()[0].clone();
  distiller.step(afd::Batch{torch::randn({4, 1, 16, 16}), torch::tensor({1, 2, 3, 4}, torch::kInt64)});
  CHECK_FALSE(first->parameters()[0].equal(before));

  const afd_test::TempFolder folder;
  afd::save_network(networks[0], folder.path() / "first.pt");
  afd::ResNet loaded = afd::resnet8(10, 1);
  afd::load_network(loaded, folder.path() / "first.pt");
  CHECK(loaded->parameters()[0].equal(first->parameters()[0]));
}

TEST_CASE("an AnyNetwork can be frozen") {
  afd_test::Probe probe;
  const auto teacher = afd::frozen(afd::AnyNetwork(probe));
  CHECK_FALSE(probe->is_training());
  CHECK_FALSE(afd::run(teacher, torch::randn({2, 1, 4, 4}, torch::kFloat64)).logits.requires_grad());
}

TEST_SUITE_END();
