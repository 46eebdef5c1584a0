// SPDX-License-Identifier: MIT
#pragma once

// What must be the same in all processes, and what is said if it is not. Torch-free.

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd::detail {

/// Names and values, as one text.
[[nodiscard]] inline std::string text_of(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string text;
  for (const auto& [name, value] : facts) text += name + '\0' + value + '\0';
  return text;
}

[[nodiscard]] inline std::map<std::string, std::string> facts_in(const std::string& text) {
  std::map<std::string, std::string> facts;
  const auto next = [&text](std::size_t& place) {
    const std::size_t end = text.find('\0', place);
    std::string part = text.substr(place, end - place);
    place = end + 1;
    return part;
  };
  for (std::size_t place = 0; place < text.size();) {
    std::string name = next(place);
    facts[std::move(name)] = next(place);
  }
  return facts;
}

/// Throws ConfigError that names what differs from process 0. `texts`: of all processes, by rank.
inline void require_same_facts(const std::vector<std::string>& texts) {
  constexpr int most_lines = 8;
  std::string lines;
  int count = 0;
  const auto line = [&](const std::string& name, std::size_t rank, const std::string& here, const std::string& first) {
    if (++count <= most_lines) lines += concat("\n  ", name, ": ", here, " in process ", rank, ", ", first, " in 0");
  };
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    if (texts[rank] == texts[0]) continue;
    const auto first = facts_in(texts[0]), here = facts_in(texts[rank]);
    for (const auto& [name, value] : first) {
      const auto same = here.find(name);
      if (same == here.end() || same->second != value) {
        line(name, rank, same == here.end() ? "nothing" : same->second, value);
      }
    }
    for (const auto& [name, value] : here) {
      if (!first.contains(name)) line(name, rank, value, "nothing");
    }
  }
  if (count == 0) return;
  if (count > most_lines) lines += concat("\n  and ", count - most_lines, " more");
  throw ConfigError("the processes do not train the same:" + lines);
}

}  // namespace afd::detail
