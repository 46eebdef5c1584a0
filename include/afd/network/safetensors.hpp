// SPDX-License-Identifier: MIT
#pragma once

// One network's weights to Python and from it, in the format safetensors. Needs nlohmann-json (CMake target
// afd::safetensors), so it is not part of afd/afd.hpp.

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <c10/core/ScalarType.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/nearest_name.hpp>
#include <afd/detail/shown_name.hpp>
#include <afd/error.hpp>
#include <afd/network/named_tensors.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/safetensors_options.hpp>
#include <afd/state/safetensors_file.hpp>
#include <afd/state/safetensors_format.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

namespace detail {

/// Everything in which a file differs from a network, as one error.
class SafetensorsMisfits {
 public:
  enum Kind : std::size_t { missing, unexpected, shape, dtype, value, kinds };

  void add(Kind kind, const std::string& line) { lines_[kind].push_back(line); }

  /// Throws FormatError if there are any.
  void throw_if_any(std::string_view file) const {
    constexpr std::array<std::string_view, kinds> names{"missing", "unexpected", "shape", "dtype", "value"};
    std::string counts, text;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      if (lines_[kind].empty()) continue;
      counts += concat(counts.empty() ? "" : ", ", names[kind], ": ", lines_[kind].size());
      for (const std::string& line : lines_[kind]) text += concat("\n  ", names[kind], ": ", line);
    }
    if (text.empty()) return;
    throw FormatError(concat(file, " holds another network, and nothing was loaded (", counts, ")", text,
                             "\nSafetensorsOptions can rename, leave_out, ignore and convert"));
  }

 private:
  std::array<std::vector<std::string>, kinds> lines_;
};

/// Which tensor of a network is given which entry of a file. Throws ConfigError for options that do not do what they
/// say, FormatError with all that does not fit.
class SafetensorsMatch {
 public:
  struct Pair {
    std::string_view name;  ///< in the network
    std::string_view entry;
    const SafetensorsView* from;
    torch::Tensor to;
  };

  /// All are kept alive by the caller.
  SafetensorsMatch(const std::map<std::string, torch::Tensor>& tensors, const SafetensorsContent& content,
                   const SafetensorsOptions& options, std::string_view file)
      : tensors_(tensors), content_(content), options_(options), file_(file) {
    rename();
    pair_up();
    list_rest();
    misfits_.throw_if_any(file_);
  }

  /// Copies of the elements in the dtypes of the network's tensors, in their order. Throws FormatError for numbers
  /// that these cannot hold.
  [[nodiscard]] std::vector<torch::Tensor> elements() {
    std::vector<torch::Tensor> all;
    for (const Pair& pair : pairs_) {
      require_own_elements(pair.name, pair.to);
      const torch::Tensor read = copy_of(*pair.from, *scalar_of(pair.from->dtype));
      const torch::ScalarType wanted = pair.to.scalar_type();
      all.push_back(read.to(wanted));
      if (read.scalar_type() == wanted || holds(all.back(), read)) continue;
      misfits_.add(SafetensorsMisfits::value, concat(pair.name, " has numbers that ", wanted, " cannot hold"));
    }
    misfits_.throw_if_any(file_);
    return all;
  }

  [[nodiscard]] const std::vector<Pair>& pairs() const { return pairs_; }

 private:
  /// Gives every entry its name in the network.
  void rename() {
    std::vector<std::string_view> entries, names;
    for (const auto& [entry, view] : content_.tensors) {
      entries.push_back(entry);
      const auto name = names_.in_network(entry);
      if (!name) continue;
      const auto [place, is_new] = entries_.emplace(*name, entry);
      if (is_new) continue;
      throw ConfigError(concat("SafetensorsOptions gives ", shown_name(place->second), " and ", shown_name(entry),
                               " of ", file_, " the same name, ", shown_name(*name)));
    }
    for (const auto& [name, tensor] : tensors_) {
      names.push_back(name);
      if (names_.is_left_out(name)) left_out_.push_back(name);
    }
    names_.require_all_used(file_, entries, names);
  }

