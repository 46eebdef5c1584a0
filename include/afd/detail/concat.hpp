// SPDX-License-Identifier: MIT
#pragma once

// Builds error messages: concat("got ", 3, " of ", 5). Torch-free; only ever runs on a failing path.

#include <sstream>
#include <string>

namespace afd::detail {

template <class... Parts>
[[nodiscard]] std::string concat(const Parts&... parts) {
  std::ostringstream text;
  static_cast<void>((text << ... << parts));
  return std::move(text).str();
}

}  // namespace afd::detail
