// SPDX-License-Identifier: MIT
#pragma once

// Transfer policies with layers: StudentConv (the default), AlwaysConv and BothSides.

#include <cstdint>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/transfer/map_shape.hpp>
#include <afd/transfer/transfer.hpp>
#include <afd/transfer/transfer_side.hpp>

namespace afd {

/// The layers of one edge; submodules "student" and "teacher".
class TransferPairImpl : public torch::nn::Module {
 public:
  TransferPairImpl(detail::TransferSide student, detail::TransferSide teacher, MapShape output)
      : student_(register_module("student", std::move(student))),
        teacher_(register_module("teacher", std::move(teacher))),
        output_(output) {}

  torch::Tensor student(const torch::Tensor& map) { return student_->forward(map); }
  torch::Tensor teacher(const torch::Tensor& map) { return teacher_->forward(map); }
  [[nodiscard]] MapShape output() const { return output_; }

 private:
  detail::TransferSide student_;
  detail::TransferSide teacher_;
  MapShape output_;
};
TORCH_MODULE(TransferPair);

namespace detail {

// Both maps are pooled to the smaller height and width; each side is convolved only if asked to be.
inline TransferPair make_transfer(MapShape student, MapShape teacher, std::int64_t channels, bool student_conv,
                                  bool teacher_conv, std::int64_t kernel_size, std::string_view who) {
  require_map_shapes(student, teacher, who);
  require_odd_kernel(kernel_size, who);
  const MapShape output = common_shape(channels, student, teacher);
  return TransferPair(TransferSide("student", student, output, student_conv, kernel_size),
                      TransferSide("teacher", teacher, output, teacher_conv, kernel_size), output);
}

}  // namespace detail

/// Conv-BatchNorm-ReLU on the student's side to the teacher's channels where they differ, nothing where they
/// agree; adaptive average pooling of whichever map is larger. `make` throws ShapeError for an empty shape,
/// ConfigError for an even kernel.
struct StudentConv {
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(MapShape student, MapShape teacher) const {
    return detail::make_transfer(student, teacher, teacher.channels, student.channels != teacher.channels, false,
                                 kernel_size, "StudentConv");
  }
};

/// Like StudentConv, with the convolution even where channels agree.
struct AlwaysConv {
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(MapShape student, MapShape teacher) const {
    return detail::make_transfer(student, teacher, teacher.channels, true, false, kernel_size, "AlwaysConv");
  }
};

/// A convolution on each side, to `channels` or else the teacher's. In the adversarial loss the teacher's side
/// gets no gradient from L_G or from L_D: it stays a fixed random projection. In L1 and L2 it is trained.
struct BothSides {
  std::int64_t channels = 0;  ///< 0: the teacher's
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(MapShape student, MapShape teacher) const {
    if (channels < 0) {
      throw ConfigError(detail::concat("BothSides: channels must be 0 (the teacher's) or more, but is ", channels));
    }
    return detail::make_transfer(student, teacher, channels == 0 ? teacher.channels : channels, true, true, kernel_size,
                                 "BothSides");
  }
};

static_assert(Transfer<StudentConv>);
static_assert(Transfer<AlwaysConv>);
static_assert(Transfer<BothSides>);

}  // namespace afd
