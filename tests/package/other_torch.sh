#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A LibTorch in a folder of its own, as the zip and pip's torch are: nothing of the system's may be used beside it, and
# the flags of its target, the C++ library's old ABI here, must reach a user's compiler. Its CMake package is pretended,
# for only the commands are looked at: other_torch.sh <cmake> <compiler>
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
torch=$folder/site-packages/torch
mkdir -p "$torch/share/cmake/Torch" "$torch/include/torch/csrc/api/include" "$torch/lib" "$folder/user"
cat >"$torch/share/cmake/Torch/TorchConfig.cmake" <<'END'
get_filename_component(prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET torch)
  add_library(torch INTERFACE IMPORTED)
  set_target_properties(torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${prefix}/include;${prefix}/include/torch/csrc/api/include"
    INTERFACE_COMPILE_OPTIONS "-D_GLIBCXX_USE_CXX11_ABI=0")
endif()
set(TORCH_LIBRARIES torch)
END
cat >"$torch/share/cmake/Torch/TorchConfigVersion.cmake" <<'END'
set(PACKAGE_VERSION 2.5.1)
set(PACKAGE_VERSION_COMPATIBLE TRUE)
END
cat >"$folder/user/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES CXX)
find_package(afd CONFIG REQUIRED COMPONENTS gzip)
add_executable(user main.cpp)
target_link_libraries(user PRIVATE afd::afd afd::gzip)
END
echo 'int main() {}' >"$folder/user/main.cpp"
"$1" -G Ninja -S "$source" -B "$folder/afd" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_PREFIX_PATH="$torch" \
  -DAFD_BUILD_TESTS=OFF -DAFD_BUILD_EXAMPLES=OFF >/dev/null
"$1" --install "$folder/afd" --prefix "$folder/prefix" >/dev/null
"$1" -G Ninja -S "$folder/user" -B "$folder/build" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
  -DCMAKE_PREFIX_PATH="$torch;$folder/prefix" >/dev/null
commands=$(<"$folder/build/compile_commands.json")
for needed in "$torch/include/torch/csrc/api/include" _GLIBCXX_USE_CXX11_ABI=0 "$folder/prefix/include"; do
  grep -qF -- "$needed" <<<"$commands" || { echo "a user's compiler does not get $needed: $commands" >&2; exit 1; }
done
for other in /usr/include/torch _GLIBCXX_USE_CXX11_ABI=1; do
  ! grep -qF -- "$other" <<<"$commands" || { echo "a user's compiler gets $other: $commands" >&2; exit 1; }
done
# No file of the library or its package takes the system's for granted.
if grep -rnE '/usr/(lib|include)|GLIBCXX_USE_CXX11_ABI|x86_64-linux-gnu' "$folder/prefix" "$source/CMakeLists.txt" \
  "$source/cmake"; then
  echo "the files above name a system's folder or an ABI" >&2
  exit 1
fi
