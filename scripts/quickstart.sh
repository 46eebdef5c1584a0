#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is missing, builds the Fashion-MNIST example and runs it. Options are passed on: --help lists them.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
echo "quickstart.sh: building the example (two minutes)"
log="$root/build/quickstart/build.log"
mkdir -p "$root/build/quickstart"
if ! { cmake -S "$root" -B "$root/build/quickstart" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
  -DAFD_BUILD_TESTS=OFF && cmake --build "$root/build/quickstart" --target fashion_mnist_pair; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "quickstart.sh: the build failed; all of its output is in $log" >&2
  exit 1
fi
source "$root/scripts/processor.sh"
avoid_unset_memory
exec "$root/build/quickstart/examples/fashion_mnist_pair" "$@"
