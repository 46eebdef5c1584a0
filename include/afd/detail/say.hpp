// SPDX-License-Identifier: MIT
#pragma once

// What is said to the user beside errors. Torch-free.

#include <functional>
#include <iostream>
#include <string>

namespace afd {

/// Is given a sentence that the user should know. Empty: nothing is said.
using Say = std::function<void(const std::string&)>;

inline void say_on_stderr(const std::string& text) {
  std::cerr << "afd: " << text << '\n';
}

namespace detail {

/// Tells the user, if somebody listens. What a listener throws is lost: no message is worth a training.
inline void tell(const Say& say, const std::string& text) noexcept {
  try {
    if (say) say(text);
  } catch (...) {  // NOLINT: see above
  }
}

}  // namespace detail
}  // namespace afd
