// SPDX-License-Identifier: MIT
// The pretend accelerator itself: what the other files of this folder rest on.
#include <torch/torch.h>

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>

#include <afd/detail/libtorch.hpp>

#include "support/doctest.hpp"
#include "support/pretend_device.hpp"

TEST_SUITE_BEGIN("pretend");

TEST_CASE("operators, gradients and modules compute there what the CPU computes") {
  torch::manual_seed(1);
  torch::nn::Sequential net(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 4, 3).bias(false)), torch::nn::BatchNorm2d(4),
                            torch::nn::ReLU(), torch::nn::MaxPool2d(2), torch::nn::Flatten(), torch::nn::Linear(36, 3));
  const torch::Tensor x = torch::randn({4, 1, 8, 8}), y = torch::tensor({0, 1, 2, 1}, torch::kInt64);
  const auto step = [](torch::nn::Sequential& of, const torch::Tensor& inputs, const torch::Tensor& labels) {
    torch::Tensor loss = torch::cross_entropy_loss(of->forward(inputs), labels);
    loss.backward();
    return loss;
  };
  auto there = std::dynamic_pointer_cast<torch::nn::SequentialImpl>(net->clone());
  torch::nn::Sequential other(there);
  other->to(pretend::device());
  CHECK(other->parameters()[0].device() == pretend::device());
  const torch::Tensor here = step(net, x, y);
  const torch::Tensor loss = step(other, x.to(pretend::device()), y.to(pretend::device()));
  CHECK(loss.device() == pretend::device());
  CHECK(loss.item<double>() == here.item<double>());
  for (std::size_t i = 0; i < net->parameters().size(); ++i) {
    CHECK(other->parameters()[i].grad().device() == pretend::device());
    CHECK(torch::equal(net->parameters()[i].grad(), other->parameters()[i].grad().cpu()));
  }
  for (std::size_t i = 0; i < net->buffers().size(); ++i) {
    CHECK(torch::equal(net->buffers()[i], other->buffers()[i].cpu()));
  }
}

TEST_CASE("views share memory, results that are resized are so there, and a copy is a copy") {
  const torch::Tensor x = torch::zeros({2, 3}, pretend::device());
  x.select(0, 1).fill_(5);
  x.t().slice(0, 2).add_(1);
  CHECK(torch::equal(x.cpu(), torch::tensor({{0.F, 0.F, 1.F}, {5.F, 5.F, 6.F}})));
  CHECK(x.view({3, 2}).is_alias_of(x));
  torch::Tensor out = torch::empty({0}, x.options());
  torch::cat_out(out, {x, x});
  CHECK(out.sizes() == torch::IntArrayRef({4, 3}));
  CHECK(out[3][2].item<float>() == 6);
  const torch::Tensor copy = x.clone();
  copy.zero_();
  CHECK(x.sum().item<float>() == 17);
}

TEST_CASE("two devices do not mix, and neither does host memory") {
  const torch::Tensor a = torch::ones({2}, pretend::device(0)), b = torch::ones({2}, pretend::device(1));
  CHECK_THROWS_AS(static_cast<void>(a + b), c10::Error);
  CHECK_THROWS_AS(static_cast<void>(a + torch::ones({2})), c10::Error);
  CHECK_NOTHROW(static_cast<void>(a + 2.0));
  CHECK((b.to(a.device()) + a).sum().item<float>() == 4);
}

TEST_CASE("copies, reads and lists are counted") {
  const torch::Tensor host = torch::ones({4});
  torch::Tensor x;
  pretend::Counts counts = pretend::counted([&] { x = host.to(pretend::device()); });
  CHECK(counts.copies_in == 1);
  CHECK(counts.bytes_in == 16);
  CHECK(counts.waits["copy in"] == 1);
  counts = pretend::counted([&] { x.sum().item<float>(); });
  CHECK(counts.waits["aten::_local_scalar_dense"] == 1);
  CHECK(counts.wait_total() == 1);
  counts = pretend::counted([&] { x.cpu(); });
  CHECK(counts.copies_out == 1);
  CHECK(counts.wait_total() == 1);
  torch::Tensor pinned;
  CHECK(pretend::counted([&] { pinned = afd::detail::pinned(host, pretend::device()); }).pinned == 1);
  CHECK(torch::equal(pinned, host));
  counts = pretend::counted([&] { pinned.to(pretend::device(), /*non_blocking=*/true); });
  CHECK(counts.copies_in == 1);
  CHECK(counts.wait_total() == 0);
  const torch::Tensor map = torch::ones({2, 2, 2, 2}, pretend::device());
  const torch::Tensor last = map.contiguous(torch::MemoryFormat::ChannelsLast);
  CHECK(pretend::counted([&] { at::_foreach_add({map}, std::vector{map}); }).slow_lists == 0);
  CHECK(pretend::counted([&] { at::_foreach_add({map}, std::vector{last}); }).slow_lists == 1);
  CHECK(pretend::counted([&] { static_cast<void>(x + torch::ones({})); }).host_operands == 1);
}

TEST_CASE("streams: an operator is noted on its stream, and one that did not wait is a hazard") {
  const torch::Tensor x = torch::ones({4}, pretend::device());
  const c10::Stream side = pretend::side_stream();
  torch::Tensor y;
  const auto make = [&] {
    const c10::StreamGuard guard(side);
    y = x + 1;
  };
  pretend::Counts counts = pretend::counted([&] { make(); });
  CHECK(counts.streams[side.id()] > 0);
  CHECK(counts.streams[0] == 0);
  counts = pretend::counted([&] {
    make();
    static_cast<void>(y + 1);
  });
  CHECK(counts.hazards > 0);
  counts = pretend::counted([&] {
    c10::Event ready(pretend::device().type());
    ready.record(c10::impl::VirtualGuardImpl(pretend::device().type()).getStream(pretend::device()));
    ready.block(side);
    make();
    ready.record(side);
    ready.block(c10::impl::VirtualGuardImpl(pretend::device().type()).getStream(pretend::device()));
    static_cast<void>(y + 1);
  });
  CHECK(counts.hazards == 0);
  CHECK(counts.stream_waits == 2);
  counts = pretend::counted([&] { y.reset(); });  // the side stream may give it away while the other still reads
  CHECK(counts.hazards == 1);
}

TEST_CASE("the device can be told to fail, once or for good") {
  const torch::Tensor x = torch::ones({4}, pretend::device());
  {
    const pretend::Failing failing(pretend::Fault::out_of_memory, 1);
    CHECK_NOTHROW(x.neg_());
    CHECK_THROWS_AS(x.neg_(), c10::OutOfMemoryError);
    CHECK_NOTHROW(x.neg_());
  }
  const pretend::Failing failing(pretend::Fault::broken, 0, "aten::neg");
  CHECK_NOTHROW(x.abs_());
  CHECK_THROWS_AS(x.neg_(), c10::Error);
  CHECK_THROWS_AS(x.abs_(), c10::Error);
}

TEST_SUITE_END();
