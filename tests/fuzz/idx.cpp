// SPDX-License-Identifier: MIT
// A fuzz target: IDX files are read or refused, never past their end.
#include <cstddef>
#include <cstdint>
#include <span>

#include <afd/data/idx_format.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const afd::IdxView view = afd::parse_idx({data, size}, "input");
    std::uint64_t sum = 0;
    for (const std::uint8_t byte : view.payload) sum += byte;
    static_cast<void>(sum);
  } catch (const afd::FormatError&) {
  }
  return 0;
}
