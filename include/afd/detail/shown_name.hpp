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
  // Those of two bytes in UTF-8, U+0080 to U+009F, as well.
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if (static_cast<unsigned char>(text[i]) == 0xc2 && second >= 0x80 && second < 0xa0) text[i] = text[i + 1] = '?';
  }
  return name.size() > most ? text + "..." : text;
}

}  // namespace afd::detail
