#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: macros.sh INCLUDE COMPILER [FLAGS]: afd.hpp, which is in the folder INCLUDE, must bring no macros into a
# program but its own, AFD_..., those of <torch/torch.h> and Eigen, and those of the standard's and the system's headers
# that it includes.
set -euo pipefail
include=$1
compile=("${@:2}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Headers of LibTorch's own beside torch.h are no excuse, nor are those of libraries that afd.hpp does not need.
libraries='(afd|torch|ATen|c10|caffe2|Eigen|unsupported|nlohmann|jemalloc)/|(zlib|png|turbojpeg)\.h'
{
  grep -rhoE '^#include <[^>]+>' "$include/afd" | sort -u | grep -vE "<($libraries)"
  printf '#include <torch/torch.h>\n#include <Eigen/Core>\n'
} >"$folder/usual.cpp"
printf '#include <afd/afd.hpp>\n' >"$folder/ours.cpp"
for program in usual ours; do
  "${compile[@]}" -x c++ -dM -E "$folder/$program.cpp" | sed -n 's/^#define \([A-Za-z_0-9]*\).*/\1/p' |
    LC_ALL=C sort -u >"$folder/$program.txt"
done
grep -q '^AFD_VERSION' "$folder/ours.txt" || { echo "macros.sh: found none of our own macros" >&2; exit 1; }
if leaked=$(LC_ALL=C comm -13 "$folder/usual.txt" "$folder/ours.txt" | grep -v '^AFD_'); then
  printf 'afd.hpp defines what may mean something else in a program:\n%s\n' "$leaked" >&2
  exit 1
fi
