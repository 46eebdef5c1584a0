// SPDX-License-Identifier: MIT
#include <afd/data/tensor_bytes.hpp>
//
#include <complex>
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::bytes_of;
using afd::detail::dense_on_cpu;

TEST_CASE("bytes are those of the elements, row by row, however a tensor lies") {
  const torch::Tensor rows = torch::tensor({1, 2, 3, 4, 5, 6}, torch::kUInt8).view({2, 3});
  const auto bytes = [](const torch::Tensor& tensor) {
    const torch::Tensor dense = dense_on_cpu(tensor);
    const auto span = bytes_of(dense);
    return std::vector<std::uint8_t>(span.begin(), span.end());
  };
  CHECK(bytes(rows) == std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6});
  CHECK(bytes(rows.t()) == std::vector<std::uint8_t>{1, 4, 2, 5, 3, 6});
  CHECK(bytes(rows.select(1, 1)) == std::vector<std::uint8_t>{2, 5});
  CHECK(bytes(torch::zeros({0}, torch::kUInt8)).empty());
  CHECK(dense_on_cpu(rows).is_same(rows) == false);  // detached, on the same memory
  CHECK(dense_on_cpu(rows).data_ptr() == rows.data_ptr());
}

TEST_CASE("a view that computes when it is read gives what it computes") {
  const torch::Tensor number = torch::complex(torch::tensor({1.0F, 2.0F}), torch::tensor({3.0F, -4.0F}));
  const auto imaginary = [](const torch::Tensor& tensor) {
    return static_cast<const std::complex<float>*>(dense_on_cpu(tensor).data_ptr())[1].imag();
  };
  CHECK(imaginary(number) == -4);
  CHECK(imaginary(number.conj()) == 4);
  CHECK_FALSE(dense_on_cpu(torch::imag(number.conj())).is_neg());
}

TEST_CASE("some tensors have no plain bytes") {
  CHECK(afd::detail::has_plain_bytes(torch::eye(3)));
  CHECK_FALSE(afd::detail::has_plain_bytes(torch::eye(3).to_sparse()));
  CHECK_FALSE(afd::detail::has_plain_bytes(torch::empty({2}, torch::kMeta)));
}

TEST_SUITE_END();
