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

#include <afd/data/tensors.hpp>

namespace afd {

/// Inputs and targets are each a tensor, or a tuple, an array, a list or a struct of the user's with tensors in it; see
/// afd/data/tensors.hpp. Networks are called with the inputs, loss terms with the targets.
///     afd::BasicBatch batch{std::tuple{token_ids, mask}, labels};
template <class I = torch::Tensor, class T = torch::Tensor>
struct BasicBatch {
  using Inputs = I;
  using Targets = T;

  Inputs inputs;    ///< of N samples; a tensor is [N, ...]
  Targets targets;  ///< whatever the terms that read them understand; labels are int64 [N]
};
template <class I, class T>
BasicBatch(I, T) -> BasicBatch<I, T>;

/// A batch of the common case: one tensor each.
using Batch = BasicBatch<>;

/// Whether B is a BasicBatch, whatever is in it.
template <class B>
inline constexpr bool is_basic_batch = false;
template <class I, class T>
inline constexpr bool is_basic_batch<BasicBatch<I, T>> = true;

/// The targets of a batch that has none.
struct NoTargets {
  friend bool operator==(const NoTargets&, const NoTargets&) = default;
};

/// 1. Has `inputs` and `targets`, like BasicBatch.
template <class B>
concept HasInputsAndTargets = requires(const std::remove_cvref_t<B>& batch) {
  batch.inputs;
  batch.targets;
};

/// 2. Has `data` and `target`, like torch::data::Example<>; the target may be torch::data::example::NoTarget.
template <class B>
concept HasDataAndTarget = requires(const std::remove_cvref_t<B>& batch) {
  batch.data;
  batch.target;
};

/// 3. Is a pair or tuple of two: inputs, targets.
template <class B>
concept IsInputsTargetsPair = requires { requires std::tuple_size<std::remove_cvref_t<B>>::value == 2; };

/// 4. Has `inputs` alone, or `data` alone, like torch::data::TensorExample: there are no targets.
template <class B>
concept HasInputsAlone = !HasInputsAndTargets<B> && requires(const std::remove_cvref_t<B>& batch) { batch.inputs; };
template <class B>
concept HasDataAlone = !HasDataAndTarget<B> && requires(const std::remove_cvref_t<B>& batch) {
  { batch.data } -> std::convertible_to<torch::Tensor>;
};

/// What as_batch understands: any one of the four. A std::vector of examples is not one: give the torch DataLoader's
/// data set a `.map(torch::data::transforms::Stack<>())`.
template <class B>
concept BatchLike =
    HasInputsAndTargets<B> || HasDataAndTarget<B> || IsInputsTargetsPair<B> || HasInputsAlone<B> || HasDataAlone<B>;

/// The same tensors as a BasicBatch; no data is copied.
template <BatchLike B>
[[nodiscard]] auto as_batch(const B& batch) {
  if constexpr (HasInputsAndTargets<B>) {
    return BasicBatch<std::remove_cvref_t<decltype(batch.inputs)>, std::remove_cvref_t<decltype(batch.targets)>>{
        batch.inputs, batch.targets};
  } else if constexpr (HasDataAndTarget<B>) {
    using Target = std::remove_cvref_t<decltype(batch.target)>;
    if constexpr (std::is_empty_v<Target>) {
      return BasicBatch<std::remove_cvref_t<decltype(batch.data)>, NoTargets>{batch.data, {}};
    } else {
      return BasicBatch<std::remove_cvref_t<decltype(batch.data)>, Target>{batch.data, batch.target};
    }
  } else if constexpr (IsInputsTargetsPair<B>) {
    return BasicBatch<std::remove_cvref_t<decltype(std::get<0>(batch))>,
                      std::remove_cvref_t<decltype(std::get<1>(batch))>>{std::get<0>(batch), std::get<1>(batch)};
  } else if constexpr (HasInputsAlone<B>) {
    return BasicBatch<std::remove_cvref_t<decltype(batch.inputs)>, NoTargets>{batch.inputs, {}};
  } else {
    return BasicBatch<std::remove_cvref_t<decltype(batch.data)>, NoTargets>{batch.data, {}};
  }
}

/// The BasicBatch that something is read as.
template <class B>
using BatchOf = decltype(as_batch(std::declval<const std::remove_cvref_t<B>&>()));

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

/// A source whose epochs differ: `start_epoch(epoch)` says which one the next begin() walks. Without it, each begin()
/// should go on to the next epoch, so that a plain loop over epochs does not see the same one each time.
template <class S>
concept HasEpochs = requires(S& source, std::int64_t epoch) { source.start_epoch(epoch); };

/// A source that can also enter an epoch half-way: `start_epoch(epoch, first_batch)`. What an epoch has must follow
/// from its number alone, and not from LibTorch's random numbers of the moment.
template <class S>
concept CanResumeEpoch =
    requires(S& source, std::int64_t epoch, std::int64_t batch) { source.start_epoch(epoch, batch); };

/// The BasicBatch that a source yields.
template <class S>
using BatchOfSource = BatchOf<decltype(*std::begin(std::declval<S&>()))>;

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
