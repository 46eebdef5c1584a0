// SPDX-License-Identifier: MIT
#include <afd/distributed/tensor_message.hpp>
//
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("distributed");

TEST_CASE("tensors of any types and shapes come out of a message as they went in") {
  using afd::detail::TensorMessage;
  const std::vector<torch::Tensor> tensors{torch::randn({3, 2}).t(),
                                           {},
                                           torch::arange(5, torch::kInt64),
                                           torch::ones({3}, torch::kBool),
                                           torch::randn({2, 3, 4}).to(torch::kBFloat16),
                                           torch::empty({0, 7}),
                                           torch::full({}, 2.5, torch::kFloat64)};
  const torch::Tensor buffer = torch::full({TensorMessage::bytes_of(tensors) + 16}, 7, torch::kUInt8);
  const std::int64_t bytes = TensorMessage::write(tensors, buffer);
  CHECK(bytes == TensorMessage::bytes_of(tensors));
  CHECK(TensorMessage::size_of(buffer) == bytes);
  CHECK(buffer.narrow(0, bytes, 16).eq(7).all().item<bool>());
  const std::vector<torch::Tensor> read = TensorMessage::read(buffer);
  REQUIRE(read.size() == tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    REQUIRE(read[i].defined() == tensors[i].defined());
    if (!tensors[i].defined()) continue;
    CHECK((read[i].scalar_type() == tensors[i].scalar_type()));
    CHECK(read[i].sizes() == tensors[i].sizes());
    CHECK(torch::equal(read[i].to(torch::kFloat64), tensors[i].to(torch::kFloat64)));
  }
  CHECK(TensorMessage::read(torch::zeros({TensorMessage::least}, torch::kUInt8)).empty());
  CHECK(TensorMessage::size_of(TensorMessage::announcement_of(123456)) == 123456);
}

TEST_SUITE_END();
