// SPDX-License-Identifier: MIT
#include <afd/compute/multiply_adds.hpp>
//
#include <tuple>

#include <torch/script.h>
#include <torch/torch.h>

#include <afd/detail/autocast.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("compute");

namespace {

template <class Body>
std::int64_t counted(Body&& body) {
  const torch::NoGradGuard no_grad;
  const afd::MultiplyAddCounter counter;
  body();
  return counter.total();
}

/// CIFAR ResNet-(6n + 2) of widths 16, 32, 64 with shortcuts that cost nothing, by hand.
std::int64_t resnet(std::int64_t n) {
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t side) { return in * out * 9 * side * side; };
  return conv(3, 16, 32) + 2 * n * conv(16, 16, 32) + conv(16, 32, 16) + (2 * n - 1) * conv(32, 32, 16) +
         conv(32, 64, 8) + (2 * n - 1) * conv(64, 64, 8) + 64 * 10;
}

}  // namespace

TEST_CASE("single layers have their closed forms") {
  using namespace torch::nn;
  const torch::Tensor image = torch::randn({2, 4, 9, 7});
  CHECK(counted([&] { Conv2d(Conv2dOptions(4, 6, 3))->forward(image); }) == 2 * 6 * 7 * 5 * 4 * 9);
  CHECK(counted([&] { Conv2d(Conv2dOptions(4, 6, 3).stride(2).padding(1).bias(false))->forward(image); }) ==
        2 * 6 * 5 * 4 * 4 * 9);
  CHECK(counted([&] { Conv2d(Conv2dOptions(4, 6, 3).groups(2).dilation(2))->forward(image); }) ==
        2 * 6 * 5 * 3 * 2 * 9);
  CHECK(counted([&] { Linear(5, 3)->forward(torch::randn({7, 5})); }) == 7 * 5 * 3);
  CHECK(counted([&] { Linear(LinearOptions(5, 3).bias(false))->forward(torch::randn({2, 7, 5})); }) == 2 * 7 * 5 * 3);
  CHECK(counted([&] { torch::bmm(torch::randn({2, 3, 4}), torch::randn({2, 4, 5})); }) == 2 * 3 * 4 * 5);
  CHECK(counted([&] { torch::matmul(torch::randn({2, 3, 4}), torch::randn({2, 4, 5})); }) == 2 * 3 * 4 * 5);
  CHECK(counted([&] { BatchNorm2d(4)->forward(image).relu_().mean(); }) == 0);
}

TEST_CASE("so have convolutions of sequences and volumes, transposed ones, and those of a single sample") {
  using namespace torch::nn;
  const torch::Tensor sequence = torch::randn({2, 4, 9});
  CHECK(counted([&] { Conv1d(Conv1dOptions(4, 6, 3).stride(2).padding(1))->forward(sequence); }) == 2 * 5 * 6 * 4 * 3);
  CHECK(counted([&] { Conv1d(Conv1dOptions(4, 8, 3).groups(2).dilation(3))->forward(sequence); }) == 2 * 3 * 8 * 2 * 3);
  const torch::Tensor volume = torch::randn({2, 3, 5, 6, 7}, torch::kDouble);
  Conv3d conv(Conv3dOptions(3, 4, {1, 2, 3}).stride({1, 2, 1}));
  conv->to(torch::kDouble);
  CHECK(counted([&] { conv->forward(volume); }) == 2 * 4 * (5 * 3 * 5) * 3 * (1 * 2 * 3));
  const torch::Tensor image = torch::randn({2, 4, 9, 7});
  ConvTranspose2d up(ConvTranspose2dOptions(4, 6, 3).stride(2).groups(2));
  CHECK(counted([&] { up->forward(image); }) == 2 * 9 * 7 * 4 * 3 * 9);
  CHECK(counted([&] { Conv2d(Conv2dOptions(4, 6, 3))->forward(image[0]); }) == 6 * 7 * 5 * 4 * 9);
  CHECK(counted([&] { Conv2d(Conv2dOptions(4, 6, 3).padding(torch::kSame))->forward(image); }) ==
        2 * 6 * 9 * 7 * 4 * 9);
}

