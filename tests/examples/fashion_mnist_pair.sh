#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The example as a user meets it: a small run with everything it promises, and every way to get it wrong.
set -euo pipefail
example=$1
data=/usr/share/datasets/fashion-mnist
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
fail() {
  echo "$1"
  exit 1
}

"$example" --help | grep -q -- --epochs || fail "--help does not list the options"

# refuses <message> <options...>: must fail, say so, and show no C++ termination.
refuses() {
  local message=$1 output code=0
  shift
  output=$("$example" "$@" 2>&1) || code=$?
  ((code != 0)) || fail "accepted: $*"
  ((code < 128)) || fail "crashed with $code on: $*"
  grep -qF -- "$message" <<<"$output" || fail "said on '$*': $output"
}
refuses "--no-such-option" --no-such-option
refuses "--epochs" --epochs 0
refuses "--epochs" --epochs many
refuses "--threads" --threads 0
refuses "there is no folder" --data "$folder/none" --out "$folder/out"
mkdir "$folder/empty"
refuses "has neither train-images-idx3-ubyte" --data "$folder/empty" --out "$folder/out"
touch "$folder/file"
refuses "cannot make the output folder" --out "$folder/file/out"
if ((EUID != 0)); then
  mkdir "$folder/locked"
  chmod a-w "$folder/locked"
  refuses "cannot write" --out "$folder/locked"
fi
[[ -d $data ]] || fail "the package dataset-fashion-mnist is not installed"
cp -r "$data" "$folder/damaged"
for file in "$folder"/damaged/train-images*; do
  chmod u+w "$file"
  truncate -s 100000 "$file"
done
refuses "train-images-idx3-ubyte" --data "$folder/damaged" --out "$folder/out"

"$example" --epochs 2 --images 600 --threads 2 --out "$folder/out" --plain-output >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
grep -q "identical" "$folder/log" || fail "does not check the saved network"
for line in "small network alone" "small network in pair" "large network alone" "large network in pair" \
  "ensemble of the pair"; do
  grep -q "$line" "$folder/log" || fail "the table has no line $line"
done
(($(wc -l <"$folder/out/history.csv") == 3)) || fail "history.csv does not have a line per epoch"
head -n 1 "$folder/out/history.csv" | grep -q "pair_train_adversarial_0_to_1_discriminator" ||
  fail "history.csv lacks a loss"
[[ $(head -c 4 "$folder/out/learning_curves.png" | tail -c 3) == PNG ]] || fail "there is no picture"

# The same seed and threads: the same run.
"$example" --epochs 2 --images 600 --threads 2 --out "$folder/again" --plain-output >/dev/null 2>&1
values() { cut -d, -f1,4-13 "$1"; }
diff <(values "$folder/out/history.csv") <(values "$folder/again/history.csv") || fail "a second run gave other losses"

# Ctrl-C ends it soon, with the code that shells expect.
"$example" --epochs 50 --images 5000 --threads 2 --out "$folder/stopped" --plain-output >/dev/null 2>&1 &
sleep 5
kill -INT $! || fail "it was not running any more"
code=0
wait $! || code=$?
((code == 130)) || fail "ended with $code after Ctrl-C"

# With checkpoints it is stopped, killed, and started again: the same run as the one that was left alone.
run=("$example" --epochs 2 --images 600 --threads 2 --out "$folder/resumed" --checkpoints "$folder/checkpoints"
  --plain-output)
until_there_is() {
  for ((i = 0; i < 600; ++i)); do
    if compgen -G "$1" >/dev/null; then return; fi
    sleep 0.05
  done
  fail "there is no $1"
}
stop() {
  local file=$1 signal=$2 expected=$3 code=0
  "${run[@]}" >"$folder/log" 2>&1 &
  until_there_is "$folder/checkpoints/$file"
  sleep 0.2
  kill -s "$signal" $! || fail "it was not running any more"
  wait $! || code=$?
  ((code == expected)) || { cat "$folder/log"; fail "ended with $code after $signal"; }
}
stop "alone/lock" TERM 75
grep -q "the same command goes on from" "$folder/log" || fail "does not say how to go on"
stop "pair/step_*.afd" KILL 137
"${run[@]}" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
grep -q "going on from" "$folder/log" || fail "did not go on from a checkpoint"
diff <(values "$folder/out/history.csv") <(values "$folder/resumed/history.csv") ||
  fail "a resumed run has other losses"
echo "the example keeps its promises"
