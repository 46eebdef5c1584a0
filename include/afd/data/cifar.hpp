// SPDX-License-Identifier: MIT
#pragma once

// CIFAR-10 and CIFAR-100 from their binary versions.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include <afd/data/bytes.hpp>
#include <afd/data/cifar_format.hpp>
#include <afd/data/folder.hpp>
#include <afd/data/tensor_dataset.hpp>

namespace afd {

/// Which labels of CIFAR-100: its 100 classes, or the 20 groups they form.
enum class CifarLabels { fine, coarse };

namespace detail {

/// `records` as uint8 [N, 3, 32, 32] with label `which` of each.
[[nodiscard]] inline TensorDataset cifar_tensors(const CifarRecords& records, std::size_t which) {
  const auto count = static_cast<std::int64_t>(records.size());
  TensorDataset dataset{torch::empty({count, 3, 32, 32}, torch::kUInt8), torch::empty({count}, torch::kInt64)};
  auto* pixels = dataset.inputs.data_ptr<std::uint8_t>();
  auto* labels = dataset.targets.data_ptr<std::int64_t>();
  for (std::size_t record = 0; record < records.size(); ++record) {
    pixels = std::ranges::copy(records.pixels(record), pixels).out;
    labels[record] = records.label(record, which);
  }
  return dataset;
}

}  // namespace detail

/// CIFAR-10: uint8 [N, 3, 32, 32], 10 classes. `folder` (cifar-10-batches-bin in the published archive) holds
/// data_batch_1.bin to data_batch_5.bin and test_batch.bin, or the same with .gz (pass afd::GzipFiles{} as
/// the reader). Throws FileError for a missing file and FormatError for a damaged one.
template <FileReader Reader = PlainFiles>
[[nodiscard]] TensorDataset load_cifar10(const std::filesystem::path& folder, Split split, const Reader& reader = {}) {
  std::vector<std::string> names{"test_batch.bin"};
  if (split == Split::train) {
    names = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"};
  }
  std::vector<torch::Tensor> inputs;
  std::vector<torch::Tensor> targets;
  for (const std::string& name : names) {
    const std::filesystem::path path = find_data_file(folder, name);
    const Bytes bytes = reader(path);
    const TensorDataset part = detail::cifar_tensors(parse_cifar10(bytes, path.string()), 0);
    inputs.push_back(part.inputs);
    targets.push_back(part.targets);
  }
  return {torch::cat(inputs), torch::cat(targets)};
}

/// CIFAR-100: uint8 [N, 3, 32, 32], 100 classes or 20 coarse ones. `folder` (cifar-100-binary in the
/// published archive) holds train.bin and test.bin, or the same with .gz. Throws as load_cifar10.
template <FileReader Reader = PlainFiles>
[[nodiscard]] TensorDataset load_cifar100(const std::filesystem::path& folder, Split split,
                                          CifarLabels labels = CifarLabels::fine, const Reader& reader = {}) {
  const std::filesystem::path path = find_data_file(folder, split == Split::train ? "train.bin" : "test.bin");
  const Bytes bytes = reader(path);
  return detail::cifar_tensors(parse_cifar100(bytes, path.string()), labels == CifarLabels::fine ? 1 : 0);
}

}  // namespace afd
