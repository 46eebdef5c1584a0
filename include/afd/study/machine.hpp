// SPDX-License-Identifier: MIT
#pragma once

// What a cell was computed with: on another kind of processor its numbers have other last bits.

#include <fstream>
#include <string>

#include <torch/version.h>

#include <afd/detail/concat.hpp>
#include <afd/version.hpp>

namespace afd::detail {

/// "AuthenticAMD family 26 model 2, avx512f; LibTorch 1.13.1; afd 0.1.0". The processor is unknown where there is no
/// /proc/cpuinfo in the form that Linux has for x86.
[[nodiscard]] inline std::string machine_text() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, vendor = "unknown processor", family, model, vectors = "no avx2";
  while (std::getline(file, line) && !line.empty()) {
    const auto is = [&](const std::string& key) {
      return line.starts_with(key) && line.find_first_not_of(" \t", key.size()) == line.find(':');
    };
    const auto value = [&] { return line.substr(line.find(':') + 2); };
    if (is("vendor_id")) vendor = value();
    if (is("cpu family")) family = concat(" family ", value());
    if (is("model")) model = concat(" model ", value());
    if (is("flags") && line.find(" avx2") != std::string::npos) vectors = "avx2";
    if (is("flags") && line.find(" avx512f") != std::string::npos) vectors = "avx512f";
  }
  return concat(vendor, family, model, ", ", vectors, "; LibTorch ", TORCH_VERSION, "; afd ", AFD_VERSION_STRING);
}

}  // namespace afd::detail
