// SPDX-License-Identifier: MIT
// A fuzz target: CIFAR files are read or refused, never past their end.
#include <cstddef>
#include <cstdint>
#include <span>

#include <afd/data/cifar_format.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto walk = [](const afd::CifarRecords& records) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      sum += records.label(i, 0);
      for (const std::uint8_t byte : records.pixels(i)) sum += byte;
    }
    static_cast<void>(sum);
  };
  try {
    walk(afd::parse_cifar10({data, size}, "input"));
  } catch (const afd::FormatError&) {
  }
  try {
    walk(afd::parse_cifar100({data, size}, "input"));
  } catch (const afd::FormatError&) {
  }
  return 0;
}
