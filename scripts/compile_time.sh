#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: compile_time.sh [--runs N] [--against FOLDER]: what a minimal pair costs to compile over LibTorch's headers
# alone, in seconds of processor time (user), median and range of N runs in turn. FOLDER is another version's checkout,
# for instance made by: git worktree add FOLDER REVISION
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
runs=5
other=
while (($#)); do
  case $1 in
    --runs) runs=$2; shift 2 ;;
    --against) other=$(cd "$2" && pwd); shift 2 ;;
    *) sed -n '3,5s/^# //p' "$0"; exit 2 ;;
  esac
done
compiler=${CXX:-g++}
torch=${AFD_TORCH_INCLUDE:-/usr/include/torch/csrc/api/include}
eigen=${AFD_EIGEN_INCLUDE:-/usr/include/eigen3}
here=$PWD
measure() {  # LABEL ROOT SOURCE
  local seconds
  local flags=(-std=c++20 -O2 -isystem "$2/include" -isystem "$torch" -isystem "$eigen")
  seconds=$( { TIMEFORMAT=%U; time "$compiler" "${flags[@]}" -c "$here/benchmarks/compile/$3.cpp" -o /dev/null; } 2>&1)
  printf '%s\t%s\n' "$1" "$seconds"
}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((run = 0; run < runs; ++run)); do
  measure "torch/torch.h alone" "$here" torch_only
  measure "minimal pair, afd/afd.hpp" "$here" pair_all
  measure "minimal pair, narrow headers" "$here" pair_steps
  if [[ -n $other ]]; then
    measure "minimal pair, afd/afd.hpp, other version" "$other" pair_all
    measure "minimal pair, narrow headers, other version" "$other" pair_steps
  fi
done >"$results"
sort -t $'\t' -k 1,1 -k 2,2n "$results" | awk -F '\t' '
  function flush() {
    if (n) printf "%-46s median %6.2f s, %.2f to %.2f\n", name, v[int((n + 1) / 2)], v[1], v[n]
    n = 0
  }
  $1 != name { flush(); name = $1 }
  { v[++n] = $2 }
  END { flush() }'
