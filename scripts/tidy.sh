#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang-tidy over all headers and over programs that use them, by .clang-tidy; any finding is an error. With LibTorch
# before 2.1, which no clang compiles, over the torch-free headers and their tests: tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/compilers.sh
scripts/setup.sh --test
version=$(installed_clang)
if ! command -v "clang-tidy-$version" >/dev/null; then
  root=()
  ((EUID == 0)) || root=(sudo)
  "${root[@]}" apt-get install -y -q --no-install-recommends "clang-tidy-$version"
fi
mkdir -p build
configure=(cmake -S . -B build/tidy -G Ninja -DCMAKE_CXX_COMPILER="clang++-$version" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
  -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_CXX_COMPILER_LAUNCHER=)
if "${configure[@]}" -DAFD_TORCH=ON >build/tidy.log 2>&1; then
  files=(tests/static/two_units_main.cpp examples/own_networks.cpp examples/own_study.cpp
    examples/fashion_mnist_pair/main.cpp examples/experiments/main.cpp examples/experiments/answers.cpp
    examples/guide/*.cpp)
elif grep -q 'no clang compiles' <(tr -s '\n ' ' ' <build/tidy.log); then
  echo "tidy.sh: this LibTorch is for g++ only; looking at the torch-free headers"
  "${configure[@]}" -DAFD_TORCH=OFF >build/tidy.log
  mapfile -t files < <(sed -n 's/.*"file": "\(.*tests\/[a-z]*\/[a-z_]*\.cpp\)".*/\1/p' build/tidy/compile_commands.json)
else
  cat build/tidy.log >&2
  exit 1
fi
(($# == 0)) || files=("$@")
printf '%s\n' "${files[@]}" | grep -v '/build/' |
  xargs -P "$(nproc)" -n 1 "clang-tidy-$version" -p build/tidy --quiet
echo "tidy.sh: nothing found in ${#files[@]} files and the headers they include"
