// SPDX-License-Identifier: MIT
#pragma once

// Transfer policies with layers: StudentConv (the default), AlwaysConv and BothSides.

#include <cstdint>
#include <string_view>
#include <utility>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/common_shape.hpp>
#include <afd/transfer/feature_shape.hpp>
#include <afd/transfer/registered.hpp>
#include <afd/transfer/transfer.hpp>
#include <afd/transfer/transfer_side.hpp>

namespace afd {

/// The layers of one edge; submodules "student" and "teacher".
class TransferPairImpl : public torch::nn::Module {
 public:
  TransferPairImpl(detail::TransferSide student, detail::TransferSide teacher, const FeatureShape& output)
      : student_(detail::registered(*this, "student", std::move(student))),
        teacher_(detail::registered(*this, "teacher", std::move(teacher))),
        output_(output) {}

  torch::Tensor student(const torch::Tensor& features) { return student_->forward(features); }
  torch::Tensor teacher(const torch::Tensor& features) { return teacher_->forward(features); }
  [[nodiscard]] FeatureShape output() const { return output_; }

 private:
  detail::TransferSide student_;
  detail::TransferSide teacher_;
  FeatureShape output_;
};
TORCH_MODULE(TransferPair);

namespace detail {

// Both sides are pooled to the places that they have in common; each is convolved only if asked to be.
inline TransferPair make_transfer(const FeatureShape& student, const FeatureShape& teacher, std::int64_t channels,
                                  bool student_conv, bool teacher_conv, std::int64_t kernel_size,
                                  std::string_view who) {
  const CommonShape common = common_shape(student, teacher, channels, who);
  require_kernel(kernel_size, common.output, who);
  // Where the teacher is convolved as well, what is compared are two projections; else it is the teacher's own
  // features.
  const bool rectified = teacher_conv || !teacher.is_signed;
  const auto layers = [&](bool conv) {
    return !conv ? SideLayers::none : rectified ? SideLayers::rectified_conv : SideLayers::conv;
  };
  return TransferPair(
      TransferSide("student", student, common.student, common.output, layers(student_conv), kernel_size),
      TransferSide("teacher", teacher, common.teacher, common.output, layers(teacher_conv), kernel_size),
      common.output);
}

}  // namespace detail

/// Conv-BatchNorm-ReLU on the student's side to the teacher's channels where they differ, nothing where they
/// agree; without the ReLU if the teacher's features of the first batch have values below 0, as those of linear
/// bottlenecks and transformers have, for what ends in a ReLU could never match them. Adaptive average pooling of
/// whichever side is larger. Next to a vector, the other side is averaged over its places. Tokens next to a map are
/// laid out on their grid; one that was not declared must be the map's own or, of so many tokens, the only one of the
/// map's proportions. `make` throws ShapeError for an empty shape and for shapes that have no places in common (a
/// sequence and a map, a map and a volume), ConfigError for an even kernel, and for one of more than a single place
/// between volumes.
struct StudentConv {
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(const FeatureShape& student, const FeatureShape& teacher) const {
    return detail::make_transfer(student, teacher, teacher.channels, student.channels != teacher.channels, false,
                                 kernel_size, "StudentConv");
  }
};

/// Like StudentConv, with the convolution even where channels agree.
struct AlwaysConv {
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(const FeatureShape& student, const FeatureShape& teacher) const {
    return detail::make_transfer(student, teacher, teacher.channels, true, false, kernel_size, "AlwaysConv");
  }
};

/// A convolution on each side, to `channels` or else the teacher's. In the adversarial loss the teacher's side
/// gets no gradient from L_G or from L_D: it stays a fixed random projection. In L1 and L2 it is trained.
struct BothSides {
  std::int64_t channels = 0;  ///< 0: the teacher's
  std::int64_t kernel_size = 1;

  [[nodiscard]] TransferPair make(const FeatureShape& student, const FeatureShape& teacher) const {
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
