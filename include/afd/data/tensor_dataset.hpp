// SPDX-License-Identifier: MIT
#pragma once

// A data set held in memory as tensors, and the seeded subsets that experiments need.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/data/content_sample.hpp>
#include <afd/data/fingerprint.hpp>
#include <afd/data/label_check.hpp>
#include <afd/data/order.hpp>
#include <afd/data/samples.hpp>
#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

namespace detail {

/// How often each label occurs in int64 [N], but for those that stand for none.
[[nodiscard]] inline std::map<std::int64_t, std::int64_t> label_counts(const torch::Tensor& targets) {
  const torch::Tensor labels = targets.to(torch::kCPU).contiguous();
  const std::int64_t* label = labels.data_ptr<std::int64_t>();
  std::map<std::int64_t, std::int64_t> counts;
  for (std::int64_t i = 0; i < labels.numel(); ++i) {
    if (label[i] != no_label) ++counts[label[i]];
  }
  return counts;
}

/// "0, 1, 2", and dots if they are too many for a message.
[[nodiscard]] inline std::string first_classes(const std::map<std::int64_t, std::int64_t>& counts) {
  constexpr std::size_t most = 10;
  std::string text;
  std::size_t place = 0;
  for (const auto& [label, count] : counts) {
    if (place == most) return text + ", ...";
    text += concat(place++ == 0 ? "" : ", ", label);
  }
  return text.empty() ? "none" : text;
}

}  // namespace detail

/// What BasicTensorDataset::split returns: `auto [train, validation] = dataset.split(5000, seed);`
template <class Dataset>
struct TrainValidation {
  Dataset train;
  Dataset validation;
};

/// Which classes a part of a data set must have: all that the whole has, or whatever it happens to have.
enum class Classes { all, any };

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

  /// Of shapes, dtypes and elements: of all, or of up to 64 rows that are spread over inputs, or targets, of more than
  /// half a megabyte. See HasFingerprint.
  [[nodiscard]] std::int64_t fingerprint() const {
    detail::Fingerprint print;
    detail::add_content(print, inputs);
    detail::add_content(print, targets);
    return print.number();
  }

  /// How many samples each class has that occurs. Needs targets that are class labels, int64 [N]; samples with the
  /// label -100 have none.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> class_counts() const
    requires std::same_as<T, torch::Tensor>;

  /// The samples at `indices`, in that order; repeats are allowed.
  [[nodiscard]] BasicTensorDataset select(const std::vector<std::int64_t>& indices) const {
    const torch::Tensor rows = torch::tensor(indices, torch::kInt64);
    return {detail::samples_at(inputs, rows), detail::samples_at(targets, rows)};
  }

  /// The first `count` samples. Throws DataError if targets are class labels, int64 [N], and a class would be left out,
  /// as in a data set that is sorted by class; unless that is allowed, Classes::any. take() draws samples at random.
  [[nodiscard]] BasicTensorDataset first(std::int64_t count, Classes classes = Classes::all) const {
    require_count(count, size());
    if constexpr (std::same_as<T, torch::Tensor>) {
      if (classes == Classes::all && has_labels()) require_all_classes(count);
    }
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
  [[nodiscard]] bool has_labels() const { return targets.dim() == 1 && targets.scalar_type() == torch::kInt64; }
  void require_labels(std::string_view who, std::string_view otherwise) const;
  void require_all_classes(std::int64_t count) const;

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
void BasicTensorDataset<I, T>::require_labels(std::string_view who, std::string_view otherwise) const {
  if (has_labels()) return;
  throw DataError(detail::concat(who, " needs targets that are int64 class labels [N], but they are ",
                                 targets.scalar_type(), " of shape ", targets.sizes(), otherwise));
}

template <class I, class T>
std::map<std::int64_t, std::int64_t> BasicTensorDataset<I, T>::class_counts() const
  requires std::same_as<T, torch::Tensor>
{
  validate();
  require_labels("class_counts", "");
  return detail::label_counts(targets);
}

template <class I, class T>
void BasicTensorDataset<I, T>::require_all_classes(std::int64_t count) const {
  const auto whole = detail::label_counts(targets), part = detail::label_counts(targets.narrow(0, 0, count));
  if (part.size() == whole.size()) return;
  throw DataError(detail::concat("the first ", count, " of ", size(), " samples have ", part.size(), " of the ",
                                 whole.size(), " classes: ", detail::first_classes(part),
                                 "; a data set that is sorted by class must be drawn from, .take(", count,
                                 ", seed) or .take_per_class(each, seed); if these are meant, write .first(", count,
                                 ", afd::Classes::any)"));
}

template <class I, class T>
BasicTensorDataset<I, T> BasicTensorDataset<I, T>::take_per_class(std::int64_t count, std::uint64_t seed) const
  requires std::same_as<T, torch::Tensor>
{
  require_count(count, size());
  require_labels("take_per_class", "; draw from all samples alike with take()");
  const std::map<std::int64_t, std::int64_t> found = class_counts();
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
  const torch::Tensor labels = targets.to(torch::kCPU).contiguous();
  const std::int64_t* label = labels.data_ptr<std::int64_t>();
  std::map<std::int64_t, std::int64_t> taken;
  std::vector<std::int64_t> chosen;
  for (const std::int64_t index : drawn_order(seed)) {
    if (label[index] == detail::no_label) continue;
    if (++taken[label[index]] <= count) chosen.push_back(index);
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
