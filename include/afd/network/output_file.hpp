// SPDX-License-Identifier: MIT
#pragma once

// What a teacher returned for batches, in a file: by the key of what it was given.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/bytes.hpp>
#include <afd/data/content_key.hpp>
#include <afd/data/packed.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/record_file.hpp>
#include <afd/state/state_dict.hpp>

namespace afd {

/// Under which keys a cache keeps outputs.
enum class CacheBy {
  batch,  ///< of the whole batch: what is found was computed for the same batch, and is the same to the bit
  sample  ///< of each sample: what is found was computed in the batch in which the sample came first
};

namespace detail {

/// Dimensions of a tensor, that with the largest step in memory first; empty for row-major.
[[nodiscard]] inline std::vector<std::int64_t> memory_order(const torch::Tensor& tensor) {
  if (tensor.is_contiguous() || !tensor.is_non_overlapping_and_dense()) return {};
  std::vector<std::int64_t> order(static_cast<std::size_t>(tensor.dim()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return tensor.stride(a) > tensor.stride(b); });
  return order;
}

/// The same elements in that order of memory: sums over them then have the same bits, too.
[[nodiscard]] inline torch::Tensor in_memory_order(const torch::Tensor& tensor,
                                                   const std::vector<std::int64_t>& order) {
  if (order.empty()) return tensor;
  std::vector<std::int64_t> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return tensor.permute(order).contiguous().permute(back);
}

/// "tensor 07".
[[nodiscard]] inline std::string part_key(const char* part, std::size_t i) {
  return concat(part, i < 10 ? " 0" : " ", i);
}

/// The parts of one batch's outputs as bytes, with the keys of its samples if they have any.
[[nodiscard]] inline Bytes bytes_of_outputs(const Packed& parts, const std::vector<ContentKey>& samples) {
  StateDict state;
  state.set("numbers", torch::tensor(parts.numbers, torch::kInt64));
  std::vector<std::int64_t> keys;
  for (const ContentKey& key : samples) {
    keys.push_back(static_cast<std::int64_t>(key.first));
    keys.push_back(static_cast<std::int64_t>(key.second));
  }
  state.set("samples", torch::tensor(keys, torch::kInt64));
  state.set("tensors", static_cast<std::int64_t>(parts.tensors.size()));
  for (std::size_t i = 0; i < parts.tensors.size(); ++i) {
    state.set(part_key("order", i), torch::tensor(memory_order(parts.tensors[i]), torch::kInt64));
    state.set(part_key("tensor", i), parts.tensors[i]);
  }
  return state.to_bytes();
}

[[nodiscard]] inline std::vector<std::int64_t> integers_of(const torch::Tensor& tensor) {
  return {tensor.data_ptr<std::int64_t>(), tensor.data_ptr<std::int64_t>() + tensor.numel()};
}

struct RecordedOutputs {
  Packed parts;
  std::vector<ContentKey> samples;
};

/// Throws FormatError, naming the file `name`.
[[nodiscard]] inline RecordedOutputs outputs_of_bytes(const Bytes& bytes, const std::string& name) {
  const StateDict state = StateDict::from_bytes(bytes, name);
  RecordedOutputs recorded;
  recorded.parts.numbers = integers_of(state.get<torch::Tensor>("numbers"));
  const std::vector<std::int64_t> keys = integers_of(state.get<torch::Tensor>("samples"));
  for (std::size_t i = 0; i + 1 < keys.size(); i += 2) {
    recorded.samples.push_back({static_cast<std::uint64_t>(keys[i]), static_cast<std::uint64_t>(keys[i + 1])});
  }
  const auto tensors = static_cast<std::size_t>(state.get<std::int64_t>("tensors"));
  for (std::size_t i = 0; i < tensors; ++i) {
    recorded.parts.tensors.push_back(in_memory_order(state.get<torch::Tensor>(part_key("tensor", i)),
                                                     integers_of(state.get<torch::Tensor>(part_key("order", i)))));
  }
  return recorded;
}

/// Holds the file, and with CacheBy::sample all outputs, in memory.
class OutputFile {
 public:
  /// Throws what RecordFile throws, and ConfigError for a file of another teacher's outputs, or with other keys.
  OutputFile(const std::filesystem::path& path, const ContentKey& teacher, CacheBy by)
      : by_(by), file_(path, header_of(teacher, by).to_bytes(), kind) {
    const std::string name = path.string();
    const StateDict found = StateDict::from_bytes(file_.header(), name), own = header_of(teacher, by);
    const auto same = [&](const char* key) { return found.get<std::string>(key) == own.get<std::string>(key); };
    if (!same("teacher")) {
      throw ConfigError(concat(path, " holds what another teacher returned, whose weights are ",
                               found.get<std::string>("teacher"), " and not ", own.get<std::string>("teacher"),
                               "; give each teacher a file of its own, or remove this one"));
    }
    if (!same("by")) {
      throw ConfigError(concat(path, " holds outputs by the ", found.get<std::string>("by"),
                               ", but the cache is by the ", own.get<std::string>("by"),
                               "; give each a file of its own, or remove this one"));
    }
    if (by_ == CacheBy::sample) load_samples();
  }

