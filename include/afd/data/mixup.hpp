// SPDX-License-Identifier: MIT
#pragma once

// Mixtures of samples and of their labels.

#include <cstdint>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/data/sample_mix.hpp>
#include <afd/data/soft_labels.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// lambda x + (1 - lambda) x[partners] of the inputs and of the labels, with one lambda from Beta(alpha, alpha) and one
/// permutation for the batch. Every tensor of the inputs is mixed, all views alike; it must be floating point. Labels,
/// int64 [N] or soft, become soft ones, [N, classes]; a loss that reads those must follow.
///
///     afd::Compose{afd::PadCrop{}, afd::UnitRange{}, afd::Mixup{.alpha = 0.2, .classes = 10}}
///
/// Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018 (arXiv 1710.09412).
struct Mixup {
  double alpha = 0.2;
  std::int64_t classes = 0;  ///< of the labels; must be given

  /// Throws ConfigError for alpha or classes, DataError for inputs or targets, that cannot be mixed.
  template <detail::MixableInputs I = torch::Tensor>
  [[nodiscard]] BasicBatch<I, torch::Tensor> operator()(const BasicBatch<I, torch::Tensor>& batch,
                                                        const CounterRng& rng) const {
    // Half precision has too few digits for labels.
    const bool is_double = first_tensor(batch.inputs).scalar_type() == torch::kFloat64;
    const torch::Tensor labels =
        detail::soft_labels(batch.targets, classes, is_double ? torch::kFloat64 : torch::kFloat32, "Mixup");
    const detail::SampleMix mix = detail::draw_mix(alpha, labels.size(0), rng, "Mixup");
    const auto blend = [&](const torch::Tensor& tensor) {
      check(tensor, labels.size(0));
      return mix.blend(tensor);
    };
    return {map_tensors(batch.inputs, blend), mix.blend(labels)};
  }

 private:
  static void check(const torch::Tensor& inputs, std::int64_t samples) {
    if (inputs.dim() == 0 || inputs.size(0) != samples) {
      throw DataError(detail::concat("Mixup needs a row for each of ", samples, " targets, but got inputs of shape ",
                                     inputs.sizes()));
    }
    if (inputs.is_floating_point()) return;
    throw DataError(detail::concat("Mixup needs floating-point inputs, but got ", inputs.scalar_type(), " of shape ",
                                   inputs.sizes(),
                                   "; convert images first: put afd::UnitRange{} before it in afd::Compose. Token ids "
                                   "and masks cannot be mixed"));
  }
};

static_assert(BatchTransform<Mixup> && !TransformsInputs<Mixup>);

}  // namespace afd
