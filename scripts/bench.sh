#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the benchmarks, measures the grid and writes docs/benchmarks: figures as CSV, tables and pictures.
# --smoke: a few small cells, nothing written. --out FOLDER: only the grid's figures and tables, into that folder.
# --built FOLDER, before all others: the programs of a build that is there, with AFD_BUILD_BENCHMARKS=ON.
# Other arguments go to bench_grid, e.g. --part sizes --compile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ "${1:-}" == --built ]]; then
  programs=${2:?--built needs a folder}/benchmarks
  shift 2
else
  scripts/setup.sh --test
  cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ -DAFD_BUILD_TESTS=OFF \
    -DAFD_BUILD_EXAMPLES=OFF -DAFD_BUILD_BENCHMARKS=ON >/dev/null
  cmake --build build/bench
  programs=build/bench/benchmarks
fi
grid=("$programs/bench_grid" --workers "$programs" --script benchmarks/pytorch_steps.py)
if [[ "${1:-}" == --smoke ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  "${grid[@]}" --smoke --rounds 2 --output "$folder/grid.csv"
  "$programs/bench_pieces" --benchmark_min_time=0.01
  "$programs/bench_report" "$folder/grid.csv" "$folder"
  exit
fi
if [[ "${1:-}" == --out ]]; then
  folder=${2:?--out needs a folder}
  mkdir -p "$folder"
  "${grid[@]}" --output "$folder/grid.csv" "${@:3}"
  "$programs/bench_report" "$folder/grid.csv" "$folder"
  rm -f "$folder"/*.dat
  exit
fi
folder=docs/benchmarks
"${grid[@]}" --output "$folder/grid.csv" "$@"
"$programs/bench_pieces" --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true \
  --benchmark_report_aggregates_only=true --benchmark_out="$folder/pieces.json" --benchmark_out_format=json
sed -i '/"host_name"/d' "$folder/pieces.json"
{
  echo "# Where the time of a step goes"
  echo
  echo "Adversarial feature distillation of two ResNet-32 at batch 128, and of two ResNet-8 at batch 8, best settings,"
  echo "one thread: time inside each operator, without the operators that it calls."
  for size in "resnet32 128" "resnet8 8"; do
    read -r network batch <<<"$size"
    echo
    echo "## Two $network, batch $batch"
    printf '2\nprofile\n' | "$programs/bench_worker_jemalloc" --layout last --batch "$batch" --networks "$network" \
      "$network" | grep '|'
  done
} >"$folder/profile.md"
"$programs/bench_report" "$folder/grid.csv" "$folder"
gnuplot -e "folder='$folder'" benchmarks/plots.gp
rm -f "$folder"/*.dat
