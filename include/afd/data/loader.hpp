// SPDX-License-Identifier: MIT
#pragma once

// Batches of a data set, in an order and with transforms that depend on the seed alone.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/batch_transform.hpp>
#include <afd/data/fingerprint.hpp>
#include <afd/data/loader_epoch.hpp>
#include <afd/data/order.hpp>
#include <afd/data/policy_text.hpp>
#include <afd/data/shard.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>

namespace afd {

struct LoaderOptions {
  std::int64_t batch_size = 128;  ///< of all processes together
  bool shuffle = true;            ///< a new order each epoch (training); false: the data set's (evaluation)
  std::uint64_t seed = 0;         ///< of the orders and of the transforms
  bool drop_last = false;         ///< leave out an incomplete last batch
  bool pad_last = false;          ///< fill it with samples from the beginning of the epoch's order
  std::int64_t min_batch = 2;  ///< when shuffling, leave out a last batch of fewer samples than this for each process
  Shard shard = {};            ///< of each batch, one process's part of several; see World::shard()
  /// Where the batches go; not given, they stay where the data set is. To an accelerator they are copied without a
  /// wait, and before the last transforms that can be computed there: see TransformOnDevice.
  std::optional<torch::Device> device = std::nullopt;
};

/// A data set: `size()`, in samples; `validate()` throws DataError if it cannot be used; `gather(rows, rng)`, const,
/// makes a BasicBatch of the samples at `rows`, int64 [N], and may take chance from `rng` for row i, as a
/// BatchTransform does. TensorDataset, BasicTensorDataset and ImageFolder are data sets. Not required: a base class,
/// that samples are in memory, or a fingerprint, see HasFingerprint.
template <class D>
concept Dataset =
    std::copy_constructible<D> && requires(const D& dataset, const torch::Tensor& rows, const CounterRng& rng) {
      { dataset.size() } -> std::convertible_to<std::int64_t>;
      dataset.validate();
      dataset.gather(rows, rng);
      requires is_basic_batch<std::remove_cvref_t<decltype(dataset.gather(rows, rng))>>;
    };

/// A data set whose content has a number, `fingerprint()`, const, std::int64_t: the same for the same samples in the
/// same order, in another process, too; another, most likely, for others. A training that goes on from a checkpoint
/// with other data is refused by it. It is asked for once for each training, and may look at a part of the samples
/// only.
template <class D>
concept HasFingerprint = requires(const D& dataset) {
  { dataset.fingerprint() } -> std::convertible_to<std::int64_t>;
};

/// The batch that a data set's samples come in, before any transform.
template <Dataset D>
using BatchOfDataset = std::remove_cvref_t<decltype(std::declval<const D&>().gather(
    std::declval<const torch::Tensor&>(), std::declval<const CounterRng&>()))>;

/// A BatchSource over a data set. Batch b of epoch e is the same to the bit whenever it is asked for, in
/// whatever order, so training can stop and resume anywhere.
///
///     afd::BatchLoader train{dataset, {.batch_size = 64, .seed = 1}, afd::Compose{...}};
///     for (int epoch = 0; epoch < 20; ++epoch) {
///       for (const afd::Batch& batch : train) ...
///     }
///
/// Each walk goes on to the next epoch; start_epoch() says which. epoch(e) is one of them, for a loader that is const.
///
/// A batch has the type that the transform makes of the data set's; see BatchTransform. All its tensors are moved to
/// the device. A data set that lies on an accelerator is gathered there, and transformed there.
///
/// BatchNorm cannot train on a batch of one sample. A shuffled epoch therefore leaves out a last batch
/// smaller than `min_batch`; other samples are left out in the next epoch. Without shuffling nothing is left
/// out, unless `drop_last` says so, for an evaluation must see every sample.
///
/// Of several processes each takes its part of each batch: which samples are in a batch, and what chance does to each,
/// does not depend on their number, so that a training can go on with another one. Without shuffling the last batch may
/// have none for some, which then have a batch less.
template <TransformIsValue Transform = UnitRange, Dataset D = TensorDataset>
class BatchLoader {
 public:
  using Iterator = LoaderIterator<BatchLoader>;
  using Epoch = LoaderEpoch<BatchLoader>;
  using Made = decltype(detail::transformed(std::declval<const Transform&>(), std::declval<BatchOfDataset<D>>(),
                                            std::declval<const CounterRng&>()));

