#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds and runs a small project that uses afd as a user's would: check.sh <kind> <cmake> <build folder> <compiler>.
# The kind is installed (a temporary prefix, by find_package), fetched (FetchContent in a parent that has not found
# Torch) or beside (add_subdirectory in one that has).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
kind=$1
configure=("$2" -G Ninja -S "$here/$kind" -B "$folder/build" -DCMAKE_CXX_COMPILER="$4")
if [[ $kind == installed ]]; then
  "$2" --install "$3" --prefix "$folder/prefix" >/dev/null
  "${configure[@]}" -DCMAKE_PREFIX_PATH="$folder/prefix" >/dev/null
else
  "${configure[@]}" -DAFD_SOURCE="$source" >/dev/null
fi
"$2" --build "$folder/build"
"$folder/build/consumer"
# Nothing of this machine may be in the package: it must work wherever the prefix is copied.
if [[ $kind == installed ]] && grep -rn -e "$folder" -e "$source" "$folder/prefix"; then
  echo "the package names folders of the machine it was built on" >&2
  exit 1
fi
