// SPDX-License-Identifier: MIT
#pragma once

// How far two outputs of networks are from each other.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/tensors.hpp>

namespace afd::detail {

/// The tensors of a value, in their order, undefined ones included.
template <class T>
[[nodiscard]] std::vector<torch::Tensor> tensors_in(const T& value) {
  std::vector<torch::Tensor> all;
  for_each_tensor(value, [&](const torch::Tensor& tensor) { all.push_back(tensor); });
  return all;
}

/// The largest difference of an element, as a part of the largest magnitude in `a`: 0 for the same values, NaN where
/// both have it included; infinity for tensors of other forms, for NaN in one alone, and for what has no fractions and
/// differs. Reads.
[[nodiscard]] inline double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  constexpr double all = std::numeric_limits<double>::infinity();
  const torch::NoGradGuard no_grad;
  if (!a.defined() && !b.defined()) return 0;
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return all;
  if (torch::equal(a, b)) return 0;
  if (!a.is_floating_point()) return all;
  const torch::Tensor x = a.to(torch::kCPU).to(torch::kFloat64), y = b.to(torch::kCPU).to(torch::kFloat64);
  const torch::Tensor same = x.eq(y).logical_or(x.isnan().logical_and(y.isnan()));
  const torch::Tensor zero = torch::zeros_like(x);
  const double most = torch::where(same, zero, (x - y).abs()).nan_to_num(all, all).max().item<double>();
  const double scale = torch::where(x.isfinite(), x.abs(), zero).max().item<double>();
  if (most == 0) return 0;
  return scale > 0 ? most / scale : all;
}

/// The largest of all pairs of tensors of two values of one type; infinity if one has more of them.
[[nodiscard]] inline double relative_difference(const std::vector<torch::Tensor>& a,
                                                const std::vector<torch::Tensor>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, relative_difference(a[i], b[i]));
  return most;
}

}  // namespace afd::detail