  /// Throws ConfigError for a batch_size or min_batch below 1; DataError for a data set that is not valid, or is too
  /// small for a single batch.
  explicit BatchLoader(D dataset, LoaderOptions options = {}, Transform transform = {})
      : dataset_(std::move(dataset)), options_(options), transform_(std::move(transform)) {
    if (options_.batch_size < 1 || options_.min_batch < 1) {
      throw ConfigError(detail::concat("a loader's batch_size and min_batch must be at least 1, but are ",
                                       options_.batch_size, " and ", options_.min_batch));
    }
    if (options_.drop_last && options_.pad_last) {
      throw ConfigError("a loader was told to leave out the last batch, and to pad it: choose one");
    }
    const Shard& shard = options_.shard;
    if (shard.count < 1 || shard.index < 0 || shard.index >= shard.count || options_.batch_size < shard.count) {
      throw ConfigError(detail::concat("a loader's shard ", shard.index, " of ", shard.count, " cannot be, or a batch ",
                                       "of ", options_.batch_size, " has not a sample for each"));
    }
    dataset_.validate();
    if constexpr (detail::is_tensor_dataset<D>) prepare_tensors();
    if (full_batches() + (has_rest_for_all() ? 1 : 0) == 0) {
      throw DataError(detail::concat("a data set of ", sample_count(), " sample(s) has no batch of ",
                                     options_.batch_size, options_.drop_last ? " with drop_last" : " under min_batch",
                                     "; choose smaller ones"));
    }
    order_.rows = torch::arange(sample_count(), torch::kInt64);
    start_epoch(0);
  }

  /// Sets the order and the random numbers of `epoch`; the next begin() then starts at `first_batch`. A new loader is
  /// at epoch 0. Throws ConfigError for a negative epoch, or a first_batch outside 0 to batch_count().
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0) {
    order_ = order_of(epoch, first_batch);
    first_batch_ = first_batch;
    is_walked_ = false;
  }

  /// All batches of one epoch, which can be walked as often as one likes; the loader does not change. Throws
  /// ConfigError for a negative epoch.
  [[nodiscard]] Epoch epoch(std::int64_t number) const& { return Epoch(*this, order_of(number, 0)); }
  Epoch epoch(std::int64_t number) const&& = delete;  // the loader would be gone when the epoch is walked

  /// Batches in a whole epoch, wherever this one was entered.
  [[nodiscard]] std::int64_t batch_count() const {
    return full_batches() + (has_rest_for_all() && part_of(full_batches()).second > 0 ? 1 : 0);
  }

  /// What of each batch it gives.
  [[nodiscard]] Shard shard() const { return options_.shard; }

  /// The same data set and options in the orders, and with the random numbers, of another seed.
  [[nodiscard]] BatchLoader with_seed(std::uint64_t seed) const {
    BatchLoader other = *this;
    other.options_.seed = seed;
    other.start_epoch(0);
    return other;
  }

  [[nodiscard]] std::int64_t sample_count() const { return dataset_.size(); }
  [[nodiscard]] const D& dataset() const { return dataset_; }
  [[nodiscard]] const LoaderOptions& options() const { return options_; }

  /// Of the options, the data set's size, its fingerprint if it has one, the transform's type and the numbers that can
  /// be found in it: what decides which samples are in which batch, and what becomes of them.
  [[nodiscard]] std::int64_t fingerprint() const {
    detail::Fingerprint print;
    print.add_number(options_.seed);
    for (const std::int64_t part : {options_.batch_size, options_.min_batch, sample_count(),
                                    std::int64_t{options_.shuffle}, std::int64_t{options_.drop_last}}) {
      print.add_number(part);
    }
    if (options_.pad_last) print.add_text("pad_last");  // else the number that loaders had before there was this
    if constexpr (HasFingerprint<D>) {
      const std::int64_t content = dataset_.fingerprint();
      print.add_number(content);
    }
    detail::add_policy(print, transform_);
    return print.number();
  }

  /// Batch `index` of the current epoch, the one that was begun or started last; 0 <= index < batch_count().
  [[nodiscard]] Made batch(std::int64_t index) const { return made(order_, index); }

  /// Where the batches are.
  [[nodiscard]] torch::Device device() const {
    if (options_.device) return *options_.device;
    if constexpr (detail::is_tensor_dataset<D>) return first_tensor(dataset_.inputs).device();
    return torch::kCPU;
  }

