// SPDX-License-Identifier: MIT
#pragma once

// Tensors by name in a file of the format safetensors, which Python reads and writes, too. Needs nlohmann-json (CMake
// target afd::safetensors), so it is not part of afd/afd.hpp. For the weights of a network see network/safetensors.hpp.

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <torch/types.h>

#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/safetensors_format.hpp>

namespace afd {

namespace detail {

/// The dtypes that afd's own files have, too: every LibTorch from 1.13 on has operators for them.
inline constexpr std::array<std::pair<std::string_view, torch::ScalarType>, 10> safetensors_scalars{{
    {"BOOL", torch::kBool},
    {"U8", torch::kUInt8},
    {"I8", torch::kInt8},
    {"I16", torch::kInt16},
    {"I32", torch::kInt32},
    {"I64", torch::kInt64},
    {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16},
    {"F32", torch::kFloat32},
    {"F64", torch::kFloat64},
}};

[[nodiscard]] inline std::optional<torch::ScalarType> scalar_of(const SafetensorsDtype& wanted) {
  for (const auto& [name, scalar] : safetensors_scalars)
    if (name == wanted.name) return scalar;
  return std::nullopt;
}

/// Throws DataError for a dtype that has no place in a file.
[[nodiscard]] inline SafetensorsDtype safetensors_dtype_of(const torch::Tensor& tensor, std::string_view name) {
  for (const auto& [known, scalar] : safetensors_scalars)
    if (scalar == tensor.scalar_type()) return *find_safetensors_dtype(known);
  throw DataError(concat("cannot save ", name, ": tensors of ", tensor.scalar_type(), " are not supported"));
}

/// A tensor of its own, on the CPU; the file's elements may lie at any address.
[[nodiscard]] inline torch::Tensor copy_of(const SafetensorsView& view, torch::ScalarType scalar) {
  torch::Tensor copy = torch::empty(view.sizes, scalar);
  std::copy(view.bytes.begin(), view.bytes.end(), static_cast<std::uint8_t*>(copy.data_ptr()));
  return copy;
}

}  // namespace detail

/// Writes tensors of any shape and layout to `path`, row-major, whole or not at all. There is no checksum in such a
/// file. In Python safetensors.torch.load_file(path) gives a dict of the same tensors. Throws DataError for a dtype
/// that cannot be saved, a name that is not UTF-8 or is "__metadata__"; FileError if the file cannot be written: one
/// that was there before is then untouched.
inline void write_safetensors(const std::map<std::string, torch::Tensor>& tensors, const std::filesystem::path& path) {
  std::map<std::string, torch::Tensor> kept;                                  // as long as views point into them
  SafetensorsContent content{.tensors = {}, .metadata = {{"format", "pt"}}};  // some readers in Python ask for it
  for (const auto& [name, tensor] : tensors) {
    const SafetensorsDtype dtype = detail::safetensors_dtype_of(tensor, name);
    const torch::Tensor& own = kept.emplace(name, tensor.detach().to(torch::kCPU).contiguous()).first->second;
    const std::span elements(static_cast<const std::uint8_t*>(own.data_ptr()), own.nbytes());
    content.tensors.emplace(name, SafetensorsView{dtype, own.sizes().vec(), elements});
  }
  const Bytes bytes = format_safetensors(content);
  detail::write_file_atomically(path, std::span(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// The tensors of a file, on the CPU. Throws FileError for one that cannot be read, FormatError for one that is damaged
/// or has a dtype that is not supported.
[[nodiscard]] inline std::map<std::string, torch::Tensor> read_safetensors(const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  const std::string file = path.string();
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [name, view] : parse_safetensors(bytes, file).tensors) {
    const auto scalar = detail::scalar_of(view.dtype);
    if (!scalar) {
      throw FormatError(detail::concat(file, " has tensors that are not supported: ", detail::shown_name(name), " is ",
                                       view.dtype.name));
    }
    tensors.emplace(name, detail::copy_of(view, *scalar));
  }
  return tensors;
}

}  // namespace afd
