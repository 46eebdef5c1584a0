// SPDX-License-Identifier: MIT
#include <afd/network/batch_statistics.hpp>
//
#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

/// What a BatchNorm without weights gives for channels in dimension 1.
Tensor normalised(const Tensor& inputs) {
  const Tensor rows = inputs.transpose(0, 1).flatten(1);
  const Tensor mean = rows.mean(1, true), var = rows.var(1, /*unbiased=*/false, true);
  return ((rows - mean) / (var + 1e-5).sqrt()).view(inputs.transpose(0, 1).sizes()).transpose(0, 1);
}

/// A BatchNorm that is used twice, once inside another module.
struct Deep : torch::nn::Module {
  Deep() {
    register_module("conv", conv);
    register_module("inner", inner);
    register_module("norm", norm);
    register_module("drop", drop);
  }
  Tensor forward(const Tensor& inputs) { return drop->forward(norm->forward(inner->forward(conv->forward(inputs)))); }
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(3, 3, 1)};
  torch::nn::BatchNorm2d norm{3};
  torch::nn::Sequential inner{norm};
  torch::nn::Dropout drop{0.5};
};

template <class Norm>
void check_norm(Norm norm, const Tensor& inputs) {
  const torch::NoGradGuard no_grad;
  norm->to(torch::kDouble);
  norm->train();
  norm->forward(torch::randn_like(inputs) * 3 + 1);  // statistics that are not the initial ones
  norm->eval();
  const auto before = afd_test::state_of(*norm);
  const Tensor settled = norm->forward(inputs);
  {
    const afd::detail::BatchStatistics of_batch(*norm);
    CHECK(of_batch.count() == 1);
    CHECK(torch::allclose(norm->forward(inputs), normalised(inputs), 1e-9, 1e-9));
  }
  CHECK_FALSE(norm->is_training());
  CHECK(afd_test::same_state(*norm, before));
  CHECK(torch::equal(norm->forward(inputs), settled));
  CHECK_FALSE(torch::allclose(settled, normalised(inputs), 1e-2, 1e-2));
}

}  // namespace

TEST_CASE("every BatchNorm normalises with the batch's own statistics for a while, and learns nothing") {
  torch::manual_seed(0);
  check_norm(torch::nn::BatchNorm1d(3), torch::randn({8, 3}, torch::kDouble));
  check_norm(torch::nn::BatchNorm1d(3), torch::randn({8, 3, 5}, torch::kDouble));
  check_norm(torch::nn::BatchNorm2d(3), torch::randn({4, 3, 5, 2}, torch::kDouble));
  check_norm(torch::nn::BatchNorm3d(3), torch::randn({4, 3, 2, 3, 2}, torch::kDouble));
  check_norm(afd::SyncBatchNorm1d(3), torch::randn({8, 3}, torch::kDouble));
  check_norm(afd::SyncBatchNorm2d(3), torch::randn({4, 3, 5, 2}, torch::kDouble));
  check_norm(afd::SyncBatchNorm3d(3), torch::randn({4, 3, 2, 3, 2}, torch::kDouble));
  check_norm(torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(3).momentum(c10::nullopt)),
             torch::randn({4, 3, 5, 2}, torch::kDouble));
}

TEST_CASE("it finds parts at any depth, one that is shared too, and puts everything back in a forward that throws") {
  torch::manual_seed(0);
  const torch::NoGradGuard no_grad;
  Deep deep;
  deep.forward(torch::randn({4, 3, 5, 5}));
  deep.eval();
  const auto before = afd_test::state_of(deep);
  const auto fails = [&] {
    const afd::detail::BatchStatistics of_batch(deep);
    CHECK(of_batch.count() == 2);
    CHECK(deep.norm->is_training());
    CHECK_FALSE(deep.drop->is_training());
    deep.forward(torch::randn({4, 3, 5, 5}));
    deep.forward(torch::randn({4, 2, 5, 5}));
  };
  CHECK_THROWS_AS(fails(), c10::Error);
  CHECK_FALSE(deep.norm->is_training());
  CHECK(afd_test::same_state(deep, before));
  CHECK(deep.norm->running_mean.defined());
  CHECK(deep.norm->running_mean.is_same(deep.norm->named_buffers()["running_mean"]));
  CHECK(deep.norm->num_batches_tracked.is_same(deep.norm->named_buffers()["num_batches_tracked"]));
}

TEST_CASE("a network without a BatchNorm cannot normalise with the batch") {
  torch::nn::Sequential plain(torch::nn::Linear(3, 2)), with(torch::nn::Linear(3, 2), torch::nn::BatchNorm1d(2));
  CHECK_NOTHROW(afd::detail::require_statistics(*plain, afd::Statistics::running));
  CHECK_NOTHROW(afd::detail::require_statistics(*with, afd::Statistics::of_batch));
  CHECK_THROWS_WITH_AS(afd::detail::require_statistics(*plain, afd::Statistics::of_batch),
                       doctest::Contains("no BatchNorm1d"), afd::ConfigError);
}

TEST_SUITE_END();
