// SPDX-License-Identifier: MIT
#pragma once

// A teacher that keeps what it returns in a file, and reads it there the next time.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/content_key.hpp>
#include <afd/data/input_keys.hpp>
#include <afd/data/packed.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>
#include <afd/network/batch_statistics.hpp>
#include <afd/network/compare_outputs.hpp>
#include <afd/network/ema.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/output_file.hpp>
#include <afd/network/require_settled.hpp>
#include <afd/network/weights_fingerprint.hpp>

namespace afd {

struct TeacherCacheOptions {
  CacheBy by = CacheBy::batch;
  /// So many of the first outputs that are found are computed again and compared: weights are known again by
  /// themselves, but what the teacher's code does with them is not.
  std::int64_t checks = 1;
};

/// What a cache has and has done.
struct CacheCounts {
  std::int64_t kept = 0;      ///< batches in the file, or samples
  std::int64_t found = 0;     ///< batches whose outputs were found
  std::int64_t computed = 0;  ///< batches that the teacher was run on
  std::uint64_t damaged = 0;  ///< bytes of the file that hold no whole record; their outputs are computed again
};

namespace detail {

/// What copies of a cache share. `N` is a frozen network.
template <class N>
struct CacheState {
  CacheState(const std::filesystem::path& path, N of, const TeacherCacheOptions& given)
      : teacher(std::move(of)),
        options(given),
        key(key_of_teacher()),
        file(path, key, given.by),
        parameters(module_of(teacher).parameters()),
        versions(sum_of_versions()) {}

  /// Grows with every writing to a weight, and costs nothing.
  [[nodiscard]] std::int64_t sum_of_versions() const {
    std::int64_t sum = 0;
    for (const torch::Tensor& parameter : parameters) sum += parameter.is_inference() ? 0 : parameter._version();
    return sum;
  }

  /// Throws ConfigError if the teacher's weights have become others since. Only if somebody has written to them are
  /// they read again.
  void require_same_weights() {
    const std::int64_t now = sum_of_versions();
    if (now == versions) return;
    if (key_of_teacher() != key) {
      throw ConfigError(concat("the teacher's weights have changed since ", file.file().path(),
                               " was opened, so what it holds is of another teacher; a teacher that is trained cannot ",
                               "be cached"));
    }
    versions = now;
  }

  [[nodiscard]] ContentKey key_of_teacher() {
    ContentKey fingerprint = weights_fingerprint(module_of(teacher));
    if constexpr (has_frozen_options<N>) {
      const bool of_batch = teacher.options().statistics == Statistics::of_batch;
      if (of_batch && options.by == CacheBy::sample) {
        throw ConfigError(
            "a teacher with Statistics::of_batch returns for a sample what depends on its batch; choose " +
            std::string("CacheBy::batch"));
      }
      fingerprint = extended(fingerprint, of_batch ? 1 : 0);
    }
    return fingerprint;
  }

  N teacher;
  TeacherCacheOptions options;
  ContentKey key;
  OutputFile file;
  std::vector<torch::Tensor> parameters;
  std::int64_t versions;
  std::mutex mutex;
  std::int64_t found = 0, computed = 0, checked = 0;
};

}  // namespace detail

/// A frozen teacher with a file of its outputs, so that each batch is computed once, for whatever students:
///
///     afd::TeacherCache cache{"teacher.outputs", teacher};
///     auto train = afd::with_cached<0, 2>(loader, cache);   // network 0 of 2 is the teacher
///     afd::Distiller distiller{afd::topology::OneWay{}, Recipe{}, afd::Cached{}, student};
///     for (const auto& batch : train) distiller.step(batch);
///
/// Outputs are found by what the teacher is given, to the last byte of it: whatever makes other batches, another seed
/// or transform, finds nothing, and its outputs are computed and kept, too. A file of another teacher is refused; a
/// record that is damaged is computed anew. A program may be killed while it writes. One program at a time writes to a
/// file; others read what it held when they opened it, and compute the rest for themselves.
///
/// With CacheBy::batch what is found is what the teacher returned for this very batch: nothing differs in any bit from
/// a training with the teacher itself, in the same precision, memory layout and number of threads as when it was
/// computed. It takes room for every batch of every epoch, for epochs are shuffled anew. CacheBy::sample takes room for
/// each input that differs, once, but holds all of it in memory, too: for data that is not augmented. What is found was
/// computed in another batch: see the guide for how far bits are the same.
///
/// A handle: copies share the file. May be used from several threads, one after the other.
template <class N>
class TeacherCache {
 public:
  /// Opens `path`, or makes it; `teacher` is frozen if it is not. Throws FileError if that cannot be done, FormatError
  /// for what is no such file, ConfigError for that of another teacher.
  template <Network T>
  TeacherCache(const std::filesystem::path& path, T&& teacher, const TeacherCacheOptions& options = {})
      : state_(std::make_shared<detail::CacheState<N>>(path, frozen(std::forward<T>(teacher)), options)) {
    static_assert(!MovesWithStudent<N>, "afd: an average moves with its student, so nothing it returns can be kept");
  }

