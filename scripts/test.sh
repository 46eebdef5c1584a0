#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, then builds and runs every test: with g++ all, with clang the torch-free ones and the fuzz
# targets. --clang: all of them with clang, and nothing else (LibTorch 2.1 or later). --library: the library's own tests
# with g++, and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/compilers.sh
source scripts/processor.sh
mode=${1:-}
case $mode in
  "" | --clang | --library) ;;
  *) echo "test.sh: unknown option $mode" >&2; exit 2 ;;
esac
scripts/setup.sh --test
clang=clang++-$(installed_clang)
configure=(cmake -S . -G Ninja -DCMAKE_BUILD_TYPE=Release)
# Tests run side by side: threads of LibTorch's that wait must not keep the others from running.
export OMP_WAIT_POLICY=passive
avoid_unset_memory
run=(ctest -j "$(nproc)" --output-on-failure --no-tests=error)
if [[ $mode == --library ]]; then
  "${configure[@]}" -B build/test -DCMAKE_CXX_COMPILER=g++
  cmake --build build/test --target afd_tests afd_tests_plain afd_tests_distributed afd_overhead
  "${run[@]}" --test-dir build/test -R '^afd_(tests|tests_plain|tests_distributed|overhead)\.'
  exit
fi
if [[ $mode == --clang ]]; then
  "${configure[@]}" -B build/test-clang -DCMAKE_CXX_COMPILER="$clang" -DAFD_BUILD_FUZZERS=ON
  cmake --build build/test-clang
  "${run[@]}" --test-dir build/test-clang
  exit
fi
"${configure[@]}" -B build/clang -DCMAKE_CXX_COMPILER="$clang" -DAFD_TORCH=OFF -DAFD_BUILD_FUZZERS=ON
cmake --build build/clang
"${run[@]}" --test-dir build/clang
benchmarks=OFF
if [[ "${CI:-}" == true ]]; then benchmarks=ON; fi
"${configure[@]}" -B build/test -DCMAKE_CXX_COMPILER=g++ -DAFD_BUILD_BENCHMARKS="$benchmarks"
cmake --build build/test
"${run[@]}" --test-dir build/test
# Benchmarks and experiments must build and run, too; their figures mean nothing here.
if [[ $benchmarks == ON ]]; then
  scripts/bench.sh --built build/test --smoke
  scripts/experiments.sh --built build/test --smoke --out build/experiments_smoke
fi
