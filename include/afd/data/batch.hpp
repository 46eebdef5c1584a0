// SPDX-License-Identifier: MIT
#pragma once

// One mini-batch, what can be read as one, and where batches come from.

#include <concepts>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

namespace afd {

struct Batch {
  torch::Tensor inputs;   ///< [N, ...]
  torch::Tensor targets;  ///< int64 [N]: class labels
};

/// 1. Has tensors `inputs` and `targets`, like Batch.
template <class B>
concept HasInputsAndTargets = requires(const std::remove_cvref_t<B>& batch) {
  { batch.inputs } -> std::convertible_to<torch::Tensor>;
  { batch.targets } -> std::convertible_to<torch::Tensor>;
};

/// 2. Has tensors `data` and `target`, like torch::data::Example<>.
template <class B>
concept HasDataAndTarget = requires(const std::remove_cvref_t<B>& batch) {
  { batch.data } -> std::convertible_to<torch::Tensor>;
  { batch.target } -> std::convertible_to<torch::Tensor>;
};

/// 3. Is a pair or tuple of two tensors: inputs, targets.
template <class B>
concept IsTensorPair = requires(const std::remove_cvref_t<B>& batch) {
  requires std::tuple_size<std::remove_cvref_t<B>>::value == 2;
  { std::get<0>(batch) } -> std::convertible_to<torch::Tensor>;
  { std::get<1>(batch) } -> std::convertible_to<torch::Tensor>;
};

/// What as_batch understands: any one of the three. A std::vector of examples is not one: give the torch
/// DataLoader's data set a `.map(torch::data::transforms::Stack<>())`.
template <class B>
concept BatchLike = HasInputsAndTargets<B> || HasDataAndTarget<B> || IsTensorPair<B>;

/// The same tensors as a Batch; no data is copied.
template <BatchLike B>
[[nodiscard]] Batch as_batch(const B& batch) {
  if constexpr (HasInputsAndTargets<B>) {
    return {batch.inputs, batch.targets};
  } else if constexpr (HasDataAndTarget<B>) {
    return {batch.data, batch.target};
  } else {
    return {std::get<0>(batch), std::get<1>(batch)};
  }
}

/// 1. A range-based for loop can walk it: begin, end, !=, ++ and *; once per begin is enough.
template <class S>
concept CanBeWalked = requires(S& source) {
  requires requires(decltype(std::begin(source)) position) {
    { position != std::end(source) } -> std::convertible_to<bool>;
    ++position;
    *position;
  };
};

/// 2. What it yields can be read as a batch.
template <class S>
concept YieldsBatches = requires(decltype(std::begin(std::declval<S&>())) position) {
  { *position } -> BatchLike;
};

/// A source of batches; each begin() starts an epoch. BatchLoader is one, and so are std::vector<Batch> and a
/// torch DataLoader with the Stack transform (write `*loader` for the pointer that torch gives).
/// Not required: const iteration, more than one pass per begin(), copyable iterators' equality, std::ranges'
/// concepts, or a known length.
template <class S>
concept BatchSource = CanBeWalked<S> && YieldsBatches<S>;

/// A source whose epochs differ: `start_epoch(epoch)` is called before each begin().
template <class S>
concept HasEpochs = requires(S& source, std::int64_t epoch) { source.start_epoch(epoch); };

/// A source that can also enter an epoch half-way: `start_epoch(epoch, first_batch)`. What an epoch has must follow
/// from its number alone, and not from LibTorch's random numbers of the moment.
template <class S>
concept CanResumeEpoch =
    requires(S& source, std::int64_t epoch, std::int64_t batch) { source.start_epoch(epoch, batch); };

/// Whether this source can: one whose type could may hold another that cannot, and then `resumes_epochs()` says so.
template <class S>
[[nodiscard]] bool can_resume_epoch(const S& source) {
  if constexpr (!CanResumeEpoch<S>) {
    return false;
  } else if constexpr (requires {
                         { source.resumes_epochs() } -> std::convertible_to<bool>;
                       }) {
    return source.resumes_epochs();
  } else {
    return true;
  }
}

/// How many batches an epoch of `source` has: its `batch_count()`, else the size of a sized range, else
/// nothing.
template <class S>
[[nodiscard]] std::optional<std::int64_t> batch_count(const S& source) {
  if constexpr (requires {
                  { source.batch_count() } -> std::convertible_to<std::optional<std::int64_t>>;
                }) {
    return source.batch_count();
  } else if constexpr (std::ranges::sized_range<const S>) {
    return static_cast<std::int64_t>(std::ranges::size(source));
  } else {
    return std::nullopt;
  }
}

/// A number that sources with other batches are not likely to have: `source.fingerprint()`, else the number of batches.
template <class S>
[[nodiscard]] std::int64_t fingerprint(const S& source) {
  if constexpr (requires {
                  { source.fingerprint() } -> std::convertible_to<std::int64_t>;
                }) {
    return source.fingerprint();
  } else {
    return batch_count(source).value_or(-1);
  }
}

static_assert(BatchLike<Batch>);
static_assert(!BatchLike<torch::Tensor>);

}  // namespace afd
