// SPDX-License-Identifier: MIT
#pragma once

// Networks of the zoo under one type, so that a method is compiled once whatever it is tried on.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <torch/torch.h>

#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/network/resnet.hpp>
#include <afd/network/wide_resnet.hpp>

namespace experiments {

struct AnyNetworkImpl : torch::nn::Module {
  AnyNetworkImpl(const std::shared_ptr<torch::nn::Module>& module,
                 std::function<afd::Outputs(const torch::Tensor&)> forward)
      : forward_(std::move(forward)) {
    register_module("network", module);
  }
  afd::Outputs forward(const torch::Tensor& inputs) { return forward_(inputs); }

 private:
  std::function<afd::Outputs(const torch::Tensor&)> forward_;
};
TORCH_MODULE(AnyNetwork);

/// What networks of one data set have in common.
struct NetworkShape {
  std::int64_t channels;
  std::int64_t classes;
  std::int64_t stem_stride;
};

/// resnet<depth>, or wrn<depth>-<widen>. The seed makes its weights. Throws afd::ConfigError for other names.
[[nodiscard]] inline AnyNetwork make_network(const std::string& name, const NetworkShape& shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  const auto wrap = [](auto network) {
    return AnyNetwork(network.ptr(), [network](const torch::Tensor& x) mutable { return network->forward(x); });
  };
  try {
    if (name.starts_with("resnet")) {
      return wrap(afd::ResNet(afd::ResNetOptions{.depth = std::stoi(name.substr(6)),
                                                 .classes = shape.classes,
                                                 .in_channels = shape.channels,
                                                 .stem_stride = shape.stem_stride}));
    }
    const auto dash = name.find('-');
    if (name.starts_with("wrn") && dash != std::string::npos) {
      return wrap(afd::WideResNet(afd::WideResNetOptions{.depth = std::stoi(name.substr(3, dash - 3)),
                                                         .widen = std::stoi(name.substr(dash + 1)),
                                                         .classes = shape.classes,
                                                         .in_channels = shape.channels,
                                                         .stem_stride = shape.stem_stride}));
    }
  } catch (const std::invalid_argument&) {
  }
  throw afd::ConfigError("no network is called " + name + "; there are resnet<6n+2> and wrn<6n+4>-<k>");
}

}  // namespace experiments
