#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the build to a temporary prefix and builds and runs a small project against it, as a user would:
# check.sh <cmake> <build folder> <compiler>
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --install "$2" --prefix "$folder/prefix" >/dev/null
"$1" -G Ninja -S "$here" -B "$folder/build" -DCMAKE_CXX_COMPILER="$3" -DCMAKE_PREFIX_PATH="$folder/prefix" >/dev/null
"$1" --build "$folder/build"
"$folder/build/consumer"
# Nothing of this machine may be in the package: it must work wherever the prefix is copied.
if grep -rn -e "$folder" -e "$(cd "$here/../.." && pwd)" "$folder/prefix"; then
  echo "the package names folders of the machine it was built on" >&2
  exit 1
fi
