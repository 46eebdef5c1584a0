#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kills trainings, damages files, lets calls fail and feeds parsers, and prints what came of it: torture.sh [--kills n]
# [--fuzz seconds]. 1,200 kills and five minutes for each fuzz target if nothing else is said.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kills=1200
fuzz=300
while (($# > 0)); do
  case $1 in
    --kills) kills=$2; shift 2 ;;
    --fuzz) fuzz=$2; shift 2 ;;
    *) echo "torture.sh: unknown option $1" >&2; exit 2 ;;
  esac
done
"$root/scripts/setup.sh" --test
source "$root/scripts/compilers.sh"
clang=clang++-$(installed_clang)
build=$root/build/torture
mkdir -p "$build"
echo "torture.sh: building (a minute or two; output in $build/build.log)"
if ! {
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ -DAFD_BUILD_EXAMPLES=OFF
  cmake --build "$build" --target torture
  cmake -S "$root" -B "$build-fuzz" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER="$clang" \
    -DAFD_TORCH=OFF -DAFD_BUILD_FUZZERS=ON
  cmake --build "$build-fuzz" --target fuzzers
} >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  exit 1
fi
"$build/tests/torture" kills "$kills"
"$build/tests/torture" steps
"$build/tests/torture" bytes 1
"$build/tests/torture" calls 1
for format in cifar envelope idx image safetensors state; do
  corpus=$build-fuzz/corpus_$format
  log=$build-fuzz/$format.log
  mkdir -p "$corpus"
  if [[ -x $build-fuzz/tests/${format}_seeds ]]; then "$build-fuzz/tests/${format}_seeds" "$corpus"; fi
  if ! "$build-fuzz/tests/fuzz_$format" -max_total_time="$fuzz" -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$build-fuzz/crash_${format}_" "$corpus" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    exit 1
  fi
  echo "fuzz: $format: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, none crashed"
done
