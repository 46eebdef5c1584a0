#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs with apt what is missing to build afd and its examples; --test adds what tests and benchmarks need.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/compilers.sh"
packages=(g++ cmake ninja-build ccache libtorch-dev libeigen3-dev libopenblas0-pthread zlib1g-dev
  libjemalloc-dev libturbojpeg0-dev libpng-dev libcli11-dev libfmt-dev nlohmann-json3-dev libboost-dev libgloo-dev
  gnuplot-nox dataset-fashion-mnist)
if [[ "${1:-}" == --test ]]; then
  packages+=(doctest-dev python3-torch python3-numpy libbenchmark-dev pkgconf)
fi
is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
# Which clang there is can only be asked once apt has its lists.
needs_clang=false
if [[ "${1:-}" == --test ]]; then
  version=$(installed_clang)
  if [[ -z $version ]] || ! is_installed "libclang-rt-$version-dev"; then needs_clang=true; fi
fi
if ((${#missing[@]} == 0)) && ! $needs_clang; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  if $needs_clang; then missing+=("clang with its runtime libraries"); fi
  echo "setup.sh: no apt-get here; install by hand: ${missing[*]}" >&2
  exit 1
fi
root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    if $needs_clang; then missing+=("clang with its runtime libraries"); fi
    echo "setup.sh: run as root, or install sudo, for: ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi
"${root[@]}" apt-get update -q
if $needs_clang; then
  version=$(available_clang)
  missing+=("clang-$version" "libclang-rt-$version-dev")
fi
echo "setup.sh: installing ${missing[*]}"
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