TEST_CASE("forwards that are trained on count as much, and what an operator calls itself is not counted again") {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(4, 6, 3));
  torch::nn::Linear linear(210, 3);
  const torch::Tensor image = torch::randn({2, 4, 9, 7});
  const std::int64_t expected = 2 * 6 * 7 * 5 * 4 * 9 + 2 * 210 * 3;
  {
    const afd::MultiplyAddCounter counter;
    const torch::Tensor loss = linear->forward(conv->forward(image).flatten(1)).sum();
    CHECK(counter.total() == expected);
    loss.backward();
  }
  const afd::detail::Autocast bfloat16(torch::kCPU);
  CHECK(counted([&] { linear->forward(conv->forward(image).flatten(1)); }) == expected);
  CHECK(counted([] { torch::mm(torch::randn({3, 4}), torch::randn({4, 5})); }) == 3 * 4 * 5);
}

TEST_CASE("so do those of a TorchScript") {
  const auto unit = torch::jit::compile(R"(
    def forward(x, w, a, b):
        y = torch.conv2d(x, w, None, [2, 2], [1, 1])
        return y.sum() + torch.mm(a, b).sum() * torch.addmm(a, a, torch.mm(b, a)).sum()
  )");
  const torch::Tensor x = torch::randn({2, 4, 9, 7}), w = torch::randn({6, 4, 3, 3});
  const torch::Tensor a = torch::randn({3, 5}), b = torch::randn({5, 3});
  CHECK(counted([&] { unit->run_method("forward", x, w, a, b); }) ==
        2 * 6 * (5 * 4) * 4 * 9 + 3 * 5 * 3 + 5 * 3 * 5 + 3 * 5 * 5);
}

TEST_CASE("ResNets have the published figures") {
  for (const std::int64_t n : {1, 3, 5}) {
    afd::ResNet network(afd::ResNetOptions{.depth = 6 * n + 2});
    CHECK(afd::multiply_adds(network, torch::randn({1, 3, 32, 32})) == resnet(n));
    CHECK(afd::multiply_adds(network, torch::randn({3, 3, 32, 32})) == 3 * resnet(n));
  }
  CHECK(resnet(3) == doctest::Approx(40.55e6).epsilon(0.001));
  afd::ResNet network(afd::ResNetOptions{.depth = 20});
  CHECK(afd::parameter_count(*network) == 269'722);
}

TEST_CASE("inputs may be several") {
  struct TwoInputs : torch::nn::Module {
    torch::Tensor forward(const torch::Tensor& a, const torch::Tensor& b) { return torch::mm(a, b.t()); }
  };
  TwoInputs network;
  const torch::Tensor a = torch::randn({3, 4}), b = torch::randn({5, 4});
  CHECK(afd::multiply_adds(network, std::tuple{a, b}) == 3 * 4 * 5);
}

TEST_CASE("counting leaves modes and statistics alone, and works again after an exception") {
  afd_test::Probe probe;
  probe->norm->eval();
  const auto before = afd_test::state_of(*probe);
  const torch::Tensor image = torch::randn({2, 1, 8, 8}, torch::kDouble);
  const std::int64_t expected = 2 * (3 * 4 * 4 * 9 + 3 * afd_test::tiny_classes);
  CHECK(afd::multiply_adds(probe, image) == expected);
  CHECK_FALSE(probe->seen.with_graph);
  CHECK_FALSE(probe->seen.training);
  CHECK(probe->is_training());
  CHECK_FALSE(probe->norm->is_training());
  CHECK(afd_test::same_state(*probe, before));
  CHECK_THROWS(static_cast<void>(afd::multiply_adds(probe, torch::randn({2, 5, 8, 8}, torch::kDouble))));
  CHECK(afd::multiply_adds(probe, image) == expected);
  CHECK(counted([] {}) == 0);
}

TEST_SUITE_END();