  [[nodiscard]] const RecordFile& file() const { return file_; }
  void sync() { file_.sync(); }
  /// Batches, or samples.
  [[nodiscard]] std::size_t size() const { return by_ == CacheBy::batch ? file_.size() : rows_.size(); }

  /// Of a batch; nothing if it is not there or damaged.
  [[nodiscard]] std::optional<Packed> find(const ContentKey& batch) {
    const auto bytes = file_.read(batch);
    if (!bytes) return std::nullopt;
    return outputs_of_bytes(*bytes, file_.path().string()).parts;
  }

  void add(const ContentKey& batch, const Packed& parts) { file_.append(batch, bytes_of_outputs(parts, {})); }

  /// Of these samples as one batch; nothing unless all are there, with outputs of one form.
  [[nodiscard]] std::optional<Packed> find(const std::vector<ContentKey>& samples) const {
    std::vector<Row> rows;
    for (const ContentKey& key : samples) {
      const auto place = rows_.find(key);
      if (place == rows_.end()) return std::nullopt;
      rows.push_back(place->second);
    }
    const Packed& first = blocks_[rows.front().block];
    Packed joined{{}, first.numbers};
    for (std::size_t t = 0; t < first.tensors.size(); ++t) {
      std::vector<torch::Tensor> each;
      for (const Row& row : rows) {
        const Packed& block = blocks_[row.block];
        if (block.numbers != first.numbers || block.tensors.size() != first.tensors.size()) return std::nullopt;
        const torch::Tensor& tensor = block.tensors[t];
        if (tensor.scalar_type() != first.tensors[t].scalar_type() || tensor.dim() != first.tensors[t].dim() ||
            tensor.sizes().slice(1) != first.tensors[t].sizes().slice(1)) {
          return std::nullopt;
        }
        each.push_back(tensor[row.row]);
      }
      joined.tensors.push_back(in_memory_order(torch::stack(each), memory_order(first.tensors[t])));
    }
    return joined;
  }

  /// Keeps the rows of those that are not there yet. Throws ConfigError for outputs without a row for each sample.
  void add(const std::vector<ContentKey>& samples, const Packed& parts) {
    const auto count = static_cast<std::int64_t>(samples.size());
    std::vector<std::int64_t> rows;
    std::vector<ContentKey> keys;
    std::map<ContentKey, bool> is_added;
    for (std::int64_t i = 0; i < count; ++i) {
      const ContentKey& key = samples[static_cast<std::size_t>(i)];
      if (rows_.contains(key) || !is_added.emplace(key, true).second) continue;
      rows.push_back(i);
      keys.push_back(key);
    }
    Packed kept{{}, parts.numbers};
    for (const torch::Tensor& tensor : parts.tensors) {
      if (tensor.dim() == 0 || tensor.size(0) != count) {
        throw ConfigError(concat("a cache by the sample needs outputs with a row for each of ", count,
                                 " samples, but the teacher returned a tensor ", tensor.sizes(),
                                 "; choose CacheBy::batch"));
      }
      const torch::Tensor picked = tensor.index_select(0, torch::tensor(rows, torch::kInt64));
      kept.tensors.push_back(in_memory_order(picked, memory_order(tensor)));
    }
    if (rows.empty()) return;
    file_.append(key_of(keys), bytes_of_outputs(kept, keys));
    keep(std::move(kept), keys);
  }

 private:
  static constexpr ContentKind kind{"cache", 1};

  struct Row {
    std::size_t block;
    std::int64_t row;
  };

  static StateDict header_of(const ContentKey& teacher, CacheBy by) {
    StateDict header;
    header.set("teacher", text_of(teacher));
    header.set("by", std::string(by == CacheBy::batch ? "batch" : "sample"));
    return header;
  }

  static ContentKey key_of(const std::vector<ContentKey>& samples) {
    ContentKey all;
    for (const ContentKey& key : samples) all = extended(extended(all, key.first), key.second);
    return all;
  }

  void keep(Packed parts, const std::vector<ContentKey>& samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      rows_.try_emplace(samples[i], Row{blocks_.size(), static_cast<std::int64_t>(i)});
    }
    blocks_.push_back(std::move(parts));
  }

  void load_samples() {
    for (const ContentKey& key : file_.keys()) {
      const auto bytes = file_.read(key);
      if (!bytes) continue;
      RecordedOutputs recorded = outputs_of_bytes(*bytes, file_.path().string());
      keep(std::move(recorded.parts), recorded.samples);
    }
  }

  CacheBy by_;
  RecordFile file_;
  std::vector<Packed> blocks_;
  std::map<ContentKey, Row> rows_;
};

}  // namespace detail
}  // namespace afd
