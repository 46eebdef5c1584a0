// SPDX-License-Identifier: MIT
#pragma once

// Where networks lie: on one device, and there where their optimizers found them; and what of them is trained.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/module_tree.hpp>
#include <afd/network/network.hpp>

namespace afd::detail {

/// The device of all networks; the CPU's if none has a parameter. Throws ConfigError that names what is elsewhere:
/// losses compare what networks return, and are looked at together.
template <class Plan>
[[nodiscard]] torch::Device device_of(const typename Plan::Networks& networks) {
  std::optional<torch::Device> device;
  std::size_t first = 0;
  for_each_index<Plan::network_count>([&](auto k) {
    std::optional<torch::Device> own;
    for (const torch::Tensor& parameter : module_of(std::get<k>(networks)).parameters()) {
      if (!own) own = parameter.device();
      if (same_device(*own, parameter.device())) continue;
      throw ConfigError(concat("network ", k.value, " has parameters on ", *own, " and on ", parameter.device(),
                               "; move all of it to one device: network->to(device)"));
    }
    if (own && !device) {
      device = own;
      first = k.value;
    }
    if (!own || same_device(*own, *device)) return;
    throw ConfigError(concat("network ", k.value, " is on ", *own, ", but network ", first, " on ", *device,
                             "; networks that train together must be on one device: move them there with "
                             "network->to(device), teachers, too"));
  });
  return device.value_or(torch::kCPU);
}

/// How parameters lay, and which of them were trained, when optimizers were made: what those keep lies in the same
/// order. Asked before each step, and nothing is dispatched for it.
class Placement {
 public:
  /// `owner` as in "network 0".
  void add(const std::string& owner, const std::vector<torch::Tensor>& parameters) {
    for (const torch::Tensor& parameter : parameters) {
      places_.push_back({parameter, parameter.device(), parameter.scalar_type(), parameter.sizes().vec(),
                         parameter.strides().vec(), parameter.requires_grad(), owners_.size()});
    }
    owners_.push_back(owner);
  }
  /// A module and all below it, which may be replaced one by one. It must outlive this.
  void watch(const torch::nn::Module& module) { trees_.push_back({&module, ModuleTree(module)}); }

  /// Whether the same parameters are trained as then: none was frozen or unfrozen, no module was replaced.
  [[nodiscard]] bool trains_the_same() const {
    for (const Place& place : places_) {
      if (place.parameter.requires_grad() != place.requires_grad) return false;
    }
    for (const auto& [root, tree] : trees_) {
      if (!tree.is_of(*root)) return false;
    }
    return true;
  }

  /// Throws ConfigError, naming the owner, if one has been moved, converted or laid out otherwise.
  void require_unchanged() const {
    for (const Place& place : places_) {
      const torch::Tensor& now = place.parameter;
      if (now.device() == place.device && now.scalar_type() == place.dtype && now.sizes() == place.sizes &&
          now.strides() == place.strides) {
        continue;
      }
      throw ConfigError(concat(
          owners_[place.owner], " has changed since its optimizers were made: a parameter was ", place.dtype, ' ',
          torch::IntArrayRef(place.sizes), " on ", place.device, " with strides ", torch::IntArrayRef(place.strides),
          ", and is ", now.scalar_type(), ' ', now.sizes(), " on ", now.device(), " with ", now.strides(),
          "; move and convert networks before the first step, or make ", "another distiller of them"));
    }
  }

 private:
  struct Place {
    torch::Tensor parameter;
    torch::Device device;
    torch::ScalarType dtype;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
    bool requires_grad;
    std::size_t owner;
  };

  std::vector<Place> places_;
  std::vector<std::string> owners_;
  std::vector<std::pair<const torch::nn::Module*, ModuleTree>> trees_;
};

/// Of all that is trained.
template <class Plan, class Edges>
[[nodiscard]] Placement placement_of(const typename Plan::Networks& networks, const Edges& edges) {
  Placement placement;
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k]) {
      const torch::nn::Module& module = module_of(std::get<k>(networks));
      placement.add(concat("network ", k.value), module.parameters());
      placement.watch(module);
    }
  });
  for (const auto& module : edges.modules()) placement.add("the layers of an edge", module->parameters());
  return placement;
}

}  // namespace afd::detail
