// SPDX-License-Identifier: MIT
#pragma once

// One network's weights in a file, for deployment: without discriminators, transfer layers and optimizers.

#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <torch/ordered_dict.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>

namespace afd {

namespace detail {

/// What the file must hold for the network, in the order of the module: parameters, then buffers.
inline std::vector<std::pair<std::string, torch::Tensor>> named_state(torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> all;
  for (const auto& item : module.named_parameters()) all.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) all.emplace_back(item.key(), item.value());
  return all;
}

/// Reads one tensor by its dotted name out of nested archives. Throws FormatError if it is not there.
inline torch::Tensor read_tensor(torch::serialize::InputArchive& archive, const std::string& name,
                                 const std::filesystem::path& path) {
  const std::size_t dot = name.find('.');
  if (dot != std::string::npos) {
    torch::serialize::InputArchive child;
    if (!archive.try_read(name.substr(0, dot), child)) {
      throw FormatError(concat(path, " holds another network: it has no ", name));
    }
    return read_tensor(child, name.substr(dot + 1), path);
  }
  torch::Tensor tensor;
  if (!archive.try_read(name, tensor) && !archive.try_read(name, tensor, /*is_buffer=*/true)) {
    throw FormatError(concat(path, " holds another network: it has no ", name));
  }
  return tensor;
}

}  // namespace detail

/// Writes the network's parameters and buffers to `path`, whole or not at all. torch::load(module, path) reads the
/// file too. Throws FileError; a file that was there before is then untouched.
template <class N>
  requires HasModule<N>
void save_network(N& network, const std::filesystem::path& path) {
  torch::serialize::OutputArchive archive;
  module_of(network).save(archive);
  // To memory first: LibTorch ends the process if the disk fills up while it writes to a file itself.
  std::ostringstream memory;
  archive.save_to(memory);
  const std::string bytes = std::move(memory).str();
  detail::write_file_atomically(path, bytes);
}

/// Reads what save_network wrote into a network of the same shape; logits are then the same to the bit. Throws
/// FileError for a file that cannot be read, FormatError for one that is damaged or holds another network; the
/// network is not changed then.
template <class N>
  requires HasModule<N>
void load_network(N& network, const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  auto state = detail::named_state(module_of(network));
  std::vector<torch::Tensor> loaded;
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(reinterpret_cast<const char*>(bytes.data()), bytes.size(), torch::kCPU);
    for (const auto& [name, tensor] : state) loaded.push_back(detail::read_tensor(archive, name, path));
  } catch (const c10::Error& error) {
    throw FormatError(detail::concat(path, " is not a saved network, or is damaged: ", error.what_without_backtrace()));
  }
  for (std::size_t i = 0; i < state.size(); ++i) {
    const auto& [name, tensor] = state[i];
    if (loaded[i].sizes() == tensor.sizes() && loaded[i].scalar_type() == tensor.scalar_type()) continue;
    throw FormatError(detail::concat(path, " holds another network: ", name, " is ", loaded[i].scalar_type(), ' ',
                                     loaded[i].sizes(), " there, but ", tensor.scalar_type(), ' ', tensor.sizes(),
                                     " here"));
  }
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < state.size(); ++i) state[i].second.copy_(loaded[i]);
}

}  // namespace afd
