// SPDX-License-Identifier: MIT
#pragma once

// What a transfer policy is, and IdentityTransfer, the smallest one: copy it to write your own. Transfer layers
// stand on an edge teacher -> student and make the two feature maps comparable.

#include <concepts>
#include <type_traits>
#include <utility>

#include <torch/nn.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd {

/// What `make` returns: a holder of, or a std::shared_ptr to, the module with the edge's layers.
template <class T>
using TransferLayers = decltype(std::declval<const T&>().make(std::declval<MapShape>(), std::declval<MapShape>()));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class T>
concept TransferIsValue = std::copyable<T>;

/// 2. `make(student, teacher) const` gives a new module for an edge between maps of those shapes, in a handle
///    that torch::nn::Module::register_module takes.
template <class T>
concept TransferMakesModule = requires(TransferLayers<T> layers, torch::nn::Module& owner) {
  owner.register_module("transfer", layers);
  requires std::derived_from<std::remove_cvref_t<decltype(*layers)>, torch::nn::Module>;
};

/// 3. The module's `student(map)` and `teacher(map)` turn that side's maps [N, C, H, W] into comparable ones.
template <class T>
concept TransferMapsBothSides = requires(TransferLayers<T> layers, const torch::Tensor& map) {
  { layers->student(map) } -> std::convertible_to<torch::Tensor>;
  { layers->teacher(map) } -> std::convertible_to<torch::Tensor>;
};

/// 4. Its `output()` is the shape that both sides then have.
template <class T>
concept TransferKnowsOutput = requires(TransferLayers<T> layers) {
  { layers->output() } -> std::convertible_to<MapShape>;
};

/// A transfer policy. Not required: a base class, registration, a default constructor, layers on either side,
/// parameters, a forward(), or clone(). Neither side may change its argument in place: it is the network's
/// feature map, which other edges read as well.
template <class T>
concept Transfer = TransferIsValue<T> && TransferMakesModule<T> && TransferMapsBothSides<T> && TransferKnowsOutput<T>;

namespace detail {

/// Fails to compile with one sentence that says what T lacks.
template <class T>
consteval bool require_transfer() {
  constexpr bool makes = TransferMakesModule<T>, maps = TransferMapsBothSides<T>, knows = TransferKnowsOutput<T>;
  static_assert(makes,
                "afd: a transfer policy needs make(afd::MapShape student, afd::MapShape teacher) const, which returns "
                "a holder of, or a std::shared_ptr to, a torch module; see afd/transfer/transfer.hpp");
  static_assert(maps || !makes,
                "afd: the module that a transfer policy makes needs torch::Tensor student(const torch::Tensor& map) "
                "and torch::Tensor teacher(const torch::Tensor& map); see afd/transfer/transfer.hpp");
  static_assert(knows || !maps,
                "afd: the module that a transfer policy makes needs afd::MapShape output() const, the shape of both "
                "sides' results; see afd/transfer/transfer.hpp");
  return makes && maps && knows;
}

}  // namespace detail

// ----------------------------------------------------------------------------------------------------------
// The archetype. Two parts: a module with the layers, of which there are none here, and a policy that makes it.

/// The module: any submodule registered in reset() would be trained with the student.
class IdentityLayersImpl : public torch::nn::Cloneable<IdentityLayersImpl> {
 public:
  explicit IdentityLayersImpl(MapShape shape) : shape_(shape) {}

  void reset() override {}

  torch::Tensor student(const torch::Tensor& map) { return map; }
  torch::Tensor teacher(const torch::Tensor& map) { return map; }
  [[nodiscard]] MapShape output() const { return shape_; }

 private:
  MapShape shape_;
};
TORCH_MODULE(IdentityLayers);

/// No layers: both maps are compared as they are, and nothing is computed.
struct IdentityTransfer {
  // Hyper-parameters would be public members here, so that IdentityTransfer{.width = 32} works.

  /// Called once per edge, when shapes are known; the caller moves the module to its device and dtype. Throws
  /// ShapeError unless the shapes are equal.
  [[nodiscard]] IdentityLayers make(MapShape student, MapShape teacher) const {
    if (student == teacher) return IdentityLayers(student);
    throw ShapeError(detail::concat("IdentityTransfer: the student's feature map [C, H, W] = ", student,
                                    " differs from the teacher's ", teacher,
                                    "; use afd::StudentConv, which makes them comparable"));
  }
};

// Last, ask the compiler whether the policy fits; it names the numbered requirement that fails.
static_assert(Transfer<IdentityTransfer>);

}  // namespace afd
