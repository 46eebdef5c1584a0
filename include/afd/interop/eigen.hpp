// SPDX-License-Identifier: MIT
#pragma once

// The only boundary between LibTorch tensors and Eigen matrices: read-only views one way, copies the other.

#include <concepts>
#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include <Eigen/Core>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// The element types that cross the boundary.
template <class Scalar>
concept EigenScalar = std::same_as<Scalar, float> || std::same_as<Scalar, double>;

/// A matrix laid out the way LibTorch lays out a contiguous 2-D tensor.
template <EigenScalar Scalar>
using RowMajorMatrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <EigenScalar Scalar>
using MatrixView = Eigen::Map<const RowMajorMatrix<Scalar>>;

template <EigenScalar Scalar>
using VectorView = Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, 1>>;

namespace detail {

template <EigenScalar Scalar>
void require_viewable(const torch::Tensor& tensor, std::int64_t rank, std::string_view function) {
  if (!tensor.defined()) throw DataError(concat(function, ": the tensor is undefined; assign it first"));
  if (tensor.dim() != rank) {
    throw ShapeError(concat(function, " needs a ", rank, "-D tensor, but got shape ", tensor.sizes(),
                            "; reshape it, for example with flatten(1) or select()"));
  }
  constexpr auto wanted = c10::CppTypeToScalarType<Scalar>::value;
  if (tensor.scalar_type() != wanted) {
    throw DataError(concat(function, " was asked for ", wanted, " but the tensor holds ", tensor.scalar_type(),
                           "; convert it with .to(torch::k", wanted, ")"));
  }
  if (!tensor.device().is_cpu()) {
    throw DataError(concat(function, " needs a CPU tensor, but it is on ", tensor.device(), "; copy it with .cpu()"));
  }
  if (tensor.layout() != torch::kStrided || !tensor.is_contiguous()) {
    throw DataError(concat(function, " needs a contiguous tensor, but one of shape ", tensor.sizes(),
                           " is not; copy it with .contiguous() (to_dense() first if it is sparse)"));
  }
}

}  // namespace detail

/// A read-only view of a contiguous 2-D CPU tensor of exactly `Scalar`, without a copy. It borrows the
/// tensor's storage: keep the tensor alive. Read-only because autograd would not notice a write. Throws
/// ShapeError for another rank; DataError for another dtype, device or layout.
template <EigenScalar Scalar>
[[nodiscard]] MatrixView<Scalar> as_matrix(const torch::Tensor& tensor) {
  detail::require_viewable<Scalar>(tensor, 2, "as_matrix");
  return MatrixView<Scalar>(tensor.data_ptr<Scalar>(), tensor.size(0), tensor.size(1));
}

/// A read-only view of a contiguous 1-D CPU tensor as a column vector; otherwise like as_matrix.
template <EigenScalar Scalar>
[[nodiscard]] VectorView<Scalar> as_vector(const torch::Tensor& tensor) {
  detail::require_viewable<Scalar>(tensor, 1, "as_vector");
  return VectorView<Scalar>(tensor.data_ptr<Scalar>(), tensor.size(0));
}

/// A temporary tensor would leave the view dangling: give it a name first.
template <EigenScalar Scalar>
MatrixView<Scalar> as_matrix(torch::Tensor&&) = delete;
template <EigenScalar Scalar>
VectorView<Scalar> as_vector(torch::Tensor&&) = delete;

/// A new CPU tensor holding a copy of a matrix expression: [rows, columns], or [size] when the expression is
/// a vector at compile time. Storage order is taken care of.
template <class Derived>
  requires EigenScalar<typename Derived::Scalar>
[[nodiscard]] torch::Tensor to_tensor(const Eigen::MatrixBase<Derived>& matrix) {
  using Scalar = typename Derived::Scalar;
  torch::Tensor tensor = torch::empty({matrix.rows(), matrix.cols()}, c10::CppTypeToScalarType<Scalar>::value);
  Eigen::Map<RowMajorMatrix<Scalar>>(tensor.data_ptr<Scalar>(), matrix.rows(), matrix.cols()) = matrix;
  if constexpr (Derived::IsVectorAtCompileTime) return tensor.flatten();
  return tensor;
}

}  // namespace afd
