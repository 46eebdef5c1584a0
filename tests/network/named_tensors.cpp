// SPDX-License-Identifier: MIT
#include <afd/network/named_tensors.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

TEST_CASE("parameters and buffers have their names; what is undefined has none; shared ones have each name") {
  torch::nn::BatchNorm1d norm(torch::nn::BatchNorm1dOptions(3));
  torch::nn::BatchNorm1d bare(torch::nn::BatchNorm1dOptions(3).affine(false).track_running_stats(false));
  torch::nn::Linear first(2, 2), second(2, 2);
  second->register_parameter("tied", first->weight);
  torch::nn::ModuleDict all;
  all->update({{"norm", norm.ptr()}, {"bare", bare.ptr()}, {"first", first.ptr()}, {"second", second.ptr()}});
  const auto tensors = afd::detail::named_tensors(*all);
  CHECK(tensors.size() == 5 + 2 + 3);
  CHECK(tensors.at("norm.running_mean").is_same(norm->running_mean));
  CHECK(tensors.at("first.weight").is_same(first->weight));
  CHECK(tensors.at("second.tied").is_same(first->weight));
}

TEST_SUITE_END();
