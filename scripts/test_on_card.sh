#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and runs on a machine with a CUDA card what needs one: its tests, all tests of the library with that LibTorch,
# and a step's time beside PyTorch's on the same card.
#     test_on_card.sh [--card] [OUTPUT]
#     --card   only what needs the card, not the other tests
#     OUTPUT   folder of the results (build/card/results): card.csv, and the tests' output
# Nothing is installed. CMAKE_PREFIX_PATH says where LibTorch, Eigen, doctest, nlohmann-json, CLI11 and fmt are; without
# it LibTorch is taken from python3's torch. PYTHON names the python3 whose PyTorch is measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
all=true
if [[ ${1:-} == --card ]]; then
  all=false
  shift
fi
results=${1:-build/card/results}
python=${PYTHON:-$(command -v python3)}
prefix=${CMAKE_PREFIX_PATH:-$("$python" -c 'import torch; print(torch.utils.cmake_prefix_path)')}
build=build/card
mkdir -p "$results"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=$prefix" -DAFD_BUILD_EXAMPLES=OFF \
  -DAFD_BUILD_BENCHMARKS=ON
cmake --build "$build" --target afd_card bench_grid bench_worker
# CTest takes a machine without a card for one where nothing failed.
"$build/tests/afd_card" --list-test-cases >/dev/null || { echo "test_on_card.sh: there is no card" >&2; exit 1; }
failed=0
ctest --test-dir "$build" -R '^afd_card\.' --output-on-failure --no-tests=error | tee "$results/card.txt" || failed=1
workers=$build/benchmarks
"$workers/bench_grid" --workers "$workers" --script benchmarks/pytorch_steps.py --python "$python" --device cuda \
  --compile --output "$results/card.csv" || failed=1
if $all; then
  cmake --build "$build" --target afd_tests afd_tests_plain afd_overhead afd_pretend
  ctest --test-dir "$build" -j "$(nproc)" -R '^afd_(tests|tests_plain|overhead|pretend)\.' --output-on-failure \
    --no-tests=error | tee "$results/tests.txt" || failed=1
fi
exit "$failed"
