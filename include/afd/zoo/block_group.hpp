// SPDX-License-Identifier: MIT
#pragma once

// A run of residual blocks of one width, the first of which may change channels and stride.

#include <cstdint>
#include <string>
#include <vector>

#include <torch/nn.h>
#include <torch/types.h>

namespace afd::detail {

/// `count` blocks, submodules "0", "1", ...; Block is a holder made from a Block::ContainedType::Options with
/// in_channels, out_channels and stride. A typed list instead of torch::nn::Sequential or ModuleList: calls
/// are direct, and clone() gives a copy whose list is the one that is registered.
template <class Block>
class BlockGroupImpl : public torch::nn::Cloneable<BlockGroupImpl<Block>> {
 public:
  using Options = typename Block::ContainedType::Options;

  BlockGroupImpl(std::int64_t count, const Options& first) : count_(count), first_(first) { BlockGroupImpl::reset(); }

  void reset() override {
    blocks_.clear();
    Options options = first_;
    for (std::int64_t i = 0; i < count_; ++i) {
      blocks_.push_back(this->register_module(std::to_string(i), Block(options)));
      options.in_channels = options.out_channels;
      options.stride = 1;
    }
  }

  torch::Tensor forward(torch::Tensor map) {
    for (Block& block : blocks_) map = block->forward(map);
    return map;
  }

 private:
  std::int64_t count_;
  Options first_;
  std::vector<Block> blocks_;
};

template <class Block>
using BlockGroup = torch::nn::ModuleHolder<BlockGroupImpl<Block>>;

}  // namespace afd::detail
