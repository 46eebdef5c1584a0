// SPDX-License-Identifier: MIT
#include <afd/network/any_network.hpp>
//
#include <filesystem>
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
