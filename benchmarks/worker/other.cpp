// SPDX-License-Identifier: MIT
// Networks by name, the steps written by hand, and the convolutions of a network without anything between them.
#include <stdexcept>
#include <string>

#include <afd/zoo/resnet.hpp>
#include <afd/zoo/wide_resnet.hpp>

#include "handwritten/step.hpp"
#include "worker/cell.hpp"

namespace worker {

namespace {

/// The convolutions of a ResNet of that depth, one after the other.
torch::nn::Sequential convolutions(std::int64_t depth) {
  torch::nn::Sequential chain;
  std::int64_t in = 3;
  const auto add = [&](std::int64_t out, std::int64_t stride) {
    chain->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false)));
    in = out;
  };
  add(16, 1);
  for (const std::int64_t out : {16, 32, 64}) {
    for (std::int64_t i = 0; i < (depth - 2) / 3; ++i) add(out, i == 0 && out > 16 ? 2 : 1);
  }
  return chain;
}

/// What a step by hand calls: the module's functions through an arrow.
struct HandNetwork {
  afd::AnyNetwork network;

  HandNetwork* operator->() { return this; }
  [[nodiscard]] afd::Outputs forward(const torch::Tensor& inputs) const { return network.run(inputs); }
  [[nodiscard]] std::vector<torch::Tensor> parameters() const { return network->parameters(); }
  void train() const { network->train(); }
  void eval() const { network->eval(); }
};

}  // namespace

afd::AnyNetwork make_network(const Cell& cell, std::size_t k) {
  torch::manual_seed(k + 1);
  const std::string& name = cell.networks.at(k);
  const auto on_device = [&](auto network) {
    network->to(cell.device);
    return afd::AnyNetwork(network);
  };
  if (name == "wrn16-2") return on_device(afd::WideResNet(afd::WideResNetOptions{.depth = 16, .widen = 2}));
  if (!name.starts_with("resnet")) throw std::invalid_argument("no network is called " + name);
  return on_device(afd::ResNet(afd::ResNetOptions{.depth = std::stoi(name.substr(6))}));
}

Step handwritten_step(const Cell& cell) {
  const afd::Batch batch = cell.make_batch();
  const auto net = [&](std::size_t k) { return HandNetwork{make_network(cell, k)}; };
  const std::int64_t channels = net(0)->forward(batch.inputs).features.size(1), side = (cell.side + 3) / 4;
  const auto stepping = [&](auto hand) {
    return
        [hand = std::make_shared<decltype(hand)>(std::move(hand)), batch] { hand->step(batch.inputs, batch.targets); };
  };
  if (cell.recipe == "dml" && cell.networks.size() == 2) return stepping(handwritten::DmlPair(net(0), net(1)));
  if (cell.recipe == "l1") return stepping(handwritten::L1Pair(net(0), net(1)));
  if (cell.recipe == "kd") return stepping(handwritten::OfflineKd(net(0), net(1)));
  if (cell.recipe == "afd" && cell.networks.size() == 2) {
    return stepping(handwritten::AfdPair(net(0), net(1), channels, side));
  }
  if (cell.recipe == "afd" && cell.networks.size() == 3 && cell.topology == "cycle") {
    return stepping(handwritten::AfdCycle3<HandNetwork>({net(0), net(1), net(2)}, channels, side));
  }
  return {};
}

Step convolution_step(const Cell& cell) {
  struct State {
    std::vector<torch::nn::Sequential> chains;
    std::vector<std::vector<torch::Tensor>> parameters;
    torch::Tensor inputs;
  };
  auto state = std::make_shared<State>();
  const bool last = cell.layout == afd::Layout::channels_last;
  state->inputs = afd::detail::in_layout(cell.make_batch().inputs, last);
  for (const std::string& name : cell.networks) {
    state->chains.push_back(convolutions(std::stoi(name.substr(6))));
    state->chains.back()->to(cell.device);
    if (last) afd::detail::to_channels_last(*state->chains.back());
    state->parameters.push_back(state->chains.back()->parameters());
  }
  // As many forwards and backwards as the recipe has.
  const int backwards = cell.recipe == "dml" ? 1 : 2;
  return [state, backwards] {
    for (std::size_t k = 0; k < state->chains.size(); ++k) {
      const torch::Tensor loss = state->chains[k]->forward(state->inputs).mean();
      for (int i = 1; i <= backwards; ++i) {
        static_cast<void>(handwritten::gradients(loss, state->parameters[k], /*keep_graph=*/i < backwards));
      }
    }
  };
}

}  // namespace worker