  /// Finds the entry of every tensor.
  void pair_up() {
    pairs_.reserve(tensors_.size());  // loaded_ points into it
    for (const auto& [name, tensor] : tensors_) {
      const auto entry = entries_.find(name);
      if (entry == entries_.end()) continue;
      const SafetensorsView& view = content_.tensors.find(entry->second)->second;
      pairs_.push_back({name, entry->second, &view, tensor});
      compare(pairs_.back());
      const auto [other, is_new] = loaded_.emplace(tensor.unsafeGetTensorImpl(), &pairs_.back());
      if (is_new || std::ranges::equal(view.bytes, other->second->from->bytes)) continue;
      misfits_.add(SafetensorsMisfits::value,
                   concat(other->second->name, " and ", name, " are the same here, but differ in the file"));
    }
    for (const std::string& name : left_out_) {
      const auto loaded = loaded_.find(tensors_.at(name).unsafeGetTensorImpl());
      if (loaded == loaded_.end()) continue;
      throw ConfigError(concat("SafetensorsOptions.leave_out keeps ", name, ", but it is the same tensor as ",
                               loaded->second->name, ", which is loaded"));
    }
  }

  /// Lists what has no partner.
  void list_rest() {
    std::vector<std::string_view> missing, unexpected;
    const bool has_counts = std::ranges::any_of(entries_, [](const auto& item) { return is_count(item.first); });
    for (const auto& [name, tensor] : tensors_) {
      const bool is_kept = std::ranges::binary_search(left_out_, name) || (is_count(name) && !has_counts);
      if (!is_kept && !loaded_.contains(tensor.unsafeGetTensorImpl())) missing.push_back(name);
    }
    for (const auto& [name, entry] : entries_) {
      if (!tensors_.contains(name)) unexpected.push_back(name);
    }
    const auto letters = [](const std::vector<std::string_view>& names) {
      return std::transform_reduce(names.begin(), names.end(), std::size_t{1}, std::plus{},
                                   [](std::string_view name) { return name.size(); });
    };
    constexpr std::size_t patience = 1'000'000'000;  // letters to compare, a second or two: a file may have any names
    const bool looks = !unexpected.empty() && letters(unexpected) <= patience / letters(missing);
    for (const std::string_view name : missing) {
      const torch::Tensor& tensor = tensors_.at(std::string(name));
      std::string line = concat(name, ", ", tensor.scalar_type(), ' ', tensor.sizes());
      if (looks) line += "; the nearest is " + described(unexpected[nearest_name(name, unexpected)]);
      misfits_.add(SafetensorsMisfits::missing, line);
    }
    for (const std::string_view name : unexpected) misfits_.add(SafetensorsMisfits::unexpected, described(name));
  }

  /// Of one pair, shape and dtype.
  void compare(const Pair& pair) {
    const torch::ScalarType here = pair.to.scalar_type();
    if (pair.to.sizes() != pair.from->sizes) {
      misfits_.add(SafetensorsMisfits::shape, concat(pair.name, " is ", torch::IntArrayRef(pair.from->sizes),
                                                     " in the file, but ", pair.to.sizes(), " here"));
    }
    const auto there = scalar_of(pair.from->dtype);
    if (there == here) return;
    std::string line = concat(pair.name, " is ", dtype_name(*pair.from), " in the file, but ", here, " here");
    if (there) {
      const bool can_be = (c10::isFloatingType(*there) && c10::isFloatingType(here)) ||
                          (c10::isIntegralType(*there, false) && c10::isIntegralType(here, false));
      if (can_be && options_.convert) return;
      line += can_be ? "; .convert = true converts it" : "; it cannot be converted";
    } else {
      line += "; it cannot be read";
    }
    misfits_.add(SafetensorsMisfits::dtype, line);
  }

