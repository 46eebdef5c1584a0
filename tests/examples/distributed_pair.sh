#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The quickstart's pair by one, two and four processes: the same figures, and what the launcher does.
set -euo pipefail
program=$1
launch=$(cd "$(dirname "$0")/../.." && pwd)/scripts/launch.sh
export OMP_NUM_THREADS=1
fail() {
  echo "distributed_pair.sh: $*" >&2
  exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for processes in 1 2 4; do
  "$launch" "$processes" "$program" 100 1 >"$folder/$processes" 2>&1 || fail "$(cat "$folder/$processes")"
  grep -o 'top-1 % .*' "$folder/$processes" | tail -n 2 >"$folder/figures.$processes"
  (($(wc -l <"$folder/figures.$processes") == 2)) || fail "no figures: $(cat "$folder/$processes")"
  grep -v '^\[0\] ' "$folder/$processes" && fail "a line of another process, or of none"
done
# Rounded otherwise, step by step: 4 steps of it.
for processes in 2 4; do
  paste -d' ' "$folder/figures.1" "$folder/figures.$processes" | tr -d , | awk '
    { worst = $5 - $10 < 0 ? $10 - $5 : $5 - $10; if (worst > 1e-3 || $3 - $8 > 0.1 || $8 - $3 > 0.1) bad = 1 }
    END { exit bad }' || fail "other figures: $(cat "$folder/figures.1" "$folder/figures.$processes")"
done
cat "$folder/figures.1" "$folder/figures.2" "$folder/figures.4"
