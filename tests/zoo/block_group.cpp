// SPDX-License-Identifier: MIT
#include <afd/zoo/block_group.hpp>
//
#include <memory>
#include <string>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("zoo");

namespace {

/// Multiplies by out_channels and adds stride, so that the options of every block can be read from the result.
struct BlockImpl : torch::nn::Cloneable<BlockImpl> {
  struct Options {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t stride;
  };
  explicit BlockImpl(const Options& given) : options(given) { BlockImpl::reset(); }
  void reset() override { weight = register_parameter("weight", torch::ones({1})); }
  torch::Tensor forward(const torch::Tensor& map) const {
    return weight * map * options.out_channels + options.stride + 0.001 * static_cast<double>(options.in_channels);
  }
  Options options;
  torch::Tensor weight;
};
TORCH_MODULE(Block);

}  // namespace

TEST_CASE("the first block changes channels and stride, the others keep both") {
  afd::detail::BlockGroup<Block> group(3, BlockImpl::Options{2, 10, 2});
  CHECK(group->children().size() == 3);
  CHECK(group->named_children().contains("0"));
  CHECK(group->named_children().contains("2"));
  // ((0 * 10 + 2.002) * 10 + 1.01) * 10 + 1.01
  CHECK(group->forward(torch::zeros({1})).item<double>() == doctest::Approx((2.002 * 10 + 1.01) * 10 + 1.01));
}

TEST_CASE("a clone runs its own blocks") {
  afd::detail::BlockGroup<Block> group(2, BlockImpl::Options{1, 1, 1});
  auto copy = std::dynamic_pointer_cast<afd::detail::BlockGroupImpl<Block>>(group->clone());
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : copy->parameters()) parameter.zero_();
  }
  CHECK(copy->forward(torch::ones({1})).item<double>() == doctest::Approx(1.001));
  CHECK(group->forward(torch::ones({1})).item<double>() == doctest::Approx(3.002));
}

TEST_SUITE_END();
