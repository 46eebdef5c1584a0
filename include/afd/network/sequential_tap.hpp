// SPDX-License-Identifier: MIT
#pragma once

// Makes a network of a torch::nn::Sequential by tapping the outputs of some of its children.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/in_place_check.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// The module behind SequentialTap; the Sequential is its submodule "sequential".
template <std::size_t N>
class SequentialTapImpl : public torch::nn::Cloneable<SequentialTapImpl<N>> {
 public:
  /// Each tap is a child's name, or its position.
  template <class... Taps>
    requires(sizeof...(Taps) == N)
  explicit SequentialTapImpl(torch::nn::Sequential sequential, const Taps&... taps)
      : sequential_(std::move(sequential)), taps_{child_of(sequential_, taps)...} {
    require_order();
    this->register_module("sequential", sequential_);
  }

  /// Outputs of one tap, or TappedOutputs<N>. Throws ConfigError if a child after a tap changes the features in place.
  auto forward(const torch::Tensor& inputs) {
    TappedOutputs<N> outputs;
    torch::Tensor current = inputs;
    std::int64_t position = 0;
    std::size_t next = 0;
    std::vector<detail::InPlaceCheck> checks;
    for (auto child = sequential_->begin(); child != sequential_->end(); ++child, ++position) {
      current = child->forward(current);
      if (next == N || taps_[next] != position) continue;
      outputs.taps[next++] = current;
      checks.emplace_back(current);
    }
    outputs.logits = std::move(current);
    for (const detail::InPlaceCheck& check : checks) check.require_unchanged("a child after a tap of a SequentialTap");
    if constexpr (N == 1) {
      return Outputs{outputs.taps[0], outputs.logits};
    } else {
      return outputs;
    }
  }

  [[nodiscard]] const torch::nn::Sequential& sequential() const { return sequential_; }

  void reset() override {}  // the Sequential is the user's, so there is nothing here to make anew

  /// A deep copy. Unlike Sequential's own clone(), it keeps the children's names.
  std::shared_ptr<torch::nn::Module> clone(
      const torch::optional<torch::Device>& device = torch::nullopt) const override {
    auto copy = std::make_shared<SequentialTapImpl>(*this);
    copy->sequential_ = torch::nn::Sequential();
    auto child = sequential_->begin();
    for (const std::string& name : sequential_->named_children().keys()) {
      copy->sequential_->push_back(name, (child++)->clone(device));
    }
    copy->replace_module("sequential", copy->sequential_);
    return copy;
  }

 private:
  static std::string listed(const torch::nn::Sequential& sequential) {
    std::string text = "its children are:";
    std::size_t index = 0;
    for (const auto& child : sequential->named_children()) {
      text += detail::concat(index == 0 ? " " : ", ", index, " \"", child.key(), '"');
      ++index;
    }
    return text;
  }

  static std::int64_t child_of(const torch::nn::Sequential& sequential, const std::string& name) {
    require_two(sequential);
    std::int64_t index = 0;
    for (const auto& child : sequential->named_children()) {
      if (child.key() == name) return child_of(sequential, index);
      ++index;
    }
    throw ConfigError(
        detail::concat("SequentialTap: the Sequential has no child \"", name, "\"; ", listed(sequential)));
  }

  static std::int64_t child_of(const torch::nn::Sequential& sequential, std::int64_t index) {
    require_two(sequential);
    const auto size = static_cast<std::int64_t>(sequential->size());
    const std::int64_t child = index < 0 ? index + size : index;
    if (child < 0 || child >= size) {
      throw ConfigError(detail::concat("SequentialTap: child ", index, " is out of range for a Sequential of ", size,
                                       "; ", listed(sequential)));
    }
    if (child == size - 1) {
      throw ConfigError(detail::concat("SequentialTap: child ", index,
                                       " is the last one, so the features would be the logits; tap one before "
                                       "it; ",
                                       listed(sequential)));
    }
    return child;
  }

  /// Throws ConfigError for taps that are not in the order of the forward.
  void require_order() const {
    for (std::size_t i = 1; i < N; ++i) {
      if (taps_[i - 1] < taps_[i]) continue;
      throw ConfigError(
          detail::concat("SequentialTap: taps must be given in the order of the forward, each once, but child ",
                         taps_[i], " comes after child ", taps_[i - 1], "; ", listed(sequential_)));
    }
  }

  static void require_two(const torch::nn::Sequential& sequential) {
    const std::size_t size = sequential.is_empty() ? 0 : sequential->size();
    if (size >= 2) return;
    throw ConfigError(detail::concat("SequentialTap needs a Sequential of at least 2 children, one for the ",
                                     "features and one for the logits, but was given one of ", size));
  }

  torch::nn::Sequential sequential_;
  std::array<std::int64_t, N> taps_;
};

/// features = the output of one child, logits = the last child's output, from a single pass:
///     afd::SequentialTap network(sequential, "layer3");             // by name
///     afd::SequentialTap network(sequential, -2);                   // by position, negative ones counted from the end
///     afd::SequentialTap network(sequential, "layer1", "layer2");   // several taps: TappedOutputs
/// The children are called through torch::nn::AnyModule, because that is what a Sequential stores: their
/// types are erased by LibTorch, not here. Throws ConfigError, listing the children, for a name or position that
/// is not there, for the last child, whose output is the logits, and for taps that are not in the forward's order.
template <std::size_t N = 1>
class SequentialTap : public torch::nn::ModuleHolder<SequentialTapImpl<N>> {
 public:
  SequentialTap() = delete;

  template <class... Taps>
    requires(sizeof...(Taps) == N)
  explicit SequentialTap(torch::nn::Sequential sequential, const Taps&... taps)
      : torch::nn::ModuleHolder<SequentialTapImpl<N>>(
            std::make_shared<SequentialTapImpl<N>>(std::move(sequential), taps...)) {}
};

template <class... Taps>
SequentialTap(torch::nn::Sequential, const Taps&...) -> SequentialTap<sizeof...(Taps)>;

static_assert(NetworkTakes<SequentialTap<>, torch::Tensor> && NetworkTakes<SequentialTap<3>, torch::Tensor>);

}  // namespace afd
