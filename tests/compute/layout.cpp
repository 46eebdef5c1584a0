// SPDX-License-Identifier: MIT
#include <afd/compute/layout.hpp>
//
#include <stdexcept>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/network/network.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("compute");

namespace {

constexpr auto channels_last = torch::MemoryFormat::ChannelsLast;

struct Sample {
  std::vector<torch::Tensor> images;
  torch::Tensor ids;
  int number = 0;
};

template <class Options>
std::vector<torch::Tensor> trained(const Options& options) {
  torch::manual_seed(2);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  for (int i = 0; i < 3; ++i) distiller.step(afd_test::tiny_batch());
  auto all = a->parameters();
  for (const auto& module : distiller.cohort().edges().modules())
    for (const auto& parameter : module->parameters()) all.push_back(parameter);
  return all;
}

}  // namespace

TEST_CASE("kernels are rearranged inside the same parameters, with the same values") {
  afd::ResNet network(afd::ResNetOptions{.depth = 8, .width = 4});
  const auto before = afd_test::state_of(*network);
  const auto parameters = network->parameters();
  afd::detail::to_channels_last(*network);
  CHECK(afd_test::same_state(*network, before));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CHECK(parameters[i].is_same(network->parameters()[i]));
    CHECK(parameters[i].requires_grad());
    if (parameters[i].dim() == 4) CHECK(parameters[i].is_contiguous(channels_last));
  }
}

TEST_CASE("only batches of images are rearranged") {
  const torch::Tensor images = torch::randn({2, 3, 4, 5}), rows = torch::randn({2, 3});
  CHECK(afd::detail::in_layout(images, true).is_contiguous(channels_last));
  CHECK(torch::equal(afd::detail::in_layout(images, true), images));
  CHECK(afd::detail::in_layout(images, false).is_same(images));
  CHECK(afd::detail::in_layout(rows, true).is_same(rows));
}

TEST_CASE("images are found wherever they are among the inputs, and the rest is left alone") {
  const Sample sample{{torch::randn({2, 3, 4, 5}), torch::randn({2, 3, 6, 5})}, torch::ones({2, 7}), 9};
  const Sample last = afd::detail::in_layout(sample, true);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(last.images[i].is_contiguous(channels_last));
    CHECK(last.images[i].equal(sample.images[i]));
    CHECK(sample.images[i].is_contiguous());
  }
  CHECK(last.ids.is_same(sample.ids));
  CHECK(last.number == 9);
  CHECK(afd::detail::in_layout(sample, false).images[1].is_same(sample.images[1]));
  const auto [ids, image] = afd::detail::in_layout(std::tuple{sample.ids, sample.images[0]}, true);
  CHECK(ids.is_same(sample.ids));
  CHECK(image.is_contiguous(channels_last));
}

TEST_CASE("training in channels_last is the same up to rounding, edge layers included") {
  const auto given = trained(afd::DistillerOptions{});
  const auto last = trained(afd::DistillerOptions{.layout = afd::Layout::channels_last});
  const auto measured = trained(afd::DistillerOptions{.layout = afd::Layout::measured});
  REQUIRE(given.size() == last.size());
  int rearranged = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    CHECK(torch::allclose(given[i], last[i], 1e-7, 1e-9));
    CHECK(torch::allclose(given[i], measured[i], 1e-7, 1e-9));
    if (last[i].dim() == 4) {
      CHECK(last[i].is_contiguous(channels_last));
      rearranged += given[i].is_contiguous(channels_last) ? 0 : 1;
    }
  }
  CHECK(rearranged > 4);
}

TEST_CASE("a trial leaves weights, statistics, layout and random numbers as they were, also if it fails") {
  auto network = afd_test::tiny_network();
  const auto before = afd_test::state_of(*network);
  const torch::Tensor inputs = afd_test::tiny_batch().inputs;
  afd::detail::LayoutTrial trial;
  torch::manual_seed(7);
  int calls = 0;
  trial.add(*network, inputs, [&](const torch::Tensor& x) {
    ++calls;
    afd::Outputs outputs = network->forward(x);
    outputs.logits = torch::dropout(outputs.logits, 0.5, /*train=*/true);
    return outputs;
  });
  static_cast<void>(trial.channels_last_pays());
  const torch::Tensor drawn = torch::randn({3});
  torch::manual_seed(7);
  CHECK(torch::equal(drawn, torch::randn({3})));
  CHECK(calls == 6);
  CHECK(afd_test::same_state(*network, before));
  for (const auto& parameter : network->parameters()) CHECK(parameter.is_contiguous());

  calls = 0;
  const auto fails = [&](const torch::Tensor& x) {
    if (++calls == 4) throw std::runtime_error("no memory");
    return network->forward(x);
  };
  CHECK_THROWS_AS(trial.add(*network, inputs, fails), std::runtime_error);
  CHECK(afd_test::same_state(*network, before));
  for (const auto& parameter : network->parameters()) CHECK(parameter.is_contiguous());
}

TEST_CASE("a trial takes inputs and outputs of any kind; without images there is nothing to try") {
  struct Found {
    std::vector<torch::Tensor> boxes;
    torch::Tensor nothing;
    torch::Tensor labels;
  };
  auto network = afd_test::tiny_network();
  const torch::Tensor images = afd_test::tiny_batch().inputs, ids = torch::ones({6, 2}, torch::kInt64);
  afd::detail::LayoutTrial trial;
  int calls = 0;
  trial.add(*network, std::tuple{ids, images}, [&](const auto& inputs) {
    ++calls;
    const afd::Outputs outputs = network->forward(std::get<1>(inputs));
    return Found{{outputs.logits, outputs.features}, {}, outputs.logits.argmax(1)};
  });
  CHECK(calls == 6);

  calls = 0;
  afd::detail::LayoutTrial nothing_to_try;
  nothing_to_try.add(*network, std::tuple{ids, ids}, [&](const auto&) {
    ++calls;
    return ids;
  });
  CHECK(calls == 0);
  CHECK_FALSE(nothing_to_try.channels_last_pays());
}

TEST_CASE("a trial prefers what was faster by more than noise") {
  // A forward that dawdles over one of the two layouts.
  auto network = afd_test::tiny_network();
  for (const bool slow_given : {true, false}) {
    const torch::Tensor inputs = afd_test::tiny_batch().inputs.repeat({1, 1, 8, 8});
    afd::detail::LayoutTrial trial;
    trial.add(*network, inputs, [&](const torch::Tensor& x) {
      afd::Outputs outputs = network->forward(x);
      bool is_last = false;
      for (const auto& parameter : network->parameters()) is_last = is_last || !parameter.is_contiguous();
      torch::Tensor waste = torch::zeros({});
      if (is_last != slow_given)
        for (int i = 0; i < 40; ++i) waste = waste + torch::randn({400, 400}).mm(torch::randn({400, 400})).sum();
      outputs.logits = outputs.logits + 0 * waste.to(torch::kDouble);
      return outputs;
    });
    CHECK(trial.channels_last_pays() == slow_given);
  }
}

TEST_SUITE_END();
