// SPDX-License-Identifier: MIT
#pragma once

// The layers that a term puts on its edges, and how they come to a network's device.

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/strategy/term.hpp>

namespace afd::detail {

/// The layers of an edge whose term has none.
struct NoEdgeLayers {};

template <class Term>
struct EdgeLayersOf {
  using type = NoEdgeLayers;
};
template <TermMakesEdge Term>
struct EdgeLayersOf<Term> {
  using type = EdgeLayers<Term>;
};

/// To the device and dtype of `like`. Module::to would turn BatchNorm's integer counter into a float as well.
inline void move_like(torch::nn::Module& module, const torch::Tensor& like) {
  module.to(like.device());
  for (torch::Tensor& tensor : module.parameters()) tensor.set_data(tensor.to(like.scalar_type()));
  for (torch::Tensor& tensor : module.buffers()) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(like.scalar_type()));
  }
}

}  // namespace afd::detail
