// SPDX-License-Identifier: MIT
#pragma once

// The binary versions of CIFAR-10 and CIFAR-100, byte level: checks everything, copies nothing. Torch-free.
//
//     CIFAR-10 record:  label (0..9)                               | 3072 pixel bytes
//     CIFAR-100 record: coarse label (0..19) | fine label (0..99)  | 3072 pixel bytes
//
// Pixels are 3 channels (red, green, blue) of 32 rows of 32.
// Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and its data page.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {

inline constexpr std::size_t cifar_pixels = std::size_t{3} * 32 * 32;

/// The records of a CIFAR file. A view: keep the parsed bytes alive.
class CifarRecords {
 public:
  CifarRecords(std::span<const std::uint8_t> bytes, std::size_t labels) : bytes_(bytes), labels_(labels) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size() / stride(); }

  /// Label `which` of a record: CIFAR-10 has one; CIFAR-100 has coarse (0) and fine (1).
  [[nodiscard]] std::uint8_t label(std::size_t record, std::size_t which = 0) const {
    return bytes_[record * stride() + which];
  }

  /// The 3072 pixel bytes of a record, [3, 32, 32].
  [[nodiscard]] std::span<const std::uint8_t, cifar_pixels> pixels(std::size_t record) const {
    return bytes_.subspan(record * stride() + labels_).first<cifar_pixels>();
  }

 private:
  [[nodiscard]] std::size_t stride() const { return labels_ + cifar_pixels; }

  std::span<const std::uint8_t> bytes_;
  std::size_t labels_;
};

namespace detail {

struct CifarLabel {
  std::string_view name;
  unsigned classes;
};

[[nodiscard]] inline CifarRecords parse_cifar(std::span<const std::uint8_t> bytes, std::string_view name,
                                              std::string_view format, std::span<const CifarLabel> labels) {
  const std::size_t stride = labels.size() + cifar_pixels;
  if (bytes.empty() || bytes.size() % stride != 0) {
    throw FormatError(concat(name, " is no ", format, " binary file, or is truncated: it has ", bytes.size(),
                             " bytes, expected a positive multiple of ", stride));
  }
  const CifarRecords records(bytes, labels.size());
  for (std::size_t record = 0; record < records.size(); ++record) {
    for (std::size_t which = 0; which < labels.size(); ++which) {
      const unsigned label = records.label(record, which);
      if (label >= labels[which].classes) {
        throw FormatError(concat(name, " is no ", format, " binary file, or is damaged: record ", record, " has ",
                                 labels[which].name, ' ', label, ", the largest is ", labels[which].classes - 1));
      }
    }
  }
  return records;
}

}  // namespace detail

/// Parses data_batch_*.bin or test_batch.bin. Throws FormatError, naming `name`, when the size is not a
/// positive multiple of 3073 or a label is above 9.
[[nodiscard]] inline CifarRecords parse_cifar10(std::span<const std::uint8_t> bytes, std::string_view name) {
  static constexpr detail::CifarLabel labels[] = {{"label", 10}};
  return detail::parse_cifar(bytes, name, "CIFAR-10", labels);
}

/// Parses train.bin or test.bin. Throws FormatError, naming `name`, when the size is not a positive multiple
/// of 3074, a coarse label is above 19, or a fine label is above 99.
[[nodiscard]] inline CifarRecords parse_cifar100(std::span<const std::uint8_t> bytes, std::string_view name) {
  static constexpr detail::CifarLabel labels[] = {{"coarse label", 20}, {"fine label", 100}};
  return detail::parse_cifar(bytes, name, "CIFAR-100", labels);
}

}  // namespace afd
