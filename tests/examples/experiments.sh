#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A small study: stopped, resumed, repeated to the bit, drawn: experiments.sh <experiments> <answers>
set -euo pipefail
experiments=$1 answers=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
  echo "$1"
  exit 1
}
small=(--validation 100 --evaluate-every 1 --batch 32)
part=("$experiments" fashion-equal "${small[@]}" --images 64 --epochs 2 --seeds 2 --recipes alone afd kd-offline)
run() { "$@" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }; }
# Without what is measured in seconds.
results() { sed -E 's/"seconds(_per_step)?":[^,}]*,?//g' "$1/fashion-equal/cells.jsonl" | sort; }

run "${part[@]}" --out "$folder/whole"
(($(wc -l <"$folder/whole/fashion-equal/cells.jsonl") == 6)) || fail "six cells do not give six lines"

# Stopped in the middle, by a signal and by a kill, then started again; with a line that a crash cut off.
stop_after() {
  local cells=$1 signal=$2 expected=$3 code=0
  "${part[@]}" --out "$folder/parts" >"$folder/log" 2>&1 &
  local process=$!
  for ((i = 0; i < 600; ++i)); do
    if (($(cat "$folder/parts/fashion-equal/cells.jsonl" 2>/dev/null | wc -l) >= cells)); then break; fi
    sleep 0.1
  done
  kill -s "$signal" "$process"
  wait "$process" || code=$?
  ((code == expected)) || { cat "$folder/log"; fail "a study that got $signal ended with $code"; }
}
stop_after 1 TERM 75
stop_after 3 KILL 137
(($(wc -l <"$folder/parts/fashion-equal/cells.jsonl") < 6)) || fail "the study was not stopped in the middle"
printf '{"recipe":"af' >>"$folder/parts/fashion-equal/cells.jsonl"
run "${part[@]}" --out "$folder/parts"
diff <(results "$folder/whole") <(results "$folder/parts") || fail "a resumed study has other results"

# Every recipe runs. What trains alone does so from the same weights, on the same batches, whoever trains beside it.
names=(equal three four)
networks=(resnet8 resnet8)
for name in "${names[@]}"; do
  run "$experiments" fashion-equal "${small[@]}" --images 64 --epochs 1 --seeds 1 --score-validation --recipes all \
    --networks "${networks[@]}" --out "$folder/$name"
  networks+=(resnet8)
done
first_alone() {
  grep -m1 '"recipe":"alone"' "$folder/$1/fashion-equal/cells.jsonl" | sed -E 's/.*"networks":\[(\{[^}]*\}).*/\1/'
}
for name in three four; do
  [[ $(first_alone "$name") == "$(first_alone equal)" ]] || fail "the first network of $name is not that of a pair"
done
grep -q '^| afd-logit-first  *| ' "$folder/equal/fashion-equal/report.md" || fail "the report lacks a recipe"
grep -q 'cka of 0 and 1' "$folder/equal/fashion-equal/cells.jsonl" || fail "maps are not compared"
for picture in differences.svg curves-0.svg questions.svg questions.md similarity.svg activation.png index.html; do
  [[ -s $folder/equal/fashion-equal/$picture ]] || fail "there is no $picture"
done

# What several studies say to each question.
mkdir -p "$folder/all/cifar100-equal" "$folder/all/cifar100-three"
cp -r "$folder/equal/fashion-equal" "$folder/all/"
cp "$folder/equal/fashion-equal/cells.jsonl" "$folder/all/cifar100-equal/"
cp "$folder/three/fashion-equal/cells.jsonl" "$folder/all/cifar100-three/"
run "$answers" "$folder/all"
grep -q '^| its maps, beside probabilities  *|  *afd − dml | *[+-][0-9.]* |' "$folder/all/answers.md" ||
  fail "answers.md lacks a difference"
for picture in rq1.svg rq2.svg rq3.svg rq4.svg parts.svg fashion-equal/similarity.svg; do
  [[ -s $folder/all/$picture ]] || fail "there is no $picture"
done
grep -q 'CIFAR-100: afd-cycle − dml' "$folder/all/rq3.svg" || fail "rq3.svg lacks a row"
if "$answers" "$folder/none" 2>"$folder/log" || ! grep -q "there is no study in" "$folder/log"; then
  fail "answers without studies: $(cat "$folder/log")"
fi

# What cannot work is said, not thrown.
refuses() {
  local message=$1 output code=0
  shift
  output=$("$experiments" "$@" --out "${out:-$folder/refused}" 2>&1) || code=$?
  ((code > 0 && code < 128)) || fail "accepted or crashed ($code): $*"
  grep -qF -- "$message" <<<"$output" || fail "said on '$*': $output"
}
refuses "no network is called" fashion-equal --networks vgg vgg
refuses "no recipe called none" fashion-equal --recipes none
refuses "there is no data called" fashion-equal --data mnist
refuses "there is no folder" fashion-equal --folder "$folder/none"
refuses "no study called" paper
out="$folder/whole" refuses "of another train, training than here" fashion-equal "${small[@]}" --images 65 --epochs 3 \
  --seeds 2 --recipes alone afd kd-offline
