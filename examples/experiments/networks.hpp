// SPDX-License-Identifier: MIT
#pragma once

// Networks by name, all of one type: a method is compiled once, whatever it is tried on.

#include <cstdint>
#include <stdexcept>
#include <string>

#include <torch/torch.h>

#include <afd/error.hpp>
#include <afd/network/any_network.hpp>
#include <afd/zoo/imagenet_resnet.hpp>
#include <afd/zoo/resnet.hpp>
#include <afd/zoo/wide_resnet.hpp>

namespace experiments {

/// What networks of one data set have in common.
struct NetworkShape {
  std::int64_t channels;
  std::int64_t classes;
  std::int64_t stem_stride;
};

/// resnet18 and resnet34 for large images; resnet<6n+2> and wrn<6n+4>-<k> for small ones. The seed makes its weights.
/// Throws afd::ConfigError for other names.
[[nodiscard]] inline afd::AnyNetwork make_network(const std::string& name, const NetworkShape& shape,
                                                  std::uint64_t seed) {
  torch::manual_seed(seed);
  if (name == "resnet18") return afd::AnyNetwork(afd::resnet18(shape.classes, shape.channels));
  if (name == "resnet34") return afd::AnyNetwork(afd::resnet34(shape.classes, shape.channels));
  try {
    if (name.starts_with("resnet")) {
      return afd::AnyNetwork(afd::ResNet(afd::ResNetOptions{.depth = std::stoi(name.substr(6)),
                                                            .classes = shape.classes,
                                                            .in_channels = shape.channels,
                                                            .stem_stride = shape.stem_stride}));
    }
    const auto dash = name.find('-');
    if (name.starts_with("wrn") && dash != std::string::npos) {
      return afd::AnyNetwork(afd::WideResNet(afd::WideResNetOptions{.depth = std::stoi(name.substr(3, dash - 3)),
                                                                    .widen = std::stoi(name.substr(dash + 1)),
                                                                    .classes = shape.classes,
                                                                    .in_channels = shape.channels,
                                                                    .stem_stride = shape.stem_stride}));
    }
  } catch (const std::invalid_argument&) {
  }
  throw afd::ConfigError("no network is called " + name +
                         "; there are resnet18, resnet34, resnet<6n+2> and wrn<6n+4>-<k>");
}

}  // namespace experiments
