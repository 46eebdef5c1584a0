// SPDX-License-Identifier: MIT
#pragma once

// Names with a * in them that stands for any characters. Torch-free.

#include <cstddef>
#include <string_view>

namespace afd::detail {

/// Whether `text` is what `pattern` means: "layer*.weight" is "layer1.0.conv.weight", too.
[[nodiscard]] constexpr bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, after = 0;  // where to go on if the last * takes one character more
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace afd::detail
