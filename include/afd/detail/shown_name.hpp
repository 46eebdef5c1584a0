// SPDX-License-Identifier: MIT
#pragma once

// Names from files in messages. Torch-free.

#include <cstddef>
#include <string>
#include <string_view>

namespace afd::detail {

/// A name as a message may show it: without control characters, which could write anywhere on a terminal, and not
/// longer than a line or two.
[[nodiscard]] inline std::string shown_name(std::string_view name) {
  constexpr std::size_t most = 200;
  std::string text(name.substr(0, most));
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) letter = '?';
  }
  return name.size() > most ? text + "..." : text;
}

}  // namespace afd::detail
