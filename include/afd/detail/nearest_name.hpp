// SPDX-License-Identifier: MIT
#pragma once

// Of some names the one that was probably meant, for messages. Torch-free.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

namespace afd::detail {

/// Letters to put in, take out or change until `a` is `b` (Levenshtein's distance); `limit` if there are as many or
/// more.
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit) return limit;
  std::vector<std::size_t> row(b.size() + 1);  // distances of the first i letters of a to each beginning of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
    if (*std::ranges::min_element(row) >= limit) return limit;  // it never shrinks
  }
  return std::min(row.back(), limit);
}

/// The place in `names` of the one nearest to `wanted`, the first of several; names.size() if there is none.
[[nodiscard]] inline std::size_t nearest_name(std::string_view wanted, const std::vector<std::string_view>& names) {
  std::size_t nearest = names.size();
  std::size_t least = 2 * wanted.size() + 64;  // further away none is near, and a file may hold names of megabytes
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t distance = edit_distance(wanted, names[i], least);
    if (distance >= least) continue;
    least = distance;
    nearest = i;
  }
  return nearest;
}

}  // namespace afd::detail
