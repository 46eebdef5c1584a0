// SPDX-License-Identifier: MIT
#pragma once

// The layers of an edge whose samples are told apart: a projection of each side, and a memory of what the teacher's
// gave for the samples of earlier steps.

#include <algorithm>
#include <cstdint>

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/loss/attention.hpp>
#include <afd/transfer/registered.hpp>

namespace afd {

/// Linear layers "student" and "teacher" from vectors to one dimension, where rows have length 1; buffers "memory",
/// [size, dimension], a ring, and "count", how many rows were ever put there. Nobody waits for an accelerator to know
/// how full the memory is.
class ContrastLayersImpl : public torch::nn::Module {
 public:
  ContrastLayersImpl(std::int64_t student_channels, std::int64_t teacher_channels, std::int64_t dimension,
                     std::int64_t size)
      : student_(detail::registered(*this, "student", torch::nn::Linear(student_channels, dimension))),
        teacher_(detail::registered(*this, "teacher", torch::nn::Linear(teacher_channels, dimension))),
        memory_(register_buffer("memory", torch::zeros({size, dimension}))),
        count_(register_buffer("count", torch::zeros({}, torch::kInt64))) {}

  /// Vectors [N, C] -> [N, dimension], of length 1.
  torch::Tensor student(const torch::Tensor& vectors) { return detail::unit_rows(student_->forward(vectors)); }
  torch::Tensor teacher(const torch::Tensor& vectors) { return detail::unit_rows(teacher_->forward(vectors)); }

  /// These rows of the teacher's, and then the memory's: [N + size, dimension]. A copy, so that a graph which holds it
  /// is not disturbed when the memory changes.
  [[nodiscard]] torch::Tensor keys(const torch::Tensor& rows) const { return torch::cat({rows, memory_}); }

  /// Which of keys(rows) nothing was put to yet: bool [N + size].
  [[nodiscard]] torch::Tensor unused(std::int64_t rows) const {
    return torch::arange(-rows, memory_.size(0), count_.options()).ge(count_);
  }

  /// Puts rows in the place of the oldest ones. Of more than the memory holds, the last.
  void remember(const torch::Tensor& rows) {
    const torch::NoGradGuard no_grad;
    const std::int64_t size = memory_.size(0), more = rows.size(0), first = std::max<std::int64_t>(0, more - size);
    const torch::Tensor places = (count_ + torch::arange(first, more, count_.options())).remainder(size);
    memory_.index_copy_(0, places, rows.slice(0, first));
    count_.add_(more);
  }

 private:
  torch::nn::Linear student_;
  torch::nn::Linear teacher_;
  torch::Tensor memory_;
  torch::Tensor count_;
};
TORCH_MODULE(ContrastLayers);

}  // namespace afd
