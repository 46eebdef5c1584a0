#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the benchmarks and runs them; the tables go to docs/benchmarks. --smoke: a short run, its tables thrown away.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ -DAFD_BUILD_TESTS=OFF \
  -DAFD_BUILD_EXAMPLES=OFF -DAFD_BUILD_BENCHMARKS=ON >/dev/null
cmake --build build/bench
if [[ "${1:-}" == --smoke ]]; then
  build/bench/benchmarks/bench_steps --depths 8 --batches 4 --side 16 --pairs 2
  exit
fi
mkdir -p docs/benchmarks
for threads in 1 2; do
  {
    echo "# Steps against steps written by hand, $threads thread(s)"
    echo
    build/bench/benchmarks/bench_steps --threads "$threads" "$@"
  } | tee "docs/benchmarks/steps_${threads}_threads.md"
done
