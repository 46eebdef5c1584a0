// SPDX-License-Identifier: MIT
#pragma once

// A data set held in memory as tensors, and the seeded subsets that experiments need.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/label_check.hpp>
#include <afd/data/order.hpp>
#include <afd/data/samples.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// What BasicTensorDataset::split returns: `auto [train, validation] = dataset.split(5000, seed);`
template <class Dataset>
struct TrainValidation {
  Dataset train;
  Dataset validation;
};

/// Inputs and targets are each a tensor, or a tuple, an array or a struct with tensors in it, [N, ...] each, or a list
/// of N samples; see afd/data/tensors.hpp. Subsets are copies; they share no storage with the whole. All of them throw
/// DataError when the data set is not valid or is too small.
///
///     afd::BasicTensorDataset texts{std::tuple{token_ids, mask}, labels};
template <class I = torch::Tensor, class T = torch::Tensor>
struct BasicTensorDataset {
  using Inputs = I;
  using Targets = T;

  Inputs inputs;    ///< images are [N, C, H, W]
  Targets targets;  ///< class labels are int64 [N]

  [[nodiscard]] std::int64_t size() const { return afd::sample_count(inputs); }

  /// Throws DataError unless all tensors are there, on one device, of one size N > 0.
  void validate() const { detail::check_samples(inputs, targets); }

  /// The samples at `rows`, int64 [N], as a batch; nothing here is left to chance. Copies.
  [[nodiscard]] BasicBatch<I, T> gather(const torch::Tensor& rows, const CounterRng& /*rng*/) const {
    return {detail::samples_at(inputs, rows), detail::samples_at(targets, rows)};
  }

  /// The samples at `indices`, in that order; repeats are allowed.
  [[nodiscard]] BasicTensorDataset select(const std::vector<std::int64_t>& indices) const {
    const torch::Tensor rows = torch::tensor(indices, torch::kInt64);
    return {detail::samples_at(inputs, rows), detail::samples_at(targets, rows)};
  }

  /// The first `count` samples.
  [[nodiscard]] BasicTensorDataset first(std::int64_t count) const {
    require_count(count, size());
    const torch::Tensor rows = torch::arange(count, torch::kInt64);
    return {detail::samples_at(inputs, rows), detail::samples_at(targets, rows)};
  }

  /// `count` samples drawn without replacement.
  [[nodiscard]] BasicTensorDataset take(std::int64_t count, std::uint64_t seed) const {
    require_count(count, size());
    std::vector<std::int64_t> order = drawn_order(seed);
    order.resize(static_cast<std::size_t>(count));
    return select(order);
  }

  /// `count` samples of every class that occurs, drawn without replacement, the classes mixed. Needs targets that are
  /// class labels, int64 [N]; samples with the label -100 have none, and are left out.
  [[nodiscard]] BasicTensorDataset take_per_class(std::int64_t count, std::uint64_t seed) const
    requires std::same_as<T, torch::Tensor>;

  /// `validation_count` samples drawn for validation, and all others; both keep at least one.
  [[nodiscard]] TrainValidation<BasicTensorDataset> split(std::int64_t validation_count, std::uint64_t seed) const {
    require_count(validation_count, size() - 1);
    const std::vector<std::int64_t> order = drawn_order(seed);
    const auto border = order.begin() + validation_count;
    return {.train = select({border, order.end()}), .validation = select({order.begin(), border})};
  }

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
template <class I, class T>
BasicTensorDataset(I, T) -> BasicTensorDataset<I, T>;

/// A data set of the common case: one tensor each.
using TensorDataset = BasicTensorDataset<>;

/// A data set of whatever `inputs` and `targets` are; without targets, of inputs alone.
template <class I, class T = NoTargets>
[[nodiscard]] BasicTensorDataset<I, T> tensor_dataset(I inputs, T targets = {}) {
  return {std::move(inputs), std::move(targets)};
}

template <class I, class T>
BasicTensorDataset<I, T> BasicTensorDataset<I, T>::take_per_class(std::int64_t count, std::uint64_t seed) const
  requires std::same_as<T, torch::Tensor>
{
  require_count(count, size());
  if (targets.dim() != 1 || targets.scalar_type() != torch::kInt64) {
    throw DataError(detail::concat("take_per_class needs targets that are int64 class labels [N], but they are ",
                                   targets.scalar_type(), " of shape ", targets.sizes(),
                                   "; draw from all samples alike with take()"));
  }
  const torch::Tensor labels = targets.to(torch::kCPU).contiguous();
  const std::int64_t* label = labels.data_ptr<std::int64_t>();
  std::map<std::int64_t, std::int64_t> found;
  std::vector<std::int64_t> chosen;
  for (const std::int64_t index : drawn_order(seed)) {
    if (label[index] == detail::no_label) continue;
    if (++found[label[index]] <= count) chosen.push_back(index);
  }
  if (found.empty()) {
    throw DataError(detail::concat("take_per_class needs labelled samples, but all labels are ", detail::no_label,
                                   ", which stands for none; draw from all samples alike with take()"));
  }
  for (const auto& [wanting, samples] : found) {
    if (samples < count) {
      throw DataError(
          detail::concat("asked for ", count, " samples of each class, but class ", wanting, " has only ", samples));
    }
  }
  return select(chosen);
}

namespace detail {

template <class D>
inline constexpr bool is_tensor_dataset = false;
template <class I, class T>
inline constexpr bool is_tensor_dataset<BasicTensorDataset<I, T>> = true;

}  // namespace detail
}  // namespace afd
