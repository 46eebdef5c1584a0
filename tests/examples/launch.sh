#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/launch.sh: what processes are told, whose output is whose, and what comes of one that fails or of a signal.
set -euo pipefail
launch=$(cd "$(dirname "$0")/../.." && pwd)/scripts/launch.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  echo "launch.sh test: $*" >&2
  cat "$folder/out" "$folder/err" >&2
  exit 1
}
run() {
  code=0
  "$launch" "$@" >"$folder/out" 2>"$folder/err" || code=$?
}

run 3 sh -c 'echo "$RANK of $WORLD_SIZE, $LOCAL_RANK here, $MASTER_ADDR, $1"; echo bad >&2' sh argument
((code == 0)) || fail "code $code"
for rank in 0 1 2; do
  grep -qx "\[$rank\] $rank of 3, $rank here, 127.0.0.1, argument" "$folder/out" || fail "no line of process $rank"
  grep -qx "\[$rank\] bad" "$folder/err" || fail "no error of process $rank"
done
run --nodes 2 --node 1 --address first --port 4000 2 sh -c 'echo "$RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT"'
grep -qx '\[3\] 3 of 4 at first:4000' "$folder/out" || fail "the second machine"

run 2 sh -c '[ "$RANK" = 0 ] || exit 7'
((code == 7)) && grep -q 'process 1 has ended with code 7' "$folder/err" || fail "one that fails: $code"
run 0 true
((code == 2)) || fail "no process at all: $code"

# A signal goes to all, and what they return comes back.
"$launch" 2 sh -c 'trap "exit 75" TERM; echo ready; while :; do sleep 0.1; done' >"$folder/out" 2>"$folder/err" &
until (($(grep -c ready "$folder/out") == 2)); do sleep 0.1; done
kill -TERM $!
code=0
wait $! || code=$?
((code == 75)) || fail "stopped: $code"
