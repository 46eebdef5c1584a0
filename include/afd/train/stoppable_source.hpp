// SPDX-License-Identifier: MIT
#pragma once

// A walk through a source that a signal ends.

#include <cstdint>
#include <iterator>
#include <utility>

#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/train/stop_signals.hpp>

namespace afd::detail {

/// Thrown by a walk that was ended; no error.
struct StoppedWalk {};

/// The same batches as `source`, until a signal has come: then the next one throws StoppedWalk. Without signals to ask
/// (nullptr), all of them.
template <BatchSource Source>
class StoppableSource {
 public:
  class Iterator {
   public:
    Iterator(Source& source, const StopSignals* signals)
        : source_(&source), place_(std::begin(source)), signals_(signals) {}

    [[nodiscard]] decltype(auto) operator*() { return *place_; }
    Iterator& operator++() {
      if (signals_ != nullptr && signals_->signal() != 0) throw StoppedWalk{};
      ++place_;
      return *this;
    }
    friend bool operator==(const Iterator& it, std::default_sentinel_t /*end*/) {
      return !(it.place_ != std::end(*it.source_));
    }

   private:
    Source* source_;
    mutable decltype(std::begin(std::declval<Source&>())) place_;  // not all can be compared as constants
    const StopSignals* signals_;
  };

  StoppableSource(Source& source, const StopSignals* signals) : source_(source), signals_(signals) {}

  void start_epoch(std::int64_t epoch)
    requires HasEpochs<Source>
  {
    source_.start_epoch(epoch);
  }

  [[nodiscard]] Shard shard() const { return shard_of(source_); }

  [[nodiscard]] Iterator begin() { return Iterator(source_, signals_); }
  [[nodiscard]] std::default_sentinel_t end() const { return std::default_sentinel; }

 private:
  Source& source_;
  const StopSignals* signals_;
};

}  // namespace afd::detail
