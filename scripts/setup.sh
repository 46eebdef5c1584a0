#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs with apt what is missing to build afd and its examples; --test adds what tests and benchmarks need.
set -euo pipefail
packages=(g++ cmake ninja-build ccache libtorch-dev libeigen3-dev libopenblas0-pthread zlib1g-dev
  libjemalloc-dev libturbojpeg0-dev libpng-dev libcli11-dev libfmt-dev nlohmann-json3-dev libboost-dev gnuplot-nox
  dataset-fashion-mnist)
if [[ "${1:-}" == --test ]]; then
  packages+=(doctest-dev clang-19 libclang-rt-19-dev python3-torch python3-numpy libbenchmark-dev)
fi
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]} == 0)); then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "setup.sh: no apt-get here; install by hand: ${missing[*]}" >&2
  exit 1
fi
root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "setup.sh: run as root, or install sudo, for: ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "setup.sh: installing ${missing[*]}"
"${root[@]}" apt-get update -q
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
