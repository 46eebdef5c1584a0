#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: guide_blocks.sh [DOCUMENT [LEAST]]: a code block of docs/guide.md, or another document, after a line
# <!-- examples/guide/NAME.cpp --> must stand in that program as it is, line by line, indented as it may be. LEAST
# blocks must be quoted, and in the guide every program.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
guide=${1:-$root/docs/guide.md}
awk -v root="$root" -v least_blocks="${2:-8}" '
  # Lines first .. last of `lines` without the indentation that all have.
  function dedented(lines, first, last,    i, indent, least, text) {
    least = -1
    for (i = first; i <= last; i++) {
      if (lines[i] ~ /^ *$/) continue
      match(lines[i], /^ */)
      if (least < 0 || RLENGTH < least) least = RLENGTH
    }
    text = ""
    for (i = first; i <= last; i++) text = text (lines[i] ~ /^ *$/ ? "" : substr(lines[i], least + 1)) "\n"
    return text
  }
  function fail(problem) {
    printf "%s:%d: the block of %s %s\n", FILENAME, start, program, problem
    failures++
  }
  function check_block(    path, line, lines, count, i, wanted) {
    path = root "/" program
    count = 0
    while ((getline line < path) > 0) lines[++count] = line
    close(path)
    if (count == 0) return fail("quotes a program that is not there")
    if (size == 0) return fail("is empty")
    wanted = dedented(block, 1, size)
    for (i = 1; i + size - 1 <= count; i++) {
      if (dedented(lines, i, i + size - 1) == wanted) return
    }
    fail("does not stand there: \"" block[1] "\" and what follows")
  }
  inside && /^```$/ { inside = 0; check_block(); program = ""; next }
  inside { block[++size] = $0; next }
  program != "" && /^```cpp$/ { inside = 1; size = 0; next }
  program != "" { fail("must begin on the next line, with ```cpp"); program = "" }
  /^<!-- examples\// { program = $2; start = NR; quoted++ }
  END {
    if (program != "") fail("is not closed")
    if (quoted < least_blocks) {
      print FILENAME ": quotes " quoted + 0 " blocks; at least " least_blocks " are expected"
      failures++
    }
    exit failures > 0
  }' "$guide"
[[ $(basename "$guide") == guide.md ]] || exit 0
for program in "$root"/examples/guide/*.cpp; do
  name=examples/guide/$(basename "$program")
  grep -qxF -- "<!-- $name -->" "$guide" || { echo "$guide: does not quote $name"; exit 1; }
done
