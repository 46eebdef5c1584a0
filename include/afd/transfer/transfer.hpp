// SPDX-License-Identifier: MIT
#pragma once

// What a transfer policy is, and IdentityTransfer, the smallest one: copy it to write your own. Transfer layers
// stand on an edge teacher -> student and make the features of the two comparable.

#include <concepts>
#include <type_traits>
#include <utility>

#include <torch/nn/cloneable.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// What `make` returns: a holder of, or a std::shared_ptr to, the module with the edge's layers.
template <class T>
using TransferLayers =
    decltype(std::declval<const T&>().make(std::declval<FeatureShape>(), std::declval<FeatureShape>()));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class T>
concept TransferIsValue = std::copyable<T>;

/// 2. `make(student, teacher) const` gives a new module for an edge between features of those shapes, in a handle
///    that torch::nn::Module::register_module takes. Shapes may be of any rank, and tokens: throw ShapeError for those
///    that the policy cannot make comparable.
template <class T>
concept TransferMakesModule = requires(TransferLayers<T> layers, torch::nn::Module& owner) {
  owner.register_module("transfer", layers);
  requires std::derived_from<std::remove_cvref_t<decltype(*layers)>, torch::nn::Module>;
};

/// 3. The module's `student(features)` and `teacher(features)` turn that side's features into comparable ones. They get
///    them channels first: [N, C] and up to three sides; tokens as [N, C, L], or [N, C, H, W] if their grid is known.
template <class T>
concept TransferMapsBothSides = requires(TransferLayers<T> layers, const torch::Tensor& features) {
  { layers->student(features) } -> std::convertible_to<torch::Tensor>;
  { layers->teacher(features) } -> std::convertible_to<torch::Tensor>;
};

/// 4. Its `output()` is the shape that both sides then have, channels first.
template <class T>
concept TransferKnowsOutput = requires(TransferLayers<T> layers) {
  { layers->output() } -> std::convertible_to<FeatureShape>;
};

/// A transfer policy. Not required: a base class, registration, a default constructor, layers on either side,
/// parameters, a forward(), or clone(). Neither side may change its argument in place: it is what the network
/// returned, which other edges read as well.
template <class T>
concept Transfer = TransferIsValue<T> && TransferMakesModule<T> && TransferMapsBothSides<T> && TransferKnowsOutput<T>;

namespace detail {

/// Fails to compile with one sentence that says what T lacks.
template <class T>
consteval bool require_transfer() {
  constexpr bool makes = TransferMakesModule<T>, maps = TransferMapsBothSides<T>, knows = TransferKnowsOutput<T>;
  static_assert(makes,
                "afd: a transfer policy needs make(afd::FeatureShape student, afd::FeatureShape teacher) const, which "
                "returns a holder of, or a std::shared_ptr to, a torch module; see afd/transfer/transfer.hpp");
  static_assert(maps || !makes,
                "afd: the module that a transfer policy makes needs torch::Tensor student(const torch::Tensor& "
                "features) and torch::Tensor teacher(const torch::Tensor& features); see afd/transfer/transfer.hpp");
  static_assert(knows || !maps,
                "afd: the module that a transfer policy makes needs afd::FeatureShape output() const, the shape of "
                "both sides' results; see afd/transfer/transfer.hpp");
  return makes && maps && knows;
}

}  // namespace detail

// ----------------------------------------------------------------------------------------------------------
// The archetype. Two parts: a module with the layers, of which there are none here, and a policy that makes it.

/// The module: any submodule registered in reset() would be trained with the student.
class IdentityLayersImpl : public torch::nn::Cloneable<IdentityLayersImpl> {
 public:
  explicit IdentityLayersImpl(const FeatureShape& shape) : shape_(shape) {}

  void reset() override {}

  torch::Tensor student(const torch::Tensor& features) { return features; }
  torch::Tensor teacher(const torch::Tensor& features) { return features; }
  [[nodiscard]] FeatureShape output() const { return shape_; }

 private:
  FeatureShape shape_;
};
TORCH_MODULE(IdentityLayers);

/// No layers: both sides' features are compared as they are, and nothing is computed.
struct IdentityTransfer {
  // Hyper-parameters would be public members here, so that IdentityTransfer{.width = 32} works.

  /// Called once per edge, when shapes are known; the caller moves the module to its device and dtype. Throws
  /// ShapeError unless channels and sides are equal; tokens on a known grid are as good as a map.
  [[nodiscard]] IdentityLayers make(const FeatureShape& student, const FeatureShape& teacher) const {
    if (channels_first(student) == channels_first(teacher)) return IdentityLayers(channels_first(student));
    throw ShapeError(detail::concat("IdentityTransfer: the student's features ", student,
                                    " have not the shape of the teacher's ", teacher,
                                    "; use afd::StudentConv, which makes them comparable"));
  }
};

// Last, ask the compiler whether the policy fits; it names the numbered requirement that fails.
static_assert(Transfer<IdentityTransfer>);

}  // namespace afd
