// SPDX-License-Identifier: MIT
#pragma once

// How the names of a safetensors file become a network's. Torch-free; used by network/safetensors.hpp only, so it is
// not part of afd/afd.hpp.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/detail/nearest_name.hpp>
#include <afd/detail/shown_name.hpp>
#include <afd/error.hpp>

namespace afd {

/// What load_safetensors does with a file that was not written for just this network. A part is a module, a parameter
/// or a buffer by its name: "fc" is fc.weight and fc.bias, not fc2.weight; "fc." is the same.
///
/// An entry of the file goes to the tensor that has its name. Its name is first changed by the first of these that is
/// for it: `rename`, the longest of `rename_prefix` with which it begins, `rename_by`. In a table or list, what is for
/// no entry of the file, or no part of the network, is refused: it is a name spelt wrong. A function may leave names as
/// they are, so it is for files that come in several kinds.
struct SafetensorsOptions {
  std::map<std::string, std::string> rename = {};         ///< names in the file -> names in the network
  std::map<std::string, std::string> rename_prefix = {};  ///< beginnings of names, {"backbone.", ""}
  std::function<std::string(std::string_view)> rename_by = {};
  std::vector<std::string> leave_out = {};  ///< parts of the network that keep their values, whatever the file has
  std::vector<std::string> ignore = {};     ///< parts of the file, by their names there, that nobody has a use for
  bool convert = false;  ///< between floating dtypes, and between integers whose values fit; else dtypes must be equal
};

namespace detail {

/// Whether `name` is `part`, or in it.
[[nodiscard]] inline bool is_in(std::string_view name, std::string_view part) {
  if (part.ends_with('.')) part.remove_suffix(1);
  return name.starts_with(part) && (name.size() == part.size() || name[part.size()] == '.');
}

/// Applies a SafetensorsOptions to names, and keeps account of what was of use.
class SafetensorsNames {
 public:
  explicit SafetensorsNames(const SafetensorsOptions& options) : options_(options) {}

  /// The name in the network of an entry of the file; none if it is ignored, or for a part that is left out.
  [[nodiscard]] std::optional<std::string> in_network(const std::string& entry) {
    if (is_in_one(entry, options_.ignore)) return std::nullopt;
    std::string name = renamed(entry);
    const auto has = [&](const std::string& part) { return is_in(name, part); };
    return std::ranges::any_of(options_.leave_out, has) ? std::nullopt : std::optional(std::move(name));
  }

  /// Whether a tensor of the network keeps its values.
  [[nodiscard]] bool is_left_out(std::string_view name) { return is_in_one(name, options_.leave_out); }

  /// Throws ConfigError for options that were for nothing: in a file of these entries, in a network of these tensors.
  void require_all_used(std::string_view file, const std::vector<std::string_view>& entries,
                        const std::vector<std::string_view>& tensors) const {
    const auto fail = [&](std::string_view option, const std::string& text, const std::string& why) {
      throw ConfigError(concat("SafetensorsOptions.", option, " has \"", text, "\", but ", why));
    };
    const auto nearest = [](std::string_view wanted, const std::vector<std::string_view>& names) {
      const std::size_t place = nearest_name(wanted, names);
      return place < names.size() ? concat("; the nearest is ", shown_name(names[place])) : std::string();
    };
    const char* used = options_.ignore.empty() ? "" : " that is not ignored";
    for (const auto& [entry, name] : options_.rename) {
      if (used_.contains(&entry)) continue;
      fail("rename", entry, concat(file, " has no such entry", used, nearest(entry, entries)));
    }
    for (const auto& [prefix, other] : options_.rename_prefix) {
      if (used_.contains(&prefix)) continue;
      fail("rename_prefix", prefix, concat(file, " has no entry", used, " to rename by it", nearest(prefix, entries)));
    }
    for (const std::string& part : options_.ignore) {
      if (!used_.contains(&part)) fail("ignore", part, concat(file, " has no such part", nearest(part, entries)));
    }
    for (const std::string& part : options_.leave_out) {
      if (!used_.contains(&part)) fail("leave_out", part, "the network has no such part" + nearest(part, tensors));
    }
  }

 private:
  [[nodiscard]] std::string renamed(const std::string& entry) {
    if (const auto exact = options_.rename.find(entry); exact != options_.rename.end()) {
      used_.insert(&exact->first);
      return exact->second;
    }
    const std::string* longest = nullptr;
    for (const auto& [prefix, other] : options_.rename_prefix) {  // sorted: of those that fit, the longest is last
      if (entry.starts_with(prefix)) longest = &prefix;
    }
    if (longest != nullptr) {
      used_.insert(longest);
      return options_.rename_prefix.at(*longest) + entry.substr(longest->size());
    }
    return options_.rename_by ? options_.rename_by(entry) : entry;
  }

  /// Keeps account of every part that has the name.
  [[nodiscard]] bool is_in_one(std::string_view name, const std::vector<std::string>& parts) {
    bool is_in_any = false;
    for (const std::string& part : parts) {
      if (!is_in(name, part)) continue;
      used_.insert(&part);
      is_in_any = true;
    }
    return is_in_any;
  }

  const SafetensorsOptions& options_;
  std::set<const std::string*> used_;
};

}  // namespace detail
}  // namespace afd
