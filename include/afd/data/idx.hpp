// SPDX-License-Identifier: MIT
#pragma once

// Data sets in IDX files: MNIST, Fashion-MNIST and others of that shape.

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include <torch/types.h>

#include <afd/data/bytes.hpp>
#include <afd/data/folder.hpp>
#include <afd/data/idx_format.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

namespace detail {

/// The payload of an IDX file as uint8, in the file's own shape. Throws FormatError for another rank.
template <FileReader Reader>
[[nodiscard]] torch::Tensor load_idx(const std::filesystem::path& path, const Reader& reader, std::size_t rank,
                                     std::string_view wanted) {
  const Bytes bytes = reader(path);
  const IdxView view = parse_idx(bytes, path.string());
  if (view.dims.size() != rank) {
    throw FormatError(concat(path, " has ", view.dims.size(), " dimension(s), but ", wanted, " have ", rank,
                             "; are images and labels swapped?"));
  }
  torch::Tensor tensor = torch::empty(view.dims, torch::kUInt8);
  std::copy(view.payload.begin(), view.payload.end(), tensor.data_ptr<std::uint8_t>());
  return tensor;
}

}  // namespace detail

/// Grey images: uint8 [N, 1, H, W]. Throws what the reader throws, and FormatError for a file that is damaged
/// or does not hold images [N, H, W].
template <FileReader Reader = PlainFiles>
[[nodiscard]] torch::Tensor load_idx_images(const std::filesystem::path& path, const Reader& reader = {}) {
  return detail::load_idx(path, reader, 3, "images [N, H, W]").unsqueeze(1);
}

/// Labels: int64 [N]. Throws what the reader throws, and FormatError for a file that is damaged or does not
/// hold labels [N].
template <FileReader Reader = PlainFiles>
[[nodiscard]] torch::Tensor load_idx_labels(const std::filesystem::path& path, const Reader& reader = {}) {
  return detail::load_idx(path, reader, 1, "labels [N]").to(torch::kInt64);
}

/// Images and their labels. Throws as the two functions above, and FormatError when their counts differ.
template <FileReader Reader = PlainFiles>
[[nodiscard]] TensorDataset load_idx_dataset(const std::filesystem::path& images, const std::filesystem::path& labels,
                                             const Reader& reader = {}) {
  TensorDataset dataset{load_idx_images(images, reader), load_idx_labels(labels, reader)};
  if (dataset.inputs.size(0) != dataset.targets.size(0)) {
    throw FormatError(detail::concat(images, " holds ", dataset.inputs.size(0), " images but ", labels, " holds ",
                                     dataset.targets.size(0), " labels; do both belong to the same split?"));
  }
  return dataset;
}

/// MNIST, or Fashion-MNIST, whose files have the same names: uint8 [N, 1, 28, 28] as published, 10 classes.
/// `folder` holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the two t10k files; where one is
/// missing, its name with .gz is taken (pass afd::GzipFiles{} as the reader). Throws FileError for a missing
/// file, and FormatError for a damaged one or labels above 9.
template <FileReader Reader = PlainFiles>
[[nodiscard]] TensorDataset load_mnist(const std::filesystem::path& folder, Split split, const Reader& reader = {}) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const std::filesystem::path images = find_data_file(folder, prefix + "-images-idx3-ubyte");
  const std::filesystem::path labels = find_data_file(folder, prefix + "-labels-idx1-ubyte");
  TensorDataset dataset = load_idx_dataset(images, labels, reader);
  if (const torch::Tensor wrong = (dataset.targets > 9).nonzero(); wrong.size(0) > 0) {
    const auto record = wrong[0].item<std::int64_t>();
    throw FormatError(detail::concat(labels, ": record ", record, " has label ",
                                     dataset.targets[record].item<std::int64_t>(),
                                     ", the largest is 9; for other data use load_idx_dataset"));
  }
  return dataset;
}

}  // namespace afd
