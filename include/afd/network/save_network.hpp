// SPDX-License-Identifier: MIT
#pragma once

// One network's weights in a file, for deployment: without discriminators, transfer layers and optimizers. For Python,
// and from it, see safetensors.hpp.

#include <filesystem>
#include <span>
#include <string>

#include <torch/nn/module.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/named_tensors.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/state/envelope.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

/// Version of what is in a network's file; older ones can be read.
inline constexpr ContentKind network_kind{"network", 1};

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

}  // namespace afd
