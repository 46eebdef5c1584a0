#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the Fashion-MNIST example and runs it: a process of one thread for each core, at most
# 8, which gives the same numbers on few cores and many, and on two is faster than one process with both. With
# --threads there is one process. Options are passed on: --help lists them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
echo "quickstart.sh: building the example (two minutes)"
build=$root/build/quickstart
mkdir -p "$build"
if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
  -DAFD_BUILD_TESTS=OFF && cmake --build "$build" --target fashion_mnist_pair; } >"$build/build.log" 2>&1; then
  tail -n 40 "$build/build.log" >&2
  echo "quickstart.sh: the build failed; all of its output is in $build/build.log" >&2
  exit 1
fi
source "$root/scripts/processor.sh"
source "$root/scripts/processes.sh"
avoid_unset_memory
example=$build/examples/fashion_mnist_pair
for option in "$@"; do
  case $option in
    --help | -h | --threads | --threads=*) exec "$example" "$@" ;;
  esac
done
count=$(nproc)
((count <= 8)) || count=8
processes "$count" "$build" "$example" --threads 1 "$@"
