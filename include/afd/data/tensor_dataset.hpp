// SPDX-License-Identifier: MIT
#pragma once

// A labelled data set held in memory as two tensors, and the seeded subsets that experiments need.

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/order.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

struct TrainValidation;

/// Subsets are copies; they share no storage with the whole. All of them throw DataError when the data set is
/// not valid or is too small.
struct TensorDataset {
  torch::Tensor inputs;   ///< uint8 or floating point, [N, ...]; images are [N, C, H, W]
  torch::Tensor targets;  ///< int64 [N]: class labels

  [[nodiscard]] std::int64_t size() const { return inputs.defined() && inputs.dim() > 0 ? inputs.size(0) : 0; }

  /// Throws DataError unless both tensors are there, with the dtypes above, on one device, of one size N > 0.
  void validate() const;

  /// The samples at `rows`, int64 [N], as a batch; nothing here is left to chance. Copies.
  [[nodiscard]] Batch gather(const torch::Tensor& rows, const CounterRng& /*rng*/) const {
    return {inputs.index_select(0, rows), targets.index_select(0, rows)};
  }

  /// The samples at `indices`, in that order; repeats are allowed.
  [[nodiscard]] TensorDataset select(const std::vector<std::int64_t>& indices) const;

  /// The first `count` samples.
  [[nodiscard]] TensorDataset first(std::int64_t count) const;

  /// `count` samples drawn without replacement.
  [[nodiscard]] TensorDataset take(std::int64_t count, std::uint64_t seed) const;

  /// `count` samples of every class that occurs, drawn without replacement, the classes mixed.
  [[nodiscard]] TensorDataset take_per_class(std::int64_t count, std::uint64_t seed) const;

  /// `validation_count` samples drawn for validation, and all others; both keep at least one.
  [[nodiscard]] TrainValidation split(std::int64_t validation_count, std::uint64_t seed) const;

 private:
  [[nodiscard]] std::vector<std::int64_t> drawn_order(std::uint64_t seed) const {
    // An epoch no training reaches, so that a subset's order has nothing to do with a loader's of the same
    // seed.
    return permutation(size(), seed, ~std::uint64_t{0});
  }
  void require_count(std::int64_t count, std::int64_t most) const {
    validate();
    if (count < 1 || count > most) {
      throw DataError(detail::concat("asked for ", count, " of ", size(), " samples; 1 to ", most, " can be taken"));
    }
  }
};

/// What TensorDataset::split returns: `auto [train, validation] = dataset.split(5000, seed);`
struct TrainValidation {
  TensorDataset train;
  TensorDataset validation;
};

inline void TensorDataset::validate() const {
  using detail::concat;
  if (!inputs.defined() || !targets.defined()) {
    throw DataError("a data set needs inputs and targets, but one of the tensors is undefined");
  }
  if (inputs.dim() == 0 || (inputs.scalar_type() != torch::kUInt8 && !inputs.is_floating_point())) {
    throw DataError(concat("inputs must be uint8 or floating point, [N, ...], but are ", inputs.scalar_type(),
                           " of shape ", inputs.sizes()));
  }
  if (targets.dim() != 1 || targets.scalar_type() != torch::kInt64) {
    throw DataError(concat("targets must be int64 class labels [N], but are ", targets.scalar_type(), " of shape ",
                           targets.sizes(), "; convert them with .to(torch::kInt64)"));
  }
  if (inputs.size(0) != targets.size(0)) {
    throw DataError(concat("a data set needs one target per input, but has ", inputs.size(0), " inputs and ",
                           targets.size(0), " targets"));
  }
  if (inputs.device() != targets.device()) {
    throw DataError(concat("inputs are on ", inputs.device(), " but targets on ", targets.device()));
  }
  if (inputs.numel() == 0) throw DataError(concat("the data set is empty: inputs have shape ", inputs.sizes()));
}

inline TensorDataset TensorDataset::select(const std::vector<std::int64_t>& indices) const {
  const torch::Tensor rows = torch::tensor(indices, torch::kInt64).to(inputs.device());
  return {inputs.index_select(0, rows), targets.index_select(0, rows)};
}

inline TensorDataset TensorDataset::first(std::int64_t count) const {
  require_count(count, size());
  return {inputs.narrow(0, 0, count).clone(), targets.narrow(0, 0, count).clone()};
}

inline TensorDataset TensorDataset::take(std::int64_t count, std::uint64_t seed) const {
  require_count(count, size());
  std::vector<std::int64_t> order = drawn_order(seed);
  order.resize(static_cast<std::size_t>(count));
  return select(order);
}

inline TensorDataset TensorDataset::take_per_class(std::int64_t count, std::uint64_t seed) const {
  require_count(count, size());
  const torch::Tensor labels = targets.to(torch::kCPU).contiguous();
  const std::int64_t* label = labels.data_ptr<std::int64_t>();
  std::map<std::int64_t, std::int64_t> found;
  std::vector<std::int64_t> chosen;
  for (const std::int64_t index : drawn_order(seed)) {
    if (++found[label[index]] <= count) chosen.push_back(index);
  }
  for (const auto& [wanting, samples] : found) {
    if (samples < count) {
      throw DataError(
          detail::concat("asked for ", count, " samples of each class, but class ", wanting, " has only ", samples));
    }
  }
  return select(chosen);
}

inline TrainValidation TensorDataset::split(std::int64_t validation_count, std::uint64_t seed) const {
  require_count(validation_count, size() - 1);
  const std::vector<std::int64_t> order = drawn_order(seed);
  const auto border = order.begin() + validation_count;
  return {.train = select({border, order.end()}), .validation = select({order.begin(), border})};
}

}  // namespace afd
