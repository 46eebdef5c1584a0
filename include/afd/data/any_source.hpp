// SPDX-License-Identifier: MIT
#pragma once

// A source of batches whose type is known at run time only.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

/// Any source of batches like B under one type, so that a training is compiled once for all of them; costs a virtual
/// call per batch.
/// Copies share the source, and where it stands. One walk at a time: begin() and start_epoch() end the one before.
///
///     afd::AnySource train = ahead ? afd::AnySource(std::make_shared<afd::Prefetch<Loader>>(std::move(loader)))
///                                  : afd::AnySource(std::move(loader));
///
/// Sources of batches of other types than Batch: afd::BasicAnySource{std::move(loader)}, all of one type.
template <class B = Batch>
class BasicAnySource {
  struct Interface {
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;
    virtual std::int64_t begin() = 0;  ///< the number of the walk
    virtual std::optional<B> next(std::int64_t walk) = 0;
    virtual void start_epoch(std::int64_t epoch, std::int64_t first_batch) = 0;
    [[nodiscard]] virtual bool resumes_epochs() const = 0;
    [[nodiscard]] virtual std::optional<std::int64_t> batch_count() const = 0;
    [[nodiscard]] virtual std::int64_t fingerprint() const = 0;
    [[nodiscard]] virtual Shard shard() const = 0;
  };

 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = B;
    using difference_type = std::ptrdiff_t;
    using pointer = const B*;
    using reference = const B&;

    Iterator() = default;
    [[nodiscard]] const B& operator*() const { return *batch_; }
    [[nodiscard]] const B* operator->() const { return &*batch_; }
    Iterator& operator++() {
      batch_ = source_->next(walk_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.batch_.has_value(); }

   private:
    friend class BasicAnySource;
    explicit Iterator(std::shared_ptr<Interface> source) : source_(std::move(source)), walk_(source_->begin()) {
      ++*this;
    }

    std::shared_ptr<Interface> source_;
    std::int64_t walk_ = 0;
    std::optional<B> batch_;
  };

  template <BatchSource S>
    requires(!std::is_same_v<std::remove_cvref_t<S>, BasicAnySource> &&
             std::move_constructible<std::remove_cvref_t<S>> && std::is_same_v<BatchOfSource<S>, B>)
  explicit BasicAnySource(S&& source)
      : BasicAnySource(std::make_shared<std::remove_cvref_t<S>>(std::forward<S>(source))) {}

  /// For a source that cannot be moved, such as Prefetch. Throws ConfigError for nullptr.
  template <BatchSource S>
    requires std::is_same_v<BatchOfSource<S>, B>
  explicit BasicAnySource(std::shared_ptr<S> source) : held_(std::make_shared<Held<S>>(std::move(source))) {}

  /// Begins the epoch that the source goes on to, as the source's own begin() does.
  [[nodiscard]] Iterator begin() const { return Iterator(held_); }
  [[nodiscard]] std::default_sentinel_t end() const { return std::default_sentinel; }

  /// Passed on to a source whose epochs differ; others are the same in every epoch. A first batch other than 0 throws
  /// ConfigError for a source that cannot enter an epoch half-way.
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0) { held_->start_epoch(epoch, first_batch); }

  /// Whether the source can enter an epoch half-way.
  [[nodiscard]] bool resumes_epochs() const { return held_->resumes_epochs(); }

  [[nodiscard]] std::optional<std::int64_t> batch_count() const { return held_->batch_count(); }
  [[nodiscard]] std::int64_t fingerprint() const { return held_->fingerprint(); }
  [[nodiscard]] Shard shard() const { return held_->shard(); }

 private:
  template <class S>
  struct Held final : Interface {
    explicit Held(std::shared_ptr<S> source) : source_(std::move(source)) {
      if (!source_) throw ConfigError("an AnySource was given no source (nullptr)");
    }

    std::int64_t begin() override {
      place_.reset();
      ++walk_;
      place_.emplace(std::begin(*source_));
      is_new_ = true;
      return walk_;
    }
    std::optional<B> next(std::int64_t walk) override {
      if (walk != walk_ || !place_) return std::nullopt;  // another walk, or epoch, was begun
      if (!is_new_) ++*place_;
      is_new_ = false;
      if (!(*place_ != std::end(*source_))) return std::nullopt;
      return as_batch(**place_);
    }
    void start_epoch(std::int64_t epoch, std::int64_t first_batch) override {
      place_.reset();
      if constexpr (CanResumeEpoch<S>) {
        source_->start_epoch(epoch, first_batch);
      } else {
        if (first_batch != 0) {
          throw ConfigError(detail::concat("this source cannot enter epoch ", epoch, " at batch ", first_batch));
        }
        if constexpr (HasEpochs<S>) source_->start_epoch(epoch);
      }
    }
    [[nodiscard]] bool resumes_epochs() const override { return can_resume_epoch(*source_); }
    [[nodiscard]] std::optional<std::int64_t> batch_count() const override { return afd::batch_count(*source_); }
    [[nodiscard]] std::int64_t fingerprint() const override { return afd::fingerprint(*source_); }
    [[nodiscard]] Shard shard() const override { return shard_of(*source_); }

   private:
    std::shared_ptr<S> source_;
    std::optional<decltype(std::begin(std::declval<S&>()))> place_;
    std::int64_t walk_ = 0;
    bool is_new_ = true;
  };

  std::shared_ptr<Interface> held_;
};

template <BatchSource S>
BasicAnySource(S&&) -> BasicAnySource<BatchOfSource<S>>;
template <BatchSource S>
BasicAnySource(std::shared_ptr<S>) -> BasicAnySource<BatchOfSource<S>>;

/// Any source of batches of one tensor each.
using AnySource = BasicAnySource<>;

static_assert(BatchSource<AnySource> && CanResumeEpoch<AnySource>);

}  // namespace afd
