// SPDX-License-Identifier: MIT
#include <afd/interop/eigen.hpp>

#include <utility>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("interop");

namespace {

template <class Tensor>
concept ViewableAsMatrix = requires(Tensor&& tensor) { afd::as_matrix<double>(std::forward<Tensor>(tensor)); };
template <class Tensor>
concept ViewableAsVector = requires(Tensor&& tensor) { afd::as_vector<double>(std::forward<Tensor>(tensor)); };

static_assert(ViewableAsMatrix<torch::Tensor&> && ViewableAsMatrix<const torch::Tensor&>);
static_assert(ViewableAsVector<torch::Tensor&> && ViewableAsVector<const torch::Tensor&>);
static_assert(!ViewableAsMatrix<torch::Tensor> && !ViewableAsVector<torch::Tensor>,
              "a view of a temporary tensor would dangle");

template <class Scalar>
constexpr auto dtype = c10::CppTypeToScalarType<Scalar>::value;

}  // namespace

TEST_CASE_TEMPLATE("as_matrix views rows and columns without a copy", Scalar, float, double) {
  const torch::Tensor tensor = torch::arange(6, dtype<Scalar>).view({2, 3});
  const auto matrix = afd::as_matrix<Scalar>(tensor);
  REQUIRE(matrix.rows() == 2);
  REQUIRE(matrix.cols() == 3);
  CHECK(matrix(0, 1) == Scalar(1));
  CHECK(matrix(1, 0) == Scalar(3));
  CHECK(matrix.data() == tensor.template data_ptr<Scalar>());
}

TEST_CASE_TEMPLATE("as_vector views a 1-D tensor as a column", Scalar, float, double) {
  const torch::Tensor tensor = torch::arange(4, dtype<Scalar>);
  const auto vector = afd::as_vector<Scalar>(tensor);
  REQUIRE(vector.rows() == 4);
  CHECK(vector.cols() == 1);
  CHECK(vector(3) == Scalar(3));
  CHECK(vector.data() == tensor.template data_ptr<Scalar>());
}

TEST_CASE("a view of a contiguous slice starts where the slice starts") {
  const torch::Tensor rows = torch::arange(12, torch::kDouble).view({4, 3}).slice(0, 1, 3);
  const auto matrix = afd::as_matrix<double>(rows);
  CHECK(matrix.rows() == 2);
  CHECK(matrix(0, 0) == 3.0);
  CHECK(matrix(1, 2) == 8.0);
}

TEST_CASE("products agree with LibTorch's") {
  torch::manual_seed(0);
  const torch::Tensor a = torch::randn({3, 4}, torch::kDouble);
  const torch::Tensor b = torch::randn({4, 2}, torch::kDouble);
  const torch::Tensor product = afd::to_tensor(afd::as_matrix<double>(a) * afd::as_matrix<double>(b));
  CHECK(torch::allclose(product, a.matmul(b), 1e-13, 1e-13));
}

TEST_CASE_TEMPLATE("to_tensor copies, whatever the storage order", Scalar, float, double) {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor> matrix(2, 3);
  matrix << 1, 2, 3, 4, 5, 6;
  const torch::Tensor tensor = afd::to_tensor(matrix);
  CHECK((tensor.scalar_type() == dtype<Scalar>));
  CHECK(torch::equal(tensor, torch::arange(1, 7, dtype<Scalar>).view({2, 3})));
  matrix.setZero();
  CHECK(tensor[0][0].template item<Scalar>() == Scalar(1));
}

TEST_CASE("to_tensor of compile-time vectors is 1-D, of one-column matrices 2-D") {
  const Eigen::Vector3d column(1, 2, 3);
  CHECK(torch::equal(afd::to_tensor(column), torch::tensor({1.0, 2.0, 3.0}, torch::kDouble)));
  CHECK(torch::equal(afd::to_tensor(column.transpose()), torch::tensor({1.0, 2.0, 3.0}, torch::kDouble)));
  CHECK(afd::to_tensor(Eigen::MatrixXd(column)).sizes() == torch::IntArrayRef({3, 1}));
}

TEST_CASE("empty matrices pass both ways") {
  const torch::Tensor empty = torch::empty({0, 3}, torch::kDouble);
  CHECK(afd::as_matrix<double>(empty).rows() == 0);
  CHECK(afd::to_tensor(Eigen::MatrixXd(0, 3)).sizes() == torch::IntArrayRef({0, 3}));
}

TEST_CASE("a parameter can be read although it requires a gradient") {
  const torch::Tensor weight = torch::ones({2, 2}, torch::dtype(torch::kDouble).requires_grad(true));
  CHECK(afd::as_matrix<double>(weight).sum() == 4.0);
}

TEST_CASE("what cannot be viewed is refused with the conversion to use") {
  const torch::Tensor undefined;
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(undefined)), doctest::Contains("undefined"),
                       afd::DataError);
  const torch::Tensor cube = torch::zeros({2, 3, 4}, torch::kDouble);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(cube)), doctest::Contains("[2, 3, 4]; reshape"),
                       afd::ShapeError);
  const torch::Tensor square = torch::zeros({2, 2}, torch::kDouble);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_vector<double>(square)), doctest::Contains("as_vector needs a 1-D"),
                       afd::ShapeError);
  const torch::Tensor single = torch::zeros({2, 3}, torch::kFloat);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(single)), doctest::Contains(".to(torch::kDouble)"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<float>(square)), doctest::Contains(".to(torch::kFloat)"),
                       afd::DataError);
  const torch::Tensor elsewhere = torch::zeros({2, 3}, torch::dtype(torch::kDouble).device(torch::kMeta));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(elsewhere)), doctest::Contains(".cpu()"),
                       afd::DataError);
  const torch::Tensor transposed = torch::zeros({2, 3}, torch::kDouble).t();
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(transposed)), doctest::Contains(".contiguous()"),
                       afd::DataError);
  const torch::Tensor sparse = square.to_sparse();
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::as_matrix<double>(sparse)), doctest::Contains("to_dense()"),
                       afd::DataError);
}

TEST_SUITE_END();
