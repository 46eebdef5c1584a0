// SPDX-License-Identifier: MIT
#pragma once

// One epoch of a loader: the order that it has, a place in it, and all of it as a source of batches.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include <torch/types.h>

#include <afd/data/fingerprint.hpp>
#include <afd/data/shard.hpp>

namespace afd {
namespace detail {

/// Never changed in place, so that whoever walks an epoch may share it.
struct EpochOrder {
  std::uint64_t number = 0;
  torch::Tensor rows;  ///< of the data set, int64 [N]
};

}  // namespace detail

/// A place in one epoch of a loader, whatever the loader goes on to meanwhile; the batch is made each time it is
/// dereferenced. The loader must outlive it, and stay where it is.
template <class Loader>
class LoaderIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using iterator_concept = std::forward_iterator_tag;
  using value_type = typename Loader::Made;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = typename Loader::Made;

  LoaderIterator() = default;
  LoaderIterator(const Loader* loader, detail::EpochOrder order, std::int64_t index)
      : loader_(loader), order_(std::move(order)), index_(index) {}

  [[nodiscard]] reference operator*() const { return loader_->made(order_, index_); }
  LoaderIterator& operator++() {
    ++index_;
    return *this;
  }
  LoaderIterator operator++(int) {
    LoaderIterator before = *this;
    ++index_;
    return before;
  }
  /// Of one epoch. All have the same end.
  friend bool operator==(const LoaderIterator& one, const LoaderIterator& other) {
    return one.loader_ == other.loader_ && one.index_ == other.index_;
  }

 private:
  const Loader* loader_ = nullptr;
  detail::EpochOrder order_;
  std::int64_t index_ = 0;
};

/// The batches of one epoch, which can be walked as often as one likes: a BatchSource that BatchLoader::epoch() makes.
/// The loader must outlive it, and stay where it is; it is not changed. A training on it has the same epoch each time.
template <class Loader>
class LoaderEpoch {
 public:
  using Iterator = LoaderIterator<Loader>;

  LoaderEpoch(const Loader& loader, detail::EpochOrder order) : loader_(&loader), order_(std::move(order)) {}

  [[nodiscard]] Iterator begin() const { return Iterator(loader_, order_, 0); }
  [[nodiscard]] Iterator end() const { return Iterator(loader_, order_, batch_count()); }

  /// Batch `index`, 0 <= index < batch_count().
  [[nodiscard]] typename Loader::Made batch(std::int64_t index) const { return loader_->made(order_, index); }

  [[nodiscard]] std::int64_t batch_count() const { return loader_->batch_count(); }
  [[nodiscard]] Shard shard() const { return loader_->shard(); }
  [[nodiscard]] torch::Device device() const { return loader_->device(); }

  /// Of the loader and the epoch.
  [[nodiscard]] std::int64_t fingerprint() const {
    detail::Fingerprint print;
    print.add_number(loader_->fingerprint());
    print.add_number(order_.number);
    return print.number();
  }

 private:
  const Loader* loader_;
  detail::EpochOrder order_;
};

}  // namespace afd
