// SPDX-License-Identifier: MIT
// Small files of every dtype for the fuzzer to begin with: safetensors_seeds <folder>
#include <afd/state/safetensors_format.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  int count = 0;
  const auto write = [&](const afd::SafetensorsContent& content) {
    const afd::Bytes bytes = afd::format_safetensors(content);
    std::ofstream file(folder / ("seed" + std::to_string(count++)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  const afd::Bytes zeros(64);
  const auto tensor = [&](const afd::SafetensorsDtype& dtype, std::vector<std::int64_t> sizes) {
    return afd::SafetensorsView{dtype, sizes, std::span(zeros).first(afd::detail::byte_count(dtype, sizes).value())};
  };
  write({});
  write({.tensors = {}, .metadata = {{"format", "pt"}, {"\"", "\n"}}});
  for (const afd::SafetensorsDtype& dtype : afd::safetensors_dtypes) write({.tensors = {{"a", tensor(dtype, {2, 4})}}});
  const afd::SafetensorsDtype single = afd::find_safetensors_dtype("F32").value();
  write({.tensors = {{"a.weight", tensor(single, {})},
                     {"b", tensor(single, {3, 0})},
                     {"c", tensor(single, {1, 1, 3})},
                     {"d", tensor(afd::find_safetensors_dtype("BOOL").value(), {3})}},
         .metadata = {{"format", "pt"}}});
}