  /// The first begin() walks the epoch that start_epoch() said, each further one the next epoch, from its first batch.
  /// Walks that are not over yet stay in theirs.
  [[nodiscard]] Iterator begin() {
    if (is_walked_) start_epoch(static_cast<std::int64_t>(order_.number) + 1);
    is_walked_ = true;
    return Iterator(this, order_, first_batch_);
  }
  [[nodiscard]] Iterator end() const { return Iterator(this, order_, batch_count()); }

  /// Does not compile, and says what to do.
  template <class Loader = BatchLoader>
  [[nodiscard]] Iterator begin() const {
    static_assert(
        !std::same_as<Loader, BatchLoader>,
        "afd: a const BatchLoader cannot be walked, for each walk goes on to the next epoch: pass the loader as "
        "one that is not const, or walk loader.epoch(e), which is one epoch, and the same each time");
    return {};
  }

 private:
  friend Iterator;
  friend Epoch;
  static constexpr std::uint64_t gathering = ~std::uint64_t{0};  ///< a stream that no transform has

  [[nodiscard]] detail::EpochOrder order_of(std::int64_t epoch, std::int64_t first_batch) const {
    if (epoch < 0 || first_batch < 0 || first_batch > batch_count()) {
      throw ConfigError(detail::concat("cannot start epoch ", epoch, " at batch ", first_batch, "; an epoch has ",
                                       batch_count(), " batches"));
    }
    const auto number = static_cast<std::uint64_t>(epoch);
    if (!options_.shuffle) return {number, order_.rows};
    return {number, torch::tensor(permutation(sample_count(), options_.seed, number), torch::kInt64)};
  }

  [[nodiscard]] std::int64_t full_batches() const { return sample_count() / options_.batch_size; }
  /// Whether there is a last batch that is not full.
  [[nodiscard]] bool has_rest_for_all() const {
    const std::int64_t rest = sample_count() % options_.batch_size;
    if (rest == 0 || options_.drop_last) return false;
    return options_.pad_last || !options_.shuffle || rest >= options_.min_batch * options_.shard.count;
  }

  /// Where this process's part of a batch begins in the epoch's order, and how many samples it has.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> part_of(std::int64_t index) const {
    const std::int64_t start = index * options_.batch_size;
    const std::int64_t all =
        options_.pad_last ? options_.batch_size : std::min(options_.batch_size, sample_count() - start);
    const std::int64_t begin = options_.shard.begin_of(all);
    return {start + begin, options_.shard.end_of(all) - begin};
  }

  /// Of an epoch's order, which begins again where it ends.
  [[nodiscard]] torch::Tensor rows_at(const torch::Tensor& rows, std::int64_t begin, std::int64_t count) const {
    if (begin + count <= sample_count()) return rows.narrow(0, begin, count);
    return rows.index_select(0, torch::arange(begin, begin + count, torch::kInt64).remainder(sample_count()));
  }

  [[nodiscard]] Made made(const detail::EpochOrder& order, std::int64_t index) const {
    const auto [start, count] = part_of(index);
    const CounterRng rng(options_.seed, order.number, start);
    // Copies: who changes a batch in place must not change the data set.
    auto gathered = dataset_.gather(rows_at(order.rows, start, count), rng.stream(gathering));
    if (!options_.device) return detail::transformed(transform_, std::move(gathered), rng);
    const auto move = [&](auto& batch) {
      const auto send = [&](torch::Tensor& tensor) { tensor = detail::sent(tensor, *options_.device); };
      for_each_tensor(batch.inputs, send);
      for_each_tensor(batch.targets, send);
    };
    return detail::named_device_errors(
        [&] { return detail::transformed_on_the_way(transform_, std::move(gathered), rng, move); }, "a batch");
  }

  void prepare_tensors() {
    const auto pack = [](torch::Tensor& tensor) { tensor = tensor.contiguous(); };
    for_each_tensor(dataset_.inputs, pack);
    for_each_tensor(dataset_.targets, pack);
  }

  D dataset_;
  LoaderOptions options_;
  Transform transform_;
  detail::EpochOrder order_;  ///< of the current epoch
  std::int64_t first_batch_ = 0;
  bool is_walked_ = false;  ///< since start_epoch()
};

static_assert(BatchSource<BatchLoader<>> && std::same_as<BatchOfSource<BatchLoader<>>, Batch>);
static_assert(BatchSource<BatchLoader<>::Epoch> && HasFingerprint<TensorDataset>);

}  // namespace afd
