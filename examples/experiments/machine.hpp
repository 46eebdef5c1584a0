// SPDX-License-Identifier: MIT
#pragma once

// What a cell was computed with: on another kind of processor its numbers have other last bits.

#include <fstream>
#include <string>

#include <fmt/format.h>
#include <torch/version.h>

#include <afd/version.hpp>

namespace experiments {

/// "AuthenticAMD family 26 model 2, avx512f; LibTorch 1.13.1; afd 0.1.0".
[[nodiscard]] inline std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, vendor = "unknown processor", family, model, vectors = "no avx2";
  while (std::getline(file, line) && !line.empty()) {
    const auto is = [&](const std::string& key) {
      return line.starts_with(key) && line.find_first_not_of(" \t", key.size()) == line.find(':');
    };
    const auto value = [&] { return line.substr(line.find(':') + 2); };
    if (is("vendor_id")) vendor = value();
    if (is("cpu family")) family = " family " + value();
    if (is("model")) model = " model " + value();
    if (is("flags") && line.find(" avx2") != std::string::npos) vectors = "avx2";
    if (is("flags") && line.find(" avx512f") != std::string::npos) vectors = "avx512f";
  }
  return fmt::format("{}{}{}, {}; LibTorch {}; afd {}", vendor, family, model, vectors, TORCH_VERSION,
                     AFD_VERSION_STRING);
}

}  // namespace experiments
