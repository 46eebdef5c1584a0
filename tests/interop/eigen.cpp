// SPDX-License-Identifier: MIT
#include <afd/interop/eigen.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("interop");

TEST_CASE("a view shares the tensor's storage, row by row, and to_tensor is its inverse") {
  const auto tensor = torch::arange(6, torch::kDouble).view({2, 3});
  const auto view = afd::as_matrix<double>(tensor);
  CHECK(view.data() == tensor.data_ptr<double>());
  CHECK(view(1, 0) == 3.0);
  CHECK(afd::to_tensor(view).equal(tensor));
  CHECK(afd::to_tensor(view.transpose()).equal(tensor.t()));
}

TEST_CASE("what cannot be viewed is refused") {
  const auto tensor = torch::zeros({2, 3});
  CHECK_THROWS_AS(afd::as_matrix<double>(tensor), afd::DataError);
  CHECK_THROWS_AS(afd::as_vector<float>(tensor), afd::ShapeError);
  const auto transposed = tensor.t();
  CHECK_THROWS_WITH_AS(afd::as_matrix<float>(transposed), doctest::Contains("contiguous()"), afd::DataError);
}

TEST_SUITE_END();
