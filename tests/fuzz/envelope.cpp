// SPDX-License-Identifier: MIT
// A fuzz target: envelopes are opened or refused. What is sealed is opened, so that the content is reached, too.
#include <afd/state/envelope.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr afd::ContentKind kind{"run", 1};
  const std::span<const std::uint8_t> input(data, size);
  try {
    static_cast<void>(afd::unseal(input, kind, "input"));
  } catch (const afd::FormatError&) {
  }
  const afd::Bytes sealed = afd::seal(input, kind);
  if (!std::ranges::equal(afd::unseal(sealed, kind, "input"), input)) __builtin_trap();
  return 0;
}
