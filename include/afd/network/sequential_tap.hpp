// SPDX-License-Identifier: MIT
#pragma once

// Makes a network of a torch::nn::Sequential by tapping the output of one of its children.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/in_place_check.hpp>
#include <afd/network/network.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

/// The module behind SequentialTap; the Sequential is its submodule "sequential".
class SequentialTapImpl : public torch::nn::Cloneable<SequentialTapImpl> {
 public:
  SequentialTapImpl(torch::nn::Sequential sequential, const std::string& child)
      : SequentialTapImpl(sequential, position(sequential, child)) {}

  SequentialTapImpl(torch::nn::Sequential sequential, std::int64_t child)
      : sequential_(std::move(sequential)), tap_(checked(sequential_, child)) {
    register_module("sequential", sequential_);
  }

  /// Throws ConfigError if a child after the tap changes the features in place.
  Outputs forward(const torch::Tensor& inputs) {
    torch::Tensor current = inputs;
    auto child = sequential_->begin();
    for (const auto end = child + tap_ + 1; child != end; ++child) current = child->forward(current);
    const torch::Tensor features = current;
    const detail::InPlaceCheck check(features);
    for (const auto end = sequential_->end(); child != end; ++child) current = child->forward(current);
    check.require_unchanged("a child after the tap of a SequentialTap");
    return {features, current};
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

  static std::int64_t position(const torch::nn::Sequential& sequential, const std::string& name) {
    require_two(sequential);
    std::int64_t index = 0;
    for (const auto& child : sequential->named_children()) {
      if (child.key() == name) return index;
      ++index;
    }
    throw ConfigError(
        detail::concat("SequentialTap: the Sequential has no child \"", name, "\"; ", listed(sequential)));
  }

  static std::int64_t checked(const torch::nn::Sequential& sequential, std::int64_t index) {
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

  static void require_two(const torch::nn::Sequential& sequential) {
    const std::size_t size = sequential.is_empty() ? 0 : sequential->size();
    if (size >= 2) return;
    throw ConfigError(detail::concat("SequentialTap needs a Sequential of at least 2 children, one for the ",
                                     "features and one for the logits, but was given one of ", size));
  }

  torch::nn::Sequential sequential_;
  std::int64_t tap_;
};

/// features = the output of one child, logits = the last child's output, from a single pass:
///     afd::SequentialTap network(sequential, "layer3");    // by name
///     afd::SequentialTap network(sequential, -2);          // by position, negative ones counted from the end
/// The children are called through torch::nn::AnyModule, because that is what a Sequential stores: their
/// types are erased by LibTorch, not here. Throws ConfigError, listing the children, for a name or position that
/// is not there, and for the last child, whose output is the logits.
TORCH_MODULE(SequentialTap);

static_assert(Network<SequentialTap>);

}  // namespace afd
