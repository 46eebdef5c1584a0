#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A small grid: interrupted, resumed, repeated to the bit, reported: experiments.sh <experiments> <experiments_report>
set -euo pipefail
experiments=$1
report=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  echo "$1"
  exit 1
}
grid=("$experiments" --networks resnet8+resnet8 --methods alone afd kd-offline --images 64 --validation 100 --epochs 2
  --batch 32 --seeds 1 2)
# Without what is measured in seconds.
results() { sed -E 's/"seconds_per_step":[^,]*,//' "$1/results.jsonl"; }

"${grid[@]}" --out "$folder/whole" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
(($(wc -l <"$folder/whole/results.jsonl") == 6)) || fail "six cells do not give six lines"

# Stopped in the middle, by Ctrl-C and by a kill, then started again; with a line that a crash cut off.
stop_after() {
  local cells=$1 signal=$2 expected=$3 code=0
  "${grid[@]}" --out "$folder/parts" >"$folder/log" 2>&1 &
  local grid_process=$!
  for ((i = 0; i < 600; ++i)); do
    if (($(cat "$folder/parts/results.jsonl" 2>/dev/null | wc -l) >= cells)); then break; fi
    sleep 0.1
  done
  kill -s "$signal" "$grid_process"
  wait "$grid_process" || code=$?
  ((code == expected)) || { cat "$folder/log"; fail "a grid that got $signal ended with $code"; }
}
stop_after 1 INT 130
stop_after 3 KILL 137
(($(wc -l <"$folder/parts/results.jsonl") < 6)) || fail "the grid was not stopped in the middle"
printf '{"cell":{"meth' >>"$folder/parts/results.jsonl"
"${grid[@]}" --out "$folder/parts" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
diff <(results "$folder/whole") <(results "$folder/parts") || fail "a resumed grid has other results"
"${grid[@]}" --out "$folder/parts" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
grep -q "6 cells, 6 of them finished before" "$folder/log" ||
  fail "runs finished cells again"

"${grid[@]}" --out "$folder/elsewhere" --known "$folder/whole/results.jsonl" >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
cmp "$folder/whole/results.jsonl" "$folder/elsewhere/results.jsonl" || fail "known cells are not taken over as they are"

"${grid[@]/alone/dml}" --out "$folder/nowhere" --known "$folder/whole/results.jsonl" --only-known --folder none \
  >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
(($(wc -l <"$folder/nowhere/results.jsonl") == 4)) || fail "--only-known does not take over what is wanted alone"

# A cell whose losses diverge is told and written down, and not tried again; the others go on.
for attempt in 1 2; do
  "$experiments" --networks resnet8+resnet8 --methods alone dml --images 64 --validation 100 --epochs 2 --batch 32 \
    --seeds 1 --lr 1e30 --out "$folder/failing" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
  (($(wc -l <"$folder/failing/failed.jsonl") == 2)) || { cat "$folder/log"; fail "failed cells: attempt $attempt"; }
  grep -q "2 failed cells are in" "$folder/log" || fail "failed cells are not told"
done

# Every method runs. What trains alone does so from the same weights, on the same batches, whoever trains beside it.
for networks in resnet8+resnet8 resnet8+resnet8+resnet8 resnet8+resnet8+resnet8+resnet8; do
  all=("$experiments" --networks "$networks" --images 64 --validation 100 --epochs 1 --batch 32 --seeds 1
    --score-on validation --out "$folder/all_$networks")
  "${all[@]}" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
  (($(wc -l <"$folder/all_$networks/results.jsonl") == $("${all[@]}" --dry-run | wc -l))) || fail "cells are missing"
done
first_alone() { grep -m1 '"method":"alone"' "$1/results.jsonl" | sed -E 's/.*"networks":\[(\{[^}]*\}).*/\1/'; }
for networks in resnet8+resnet8+resnet8 resnet8+resnet8+resnet8+resnet8; do
  [[ $(first_alone "$folder/all_$networks") == "$(first_alone "$folder/all_resnet8+resnet8")" ]] ||
    fail "the first network of $networks is not that of a pair"
done

"$report" "$folder/whole/results.jsonl" --times "$folder/parts/results.jsonl" --out "$folder/report" \
  >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
grep -q '| afd |' "$folder/report/README.md" || fail "the report has no line for afd"
grep -q "^| 6 | .* family .*LibTorch [0-9]" "$folder/report/README.md" || fail "does not say where cells were run"
for picture in rq1 resnet8_resnet8_64_2_{accuracy,curves,games}; do
  [[ -s $folder/report/$picture.png ]] || fail "the report has no picture $picture"
done
line="^| 2 x resnet8, 64 images, 2 epochs | afd - alone | .* | 2 |"
grep -q "$line" "$folder/report/README.md" || fail "no difference of two seeds"
"$report" "$folder/whole/results.jsonl" --tuning --out "$folder/tuning"
grep -q '| resnet8+resnet8 | afd |' "$folder/tuning/README.md" || fail "the table of settings has no line for afd"
"$experiments" --networks resnet8+resnet8 --methods alone afd --seeds 1 2 --dry-run >"$folder/log"
(($(wc -l <"$folder/log") == 4)) || fail "--dry-run does not name four cells"

# What cannot work is said, not thrown.
refuses() {
  local message=$1 output code=0
  shift
  output=$("$experiments" "$@" --out "$folder/refused" 2>&1) || code=$?
  ((code > 0 && code < 128)) || fail "accepted or crashed ($code): $*"
  grep -qF -- "$message" <<<"$output" || fail "said on '$*': $output"
}
refuses "no network is called" --networks vgg+vgg --methods alone
refuses "no method of these names" --methods none
refuses "there is no data called" --data mnist
refuses "there is no folder" --folder "$folder/none"
refuses "no preset called" --preset paper
refuses "2, 3 and 4 networks" --networks resnet8+resnet8+resnet8+resnet8+resnet8
