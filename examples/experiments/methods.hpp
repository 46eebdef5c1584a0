// SPDX-License-Identifier: MIT
#pragma once

// The methods by name.

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "cell.hpp"
#include "training.hpp"

namespace experiments {

struct Method {
  std::string what;         ///< in words
  bool is_offline = false;  ///< the last network is a teacher that was trained alone and is frozen
  std::function<Result(const Run&)> run;
};
using Methods = std::map<std::string, Method>;

/// For two networks; for three and four; and variants of the method itself, for two.
[[nodiscard]] Methods pair_methods();
[[nodiscard]] Methods offline_methods();
[[nodiscard]] Methods group_methods(std::size_t networks);
[[nodiscard]] Methods ablations();

/// All that there are for that many networks.
[[nodiscard]] inline Methods methods_for(std::size_t networks) {
  if (networks != 2) return group_methods(networks);
  Methods all = pair_methods();
  all.merge(offline_methods());
  all.merge(ablations());
  return all;
}

}  // namespace experiments
