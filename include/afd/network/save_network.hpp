// SPDX-License-Identifier: MIT
#pragma once

// One network's weights in a file, for deployment: without discriminators, transfer layers and optimizers.

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Dict.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/state/envelope.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

/// Version of what is in a network's file; older ones can be read.
inline constexpr ContentKind network_kind{"network", 1};

namespace detail {

/// Parameters and buffers by their names in the module; undefined buffers have none.
[[nodiscard]] inline std::map<std::string, torch::Tensor> named_tensors(const torch::nn::Module& module) {
  std::map<std::string, torch::Tensor> all;
  for (const auto& item : module.named_parameters()) all.emplace(item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (item.value().defined()) all.emplace(item.key(), item.value());
  }
  return all;
}

}  // namespace detail

/// Writes the network's parameters and buffers to `path`, whole or not at all, with a checksum. Throws FileError; a
/// file that was there before is then untouched.
template <class N>
  requires HasModule<N>
void save_network(N& network, const std::filesystem::path& path) {
  StateDict state;
  for (const auto& [name, tensor] : detail::named_tensors(module_of(network))) state.set(name, tensor);
  const Bytes bytes = seal(state.to_bytes(), network_kind);
  detail::write_file_atomically(path, std::span(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// Reads what save_network wrote into a network of the same shape; logits are then the same to the bit. Throws
/// FileError for a file that cannot be read, FormatError for one that is damaged or holds another network; the
/// network is not changed then.
template <class N>
  requires HasModule<N>
void load_network(N& network, const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  const std::string name = path.string();
  const StateDict state = StateDict::from_bytes(unseal(bytes, network_kind, name), name);
  const auto tensors = detail::named_tensors(module_of(network));
  try {
    CheckState check(state);
    for (const auto& [key, tensor] : tensors) check.tensor(key, tensor);
    check.require_no_more({""});
  } catch (const FormatError& error) {
    throw FormatError(detail::concat(name, " holds another network: ", error.what()));
  }
  LoadState load(state);
  for (const auto& [key, tensor] : tensors) load.tensor(key, tensor);
}

/// Writes parameters and buffers for Python, whole or not at all: torch.load(path) gives a dict of tensors by their
/// names in the module. There is no checksum in such a file. Throws FileError; a file that was there before is then
/// untouched.
template <class N>
  requires HasModule<N>
void save_for_python(N& network, const std::filesystem::path& path) {
  c10::Dict<std::string, torch::Tensor> dict;
  for (const auto& [name, tensor] : detail::named_tensors(module_of(network))) {
    dict.insert(name, tensor.detach().to(torch::kCPU).contiguous());
  }
  const std::vector<char> bytes = torch::pickle_save(dict);
  detail::write_file_atomically(path, bytes);
}

}  // namespace afd
