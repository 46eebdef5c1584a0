// SPDX-License-Identifier: MIT
// A fuzz target: states are read or refused, and what is read is written as it was.
#include <afd/state/state_format.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  try {
    const afd::StateView state = afd::parse_state(input, "input");
    if (!std::ranges::equal(afd::format_state(state), input)) __builtin_trap();
  } catch (const afd::FormatError&) {
  }
  return 0;
}
