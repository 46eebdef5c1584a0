#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks the rules of the house that a compiler does not: mirrored tests, rooms that include only rooms above them,
# licence lines, the umbrella. Prints every violation; a folder other than this project can be given.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
# Kept open while it runs: later rooms may include earlier ones, never the other way round.
rooms=(topology data state network zoo transfer loss discriminator optim strategy compute plan observe step checkpoint
  train study distributed)
anywhere=(detail interop)
# What needs a library that the rest does not; all of study and distributed does.
optional=(data/gzip.hpp data/image_file.hpp data/image_folder.hpp data/jpeg.hpp data/png.hpp compute/jemalloc.hpp
  network/safetensors.hpp network/safetensors_options.hpp network/script.hpp network/script_outputs.hpp
  state/safetensors_file.hpp state/safetensors_format.hpp state/safetensors_header.hpp)
failures=0
fail() {
  echo "$1"
  failures=$((failures + 1))
}
position() {
  local i
  for i in "${!rooms[@]}"; do [[ ${rooms[i]} == "$1" ]] && { echo "$i"; return; }; done
  echo -1
}

while read -r header; do
  path=${header#include/afd/}
  [[ $path == afd.hpp ]] && continue
  room=${path%%/*}
  [[ $path == */* ]] || room=""
  test="tests/${path%.hpp}.cpp"
  if [[ ! -f $test ]]; then
    fail "$header: has no test; write $test"
  elif [[ $(grep -m1 '^#include' "$test") != "#include <afd/$path>" ]]; then
    fail "$test: must include <afd/$path> first, so that it is known to stand alone"
  fi
  [[ $(grep -c '^#pragma once' "$header") == 1 ]] || fail "$header: needs one #pragma once"
  (($(wc -l <"$header") <= 400)) || fail "$header: is longer than 400 lines; split it"
  # The test that every header stands alone takes these two as compiled already.
  code=$(sed 's|"[^"]*"||g; s|//.*||' "$header")
  if grep -qE '\b(torch|at|c10)::' <<<"$code" && ! grep -qE '^#include <(torch|ATen|c10)/' <<<"$code"; then
    fail "$header: uses LibTorch, but includes none of it"
  fi
  if grep -q '\bEigen::' <<<"$code" && ! grep -q '^#include <Eigen/' <<<"$code"; then
    fail "$header: uses Eigen, but includes none of it"
  fi
  if [[ $room != detail && $room != study && $room != distributed && " ${optional[*]} " != *" $path "* ]]; then
    grep -q "^#include <afd/$path>" include/afd/afd.hpp || fail "include/afd/afd.hpp: does not include $path"
  fi
  if [[ -n $room && $(position "$room") == -1 && ! " ${anywhere[*]} " == *" $room "* ]]; then
    fail "$header: there is no room $room; add it to check_layout.sh in its place"
  fi
  while read -r included; do
    [[ $included == */* ]] || continue
    other=${included%%/*}
    [[ $other == "$room" ]] && continue
    if [[ " ${anywhere[*]} " == *" $room "* ]]; then
      [[ " ${anywhere[*]} " == *" $other "* ]] || fail "$header: $room must not include $included"
    elif [[ ! " ${anywhere[*]} " == *" $other "* ]] && (($(position "$other") > $(position "$room"))); then
      fail "$header: $room stands above $other, so it must not include $included"
    fi
  done < <(sed -n 's|^#include <afd/\(.*\)>|\1|p' "$header")
done < <(find include/afd -name '*.hpp' | sort)

while read -r file; do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || fail "$file: lacks the SPDX line"
  ! grep -nE '.{121}' "$file" >/dev/null || fail "$file: has a line of more than 120 characters"
  ! grep -nE '\b(TO''DO|FIX''ME|XX''X)\b' "$file" >/dev/null || fail "$file: says that it is not finished"
done < <(find CMakeLists.txt cmake include tests examples benchmarks scripts .ci \
  \( -name '*.hpp' -o -name '*.cpp' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' -o -name 'CMakeLists.txt' \) \
  2>/dev/null | sort)

if ((failures > 0)); then
  echo "check_layout.sh: $failures violation(s)"
  exit 1
fi
echo "check_layout.sh: the house is in order"
