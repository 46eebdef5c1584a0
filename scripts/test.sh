#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, then builds and runs every test: torch-free ones and fuzz targets with clang 19, all with
# g++.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh --test
cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=clang++-19 -DAFD_TORCH=OFF \
  -DAFD_BUILD_FUZZERS=ON
cmake --build build/clang
ctest --test-dir build/clang -j "$(nproc)" --output-on-failure --no-tests=error
cmake -S . -B build/test -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++
cmake --build build/test
ctest --test-dir build/test -j "$(nproc)" --output-on-failure --no-tests=error
# Benchmarks and experiments must build and run, too; their figures mean nothing here.
if [[ "${CI:-}" == true ]]; then
  scripts/bench.sh --smoke
  scripts/experiments.sh --smoke --out build/experiments_smoke
fi