  /// What the teacher returns for these inputs, found or computed. Throws what it throws; FileError if the disk takes
  /// or gives nothing; ConfigError if what is found is not what the teacher returns.
  template <class Inputs>
    requires NetworkTakes<N, Inputs>
  [[nodiscard]] OutputsOf<N, Inputs> outputs(const Inputs& inputs) const {
    using Out = OutputsOf<N, Inputs>;
    constexpr bool can_be_kept = detail::can_be_packed<Out>();
    static_assert(can_be_kept,
                  "afd: what this teacher returns cannot be kept in a file: it must be made of tensors, numbers, "
                  "tuples, vectors, optionals and structs without constructors, of up to twelve members");
    if constexpr (can_be_kept) {
      const torch::NoGradGuard no_grad;
      const std::lock_guard lock(state_->mutex);
      state_->require_same_weights();
      return state_->options.by == CacheBy::batch ? of_batch(inputs) : of_samples(inputs);
    } else {
      return run(state_->teacher, inputs);
    }
  }

  [[nodiscard]] CacheCounts counts() const {
    const std::lock_guard lock(state_->mutex);
    return {static_cast<std::int64_t>(state_->file.size()), state_->found, state_->computed,
            state_->file.file().damaged_bytes()};
  }

  /// Whether outputs that are computed are kept: false if another program writes to the file, or nobody may.
  [[nodiscard]] bool can_write() const { return state_->file.file().can_write(); }

  /// Puts the file on the disk, for the case that the power is lost. Throws FileError.
  void sync() const {
    const std::lock_guard lock(state_->mutex);
    state_->file.sync();
  }

 private:
  template <class Inputs>
  [[nodiscard]] OutputsOf<N, Inputs> of_batch(const Inputs& inputs) const {
    const ContentKey key = detail::key_of_inputs(inputs);
    if (const auto found = state_->file.find(key)) return taken(*found, inputs);
    auto computed = compute(inputs);
    state_->file.add(key, detail::pack(computed));
    return computed;
  }

  /// Those that are known are given back as they were, also beside others that are new.
  template <class Inputs>
  [[nodiscard]] OutputsOf<N, Inputs> of_samples(const Inputs& inputs) const {
    const auto keys = detail::keys_of_samples(inputs, sample_count(inputs));
    if (keys.empty()) return compute(inputs);
    if (const auto found = state_->file.find(keys)) return taken(*found, inputs);
    auto computed = compute(inputs);
    detail::Packed parts = detail::pack(computed);
    for (torch::Tensor& tensor : parts.tensors) tensor = tensor.to(torch::kCPU);
    state_->file.add(keys, parts);
    const auto joined = state_->file.find(keys);
    return joined ? on_device_of<OutputsOf<N, Inputs>>(*joined, inputs) : computed;
  }

  template <class Inputs>
  [[nodiscard]] OutputsOf<N, Inputs> compute(const Inputs& inputs) const {
    ++state_->computed;
    return run(state_->teacher, inputs);
  }

  template <class Inputs>
  [[nodiscard]] OutputsOf<N, Inputs> taken(const detail::Packed& found, const Inputs& inputs) const {
    auto outputs = on_device_of<OutputsOf<N, Inputs>>(found, inputs);
    ++state_->found;
    if (state_->checked < state_->options.checks) {
      ++state_->checked;
      require_same(detail::pack(outputs), detail::pack(run(state_->teacher, inputs)));
    }
    return outputs;
  }

  template <class Out, class Inputs>
  [[nodiscard]] Out on_device_of(detail::Packed parts, const Inputs& inputs) const {
    const torch::Tensor first = first_tensor(inputs);
    if (first.defined()) {
      for (torch::Tensor& tensor : parts.tensors) tensor = detail::sent(tensor, first.device());
    }
    try {
      return detail::unpacked<Out>(parts);
    } catch (const FormatError& error) {
      throw FormatError(detail::concat(state_->file.file().path(), " is of another program: ", error.what()));
    }
  }

  /// Other threads or another device may round otherwise; other code does more.
  void require_same(const detail::Packed& found, const detail::Packed& computed) const {
    const double tolerance = detail::settling_of(state_->teacher).tolerance;
    const double difference = detail::relative_difference(found.tensors, computed.tensors);
    if (found.numbers == computed.numbers && difference <= tolerance) return;
    throw ConfigError(detail::concat(state_->file.file().path(), " holds other outputs than this teacher returns for ",
                                     "the same inputs: they differ by ", difference,
                                     " of the largest; its weights are ",
                                     "the same, so its code has changed: remove the file"));
  }

  std::shared_ptr<detail::CacheState<N>> state_;
};

template <Network T>
TeacherCache(std::filesystem::path, T&&, TeacherCacheOptions) -> TeacherCache<decltype(frozen(std::declval<T>()))>;
template <Network T>
TeacherCache(std::filesystem::path, T&&) -> TeacherCache<decltype(frozen(std::declval<T>()))>;

}  // namespace afd
