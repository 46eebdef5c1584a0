// SPDX-License-Identifier: MIT
#include <afd/network/sync_batch_norm.hpp>
//
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

/// In place of other processes: adds what they would send.
afd::detail::SumPointer processes(std::int64_t rank, std::int64_t size, std::function<void(Tensor&)> sum) {
  return c10::make_intrusive<afd::detail::SumOverProcesses>(rank, size, std::move(sum));
}

Tensor doubles(std::vector<std::int64_t> sizes) {
  return torch::randn(sizes, torch::kFloat64);
}

template <class Holder>
Holder with_some_weights(std::int64_t channels) {
  torch::manual_seed(2);
  Holder norm(torch::nn::BatchNormOptions(channels).momentum(0.3));
  norm->to(torch::kFloat64);
  const torch::NoGradGuard no_grad;
  norm->weight.copy_(doubles({channels}));
  norm->bias.copy_(doubles({channels}));
  return norm;
}

}  // namespace

TEST_CASE("alone it computes what LibTorch's BatchNorm does, with its names") {
  torch::manual_seed(1);
  const Tensor x = torch::randn({4, 3, 5, 5});
  afd::SyncBatchNorm2d ours(3);
  torch::nn::BatchNorm2d theirs(3);
  CHECK(torch::equal(ours(x), theirs(x)));
  CHECK(torch::equal(ours->running_var, theirs->running_var));
  ours->eval();
  theirs->eval();
  CHECK(torch::equal(ours(x), theirs(x)));
  CHECK((afd::detail::is_batch_norm(*ours) && afd::detail::is_batch_norm(*theirs)));
  CHECK_FALSE(afd::detail::is_batch_norm(*torch::nn::Linear(1, 1)));
  for (const auto& item : theirs->named_parameters()) CHECK(ours->named_parameters().contains(item.key()));
  for (const auto& item : theirs->named_buffers()) CHECK(ours->named_buffers().contains(item.key()));
}

TEST_CASE("parts of a batch are normalised as the whole, forwards and backwards, with the same running statistics") {
  for (const std::int64_t first : {1, 2, 3}) {  // samples of the first part, of five
    CAPTURE(first);
    auto whole = with_some_weights<afd::SyncBatchNorm2d>(3);
    const Tensor x = (torch::manual_seed(5), doubles({5, 3, 2, 4})).requires_grad_();
    const Tensor g = doubles({5, 3, 2, 4});
    const Tensor y = whole(x);
    // The loss of all is the mean over samples; a part's is the mean over its own.
    const auto expected = torch::autograd::grad({(y * g).sum() / 5}, {x, whole->weight, whole->bias});

    const std::vector<std::int64_t> sizes{first, 5 - first};
    const std::vector<Tensor> xs = x.detach().split_with_sizes(sizes), gs = g.split_with_sizes(sizes);
    // Two processes in one: each part is computed with what the other has sent, until that does not change any more.
    std::vector<std::vector<Tensor>> sent(2);
    std::vector<Tensor> ys(2), of_x(2), of_weight(2), of_bias(2);
    std::vector<afd::SyncBatchNorm2d> norms{with_some_weights<afd::SyncBatchNorm2d>(3),
                                            with_some_weights<afd::SyncBatchNorm2d>(3)};
    for (int round = 0; round < 3; ++round) {
      const std::vector<std::vector<Tensor>> before = sent;
      for (std::size_t r = 0; r < 2; ++r) {
        auto norm = norms[r] = with_some_weights<afd::SyncBatchNorm2d>(3);
        sent[r].clear();
        norm->share_with(processes(static_cast<std::int64_t>(r), 2, [&, r](Tensor& tensor) {
          sent[r].push_back(tensor.clone());
          const std::size_t number = sent[r].size() - 1;
          if (number < before[1 - r].size()) tensor += before[1 - r][number];
        }));
        const Tensor part = xs[r].clone().requires_grad_();
        ys[r] = norm(part);
        const auto gradients = torch::autograd::grad({(ys[r] * gs[r]).sum() / static_cast<double>(sizes[r])},
                                                     {part, norm->weight, norm->bias});
        of_x[r] = gradients[0] * static_cast<double>(sizes[r]) / 5;
        of_weight[r] = gradients[1] * static_cast<double>(sizes[r]) / 5;
        of_bias[r] = gradients[2] * static_cast<double>(sizes[r]) / 5;
      }
    }
    CHECK(sent[0].size() == 2);  // messages: one forwards, one backwards
    CHECK(torch::allclose(torch::cat(ys), y, 1e-10, 1e-12));
    CHECK(torch::allclose(torch::cat(of_x), expected[0], 1e-10, 1e-12));
    CHECK(torch::allclose(of_weight[0] + of_weight[1], expected[1], 1e-10, 1e-12));
    CHECK(torch::allclose(of_bias[0] + of_bias[1], expected[2], 1e-10, 1e-12));
    for (const auto& norm : norms) {
      CHECK(torch::allclose(norm->running_mean, whole->running_mean, 1e-12));
      CHECK(torch::allclose(norm->running_var, whole->running_var, 1e-12));
      CHECK(norm->num_batches_tracked.item<std::int64_t>() == 1);
    }
  }
}