  /// Whether a tensor is a BatchNorm's count of batches, which files may lack.
  [[nodiscard]] static bool is_count(std::string_view name) {
    constexpr std::string_view count = "num_batches_tracked";
    return name == count || (name.ends_with(count) && name[name.size() - count.size() - 1] == '.');
  }

  /// Whether conversion rounded at most: no number overflowed or wrapped around.
  [[nodiscard]] static bool holds(const torch::Tensor& converted, const torch::Tensor& read) {
    if (!read.is_floating_point()) return converted.to(torch::kInt64).equal(read.to(torch::kInt64));
    const auto finite = [](const torch::Tensor& numbers) { return numbers.to(torch::kFloat64).isfinite(); };
    return finite(converted).equal(finite(read));
  }

  [[nodiscard]] static std::string dtype_name(const SafetensorsView& view) {
    const auto scalar = scalar_of(view.dtype);
    return scalar ? concat(*scalar) : std::string(view.dtype.name);
  }
  /// An entry by its name in the network: "head.weight (fc.weight in the file), Float [10, 64]".
  [[nodiscard]] std::string described(std::string_view name) const {
    const std::string_view entry = entries_.find(name)->second;
    const SafetensorsView& view = content_.tensors.find(entry)->second;
    const std::string before = entry == name ? "" : concat(" (", shown_name(entry), " in the file)");
    return concat(shown_name(name), before, ", ", dtype_name(view), ' ', torch::IntArrayRef(view.sizes));
  }

  const std::map<std::string, torch::Tensor>& tensors_;
  const SafetensorsContent& content_;
  const SafetensorsOptions& options_;
  std::string_view file_;
  SafetensorsNames names_{options_};
  std::map<std::string, std::string_view, std::less<>> entries_;  // by their names in the network
  std::vector<std::string> left_out_;                             // sorted
  std::vector<Pair> pairs_;
  std::map<const void*, const Pair*> loaded_;  // by tensors; one may have several names in the network
  SafetensorsMisfits misfits_;
};

}  // namespace detail

/// Writes the network's parameters and buffers to `path` by their names, whole or not at all. In Python,
/// model.load_state_dict(safetensors.torch.load_file(path)) puts them into a module with the same names. There is no
/// checksum in such a file, see save_network for one that has it. Throws DataError for a dtype that the format does not
/// have; FileError if the file cannot be written: one that was there before is then untouched.
template <class N>
  requires HasModule<N>
void save_safetensors(N& network, const std::filesystem::path& path) {
  write_safetensors(detail::named_tensors(module_of(network)), path);
}

/// Reads weights that safetensors.torch.save_file(model.state_dict(), path) or save_safetensors wrote. Every tensor of
/// the network must be in the file in its shape and dtype, and nothing else, but for what the options say. Tensors are
/// filled where they are: device, layout and optimizers stay. Where the file has no num_batches_tracked at all, as of
/// old or other writers, the network's are kept; a BatchNorm reads them only if it has no momentum. Of a tensor that
/// the network has under several names, one will do.
/// Throws FileError for a file that cannot be read; FormatError for one that is damaged, and for one that holds another
/// network, with every entry that is missing, unexpected, of another shape or dtype; ConfigError for options that are
/// for nothing, or give two entries the same name. The network is not changed then.
template <class N>
  requires HasModule<N>
void load_safetensors(N& network, const std::filesystem::path& path, const SafetensorsOptions& options = {}) {
  const Bytes bytes = detail::read_raw(path);
  const std::string file = path.string();
  const SafetensorsContent content = parse_safetensors(bytes, file);
  const auto tensors = detail::named_tensors(module_of(network));
  detail::SafetensorsMatch match(tensors, content, options, file);
  const std::vector<torch::Tensor> elements = match.elements();  // all of them, before the first one is changed
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    torch::Tensor place = match.pairs()[i].to;
    place.copy_(elements[i]);
  }
}

}  // namespace afd
