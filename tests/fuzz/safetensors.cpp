// SPDX-License-Identifier: MIT
// A fuzz target: safetensors files are read or refused, and what is read comes back from what is written of it. Inputs
// are also taken for a header and elements whose length is right, so that the JSON is reached without guessing it.
#include <afd/state/safetensors_format.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

bool same(const afd::SafetensorsContent& a, const afd::SafetensorsContent& b) {
  return a.metadata == b.metadata && std::ranges::equal(a.tensors, b.tensors, [](const auto& x, const auto& y) {
           return x.first == y.first && x.second.dtype == y.second.dtype && x.second.sizes == y.second.sizes &&
                  std::ranges::equal(x.second.bytes, y.second.bytes);
         });
}

void read(std::span<const std::uint8_t> input) {
  afd::SafetensorsContent content;
  try {
    content = afd::parse_safetensors(input, "input");
  } catch (const afd::FormatError&) {
    return;
  }
  const afd::Bytes written = afd::format_safetensors(content);
  if (!same(afd::parse_safetensors(written, "written"), content)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  read(input);
  const auto brace = std::find(input.rbegin(), input.rend(), '}');
  afd::Bytes with_length;
  afd::detail::put_number(with_length, static_cast<std::uint64_t>(input.rend() - brace), 8);
  with_length.insert(with_length.end(), input.begin(), input.end());
  read(with_length);
  return 0;
}