TEST_CASE(
    "with one process that shares with itself it is LibTorch's, for vectors, sequences and volumes, without affine") {
  const auto compare = [](auto ours, auto theirs, const std::vector<std::int64_t>& sizes) {
    ours->share_with(processes(0, 1, [](Tensor&) {}));
    ours->to(torch::kFloat64);
    theirs->to(torch::kFloat64);
    const Tensor x = doubles(sizes).requires_grad_(), g = doubles(sizes);
    for (int step = 0; step < 2; ++step) {
      const Tensor y = ours(x), z = theirs(x);
      CHECK(torch::allclose(y, z, 1e-10, 1e-12));
      CHECK(torch::allclose(torch::autograd::grad({(y * g).sum()}, {x})[0],
                            torch::autograd::grad({(z * g).sum()}, {x})[0], 1e-8, 1e-10));
    }
    CHECK(torch::allclose(ours->running_mean, theirs->running_mean, 1e-12));
    CHECK(torch::allclose(ours->running_var, theirs->running_var, 1e-12));
    ours->eval();
    theirs->eval();
    CHECK(torch::allclose(ours(x), theirs(x), 1e-10, 1e-12));
  };
  torch::manual_seed(4);
  const auto plain = torch::nn::BatchNormOptions(3).affine(false).momentum(torch::nullopt);
  compare(afd::SyncBatchNorm1d(3), torch::nn::BatchNorm1d(3), {6, 3});
  compare(afd::SyncBatchNorm1d(3), torch::nn::BatchNorm1d(3), {6, 3, 5});
  compare(afd::SyncBatchNorm2d(plain), torch::nn::BatchNorm2d(plain), {6, 3, 2, 2});
  compare(afd::SyncBatchNorm3d(3), torch::nn::BatchNorm3d(3), {2, 3, 2, 2, 3});
  CHECK_THROWS_WITH_AS(afd::SyncBatchNorm2d(3)(torch::ones({2, 3})), doctest::Contains("input of shape [2, 3]"),
                       afd::ShapeError);
}

TEST_CASE("a clone is of the same type, in a Sequential, too, and shares nothing") {
  afd::SyncBatchNorm2d norm(3);
  norm->share_with(processes(0, 1, [](Tensor&) {}));
  norm->running_mean.fill_(2);
  const auto copy = std::dynamic_pointer_cast<afd::SyncBatchNorm2dImpl>(norm->clone());
  REQUIRE(copy);
  CHECK_FALSE(copy->processes());
  CHECK(torch::equal(copy->running_mean, norm->running_mean));
  CHECK_FALSE(copy->weight.is_same(norm->weight));
  CHECK(copy->named_parameters()["weight"].is_same(copy->weight));
  CHECK(copy->named_buffers()["running_var"].is_same(copy->running_var));
  const torch::nn::Sequential sequence(torch::nn::Conv2d(1, 3, 3), norm);
  const auto other = std::dynamic_pointer_cast<torch::nn::SequentialImpl>(sequence->clone());
  REQUIRE(other);
  CHECK(other->forward(torch::ones({2, 1, 5, 5})).sizes() == torch::IntArrayRef({2, 3, 3, 3}));
}

TEST_SUITE_END();
