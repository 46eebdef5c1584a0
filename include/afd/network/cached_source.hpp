// SPDX-License-Identifier: MIT
#pragma once

// Another source's batches with what a teacher returns for them, read from its cache.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/data/tensors.hpp>
#include <afd/data/views.hpp>
#include <afd/network/cached.hpp>
#include <afd/network/network.hpp>
#include <afd/network/teacher_cache.hpp>

namespace afd {
namespace detail {

/// Views for `Count` networks: that of network `Place` is `outputs`, those of the others are of `inputs` as before.
template <std::size_t Place, std::size_t Count, class Inputs, class Outputs>
[[nodiscard]] auto views_with(const Inputs& inputs, Outputs outputs) {
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    const auto view = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      if constexpr (I == Place) {
        return std::move(outputs);
      } else {
        return inputs_of<I, Count>(inputs);
      }
    };
    return Views<decltype(view(std::integral_constant<std::size_t, K>{}))...>(
        view(std::integral_constant<std::size_t, K>{})...);
  }(std::make_index_sequence<Count>{});
}

}  // namespace detail

/// A BatchSource: the batches of `Source`, whose inputs become afd::Views for `Count` networks. That of network `Place`
/// holds what the teacher returns for it, for an afd::Cached; the others take what they took. Several cached teachers:
/// one around the other. Each batch is made, and its outputs found or computed, when it is asked for; give an
/// evaluation its source in the same way.
///
/// Goes on half-way, and repeats, as `Source` does. The teacher is run where this is walked: around a Prefetch
/// (AnySource holds one), not inside it, unless all is computed already, see fill().
template <std::size_t Place, std::size_t Count, BatchSource Source, class N>
  requires(Place < Count)
class CachedSource {
  using Given = BatchOfSource<Source>;
  using GivenInputs = typename Given::Inputs;
  using TeacherInputs =
      std::remove_cvref_t<decltype(detail::inputs_of<Place, Count>(std::declval<const GivenInputs&>()))>;
  static constexpr bool teacher_takes = detail::require_takes<N, TeacherInputs>();
  using Out = OutputsOf<N, TeacherInputs>;
  template <class S>
  using PositionIn = decltype(std::begin(std::declval<S&>()));
  template <class S>
  using EndOf = decltype(std::end(std::declval<S&>()));

 public:
  using Inputs = decltype(detail::views_with<Place, Count>(std::declval<const GivenInputs&>(),
                                                           std::declval<CachedOutputs<Out>>()));
  using Made = BasicBatch<Inputs, typename Given::Targets>;

  /// A place in the source; the batch is made each time it is dereferenced.
  template <class Position>
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Made;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Made;

    Iterator() = default;
    Iterator(const CachedSource* source, Position position) : source_(source), position_(std::move(position)) {}

    [[nodiscard]] Made operator*() { return source_->made(as_batch(*position_)); }
    Iterator& operator++() {
      ++position_;
      return *this;
    }
    void operator++(int) { ++*this; }
    template <class End>
      requires requires(Position& position, const End& end) {
        { position != end } -> std::convertible_to<bool>;
      }
    [[nodiscard]] bool operator!=(const End& end) {
      return position_ != end;
    }

   private:
    const CachedSource* source_ = nullptr;
    Position position_;
  };

  CachedSource(Source source, TeacherCache<N> cache) : source_(std::move(source)), cache_(std::move(cache)) {}

  [[nodiscard]] Iterator<PositionIn<Source>> begin() { return {this, std::begin(source_)}; }
  [[nodiscard]] EndOf<Source> end() { return std::end(source_); }
  /// Of a source that can be walked when it is const.
  [[nodiscard]] Iterator<PositionIn<const Source>> begin() const
    requires CanBeWalked<const Source>
  {
    return {this, std::begin(source_)};
  }
  [[nodiscard]] EndOf<const Source> end() const
    requires CanBeWalked<const Source>
  {
    return std::end(source_);
  }

  void start_epoch(std::int64_t epoch)
    requires HasEpochs<Source>
  {
    source_.start_epoch(epoch);
  }
  void start_epoch(std::int64_t epoch, std::int64_t first_batch)
    requires CanResumeEpoch<Source>
  {
    source_.start_epoch(epoch, first_batch);
  }

  /// Batch `index` of the current epoch, if the source gives batches by their number.
  [[nodiscard]] Made batch(std::int64_t index) const
    requires requires(const Source& source) { source.batch(index); }
  {
    return made(as_batch(source_.batch(index)));
  }

  /// Has every batch of the epochs 0 to `epochs` - 1 computed and kept that is not yet, and the file put on the disk.
  /// Calls `after(epoch, batches done of it)` after each; cache().counts() says more. The source is at epoch 0 then.
  template <class After>
    requires std::invocable<After&, std::int64_t, std::int64_t>
  void fill(std::int64_t epochs, After&& after) {
    for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
      if constexpr (HasEpochs<Source>) source_.start_epoch(epoch);
      std::int64_t done = 0;
      for (auto&& batch : source_) {
        static_cast<void>(outputs_of(as_batch(batch)));
        after(epoch, ++done);
      }
    }
    if constexpr (HasEpochs<Source>) source_.start_epoch(0);
    cache_.sync();
  }
  void fill(std::int64_t epochs) {
    fill(epochs, [](std::int64_t, std::int64_t) {});
  }

  /// Whether the source can enter an epoch half-way.
  [[nodiscard]] bool resumes_epochs() const { return can_resume_epoch(source_); }
  [[nodiscard]] std::optional<std::int64_t> batch_count() const { return afd::batch_count(source_); }
  [[nodiscard]] std::int64_t fingerprint() const { return afd::fingerprint(source_); }
  [[nodiscard]] Shard shard() const { return shard_of(source_); }

  /// Where the batches are, if the source says so.
  [[nodiscard]] torch::Device device() const
    requires requires(const Source& source) {
      { source.device() } -> std::convertible_to<torch::Device>;
    }
  {
    return source_.device();
  }

  [[nodiscard]] const Source& source() const { return source_; }
  [[nodiscard]] const TeacherCache<N>& cache() const { return cache_; }

 private:
  template <class B>
  [[nodiscard]] Out outputs_of(const B& batch) const {
    return cache_.outputs(detail::inputs_of<Place, Count>(batch.inputs));
  }

  [[nodiscard]] Made made(Given batch) const {
    const std::int64_t samples = sample_count(detail::inputs_of<Place, Count>(batch.inputs));
    auto inputs = detail::views_with<Place, Count>(batch.inputs, CachedOutputs<Out>(outputs_of(batch), samples));
    return {std::move(inputs), std::move(batch.targets)};
  }

  Source source_;
  TeacherCache<N> cache_;
};

/// The batches of `source` for `Count` networks, of which network `Place` is an afd::Cached whose teacher is that of
/// `cache`: `afd::with_cached<0, 2>(loader, cache)`.
template <std::size_t Place, std::size_t Count, BatchSource Source, class N>
[[nodiscard]] auto with_cached(Source&& source, const TeacherCache<N>& cache) {
  return CachedSource<Place, Count, std::remove_cvref_t<Source>, N>(std::forward<Source>(source), cache);
}

}  // namespace afd
