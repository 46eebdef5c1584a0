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
refuses "cannot make the folder" --out "$folder/file/out"
if ((EUID != 0)); then
  mkdir "$folder/locked"
  chmod a-w "$folder/locked"
  refuses "cannot make the folder" --out "$folder/locked"
fi
[[ -d $data ]] || fail "the package dataset-fashion-mnist is not installed"
cp -r "$data" "$folder/damaged"
for file in "$folder"/damaged/train-images*; do
  chmod u+w "$file"
  truncate -s 100000 "$file"
done
refuses "train-images-idx3-ubyte" --data "$folder/damaged" --out "$folder/out"

part=("$example" --epochs 1 --images 300 --labelled 15 --seeds 2 --threads 2)
"${part[@]}" --out "$folder/out" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
for text in "300 images" "15 of each class" "| alone " "| pair " "- pair cannot be told" "small network" \
  "large network"; do
  grep -qF -- "$text" "$folder/log" || { cat "$folder/log"; fail "does not say $text"; }
done
for file in index.html report.md differences.svg curves-0.svg curves-1.svg networks/pair-seed2-1.afd; do
  [[ -s $folder/out/$file ]] || fail "there is no $file"
done
# Without what is measured in seconds.
results() { sed -E 's/"seconds(_per_step)?":[^,}]*,?//g' "$1/cells.jsonl" | sort; }
(($(wc -l <"$folder/out/cells.jsonl") == 4)) || fail "two recipes and two seeds do not give four lines"

# The paper's settings are one option away, and others that are given beside it still hold.
"$example" --paper --images 300 --epochs 1 --seeds 1 --threads 2 --out "$folder/paper" >"$folder/log" 2>&1 ||
  { cat "$folder/log"; exit 1; }
grep -qF "300 images of Fashion-MNIST, all with a label, 1 epochs" "$folder/log" ||
  fail "--paper does not do what it says"
refuses "choose another folder" --images 300 --epochs 1 --seeds 1 --threads 2 --out "$folder/paper"

# Stopped, killed, and started again: the same numbers as in the run that was left alone.
stop_after() {
  local cells=$1 signal=$2 expected=$3 code=0
  "${part[@]}" --out "$folder/resumed" >"$folder/log" 2>&1 &
  for ((i = 0; i < 1200; ++i)); do
    if (($(cat "$folder/resumed/cells.jsonl" 2>/dev/null | wc -l) >= cells)); then break; fi
    sleep 0.1
  done
  kill -s "$signal" $! || fail "it was not running any more"
  wait $! || code=$?
  ((code == expected)) || { cat "$folder/log"; fail "ended with $code after $signal"; }
}
stop_after 1 TERM 75
grep -q "the same command goes on" "$folder/log" || fail "does not say how to go on"
stop_after 2 KILL 137
"${part[@]}" --out "$folder/resumed" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
diff <(results "$folder/out") <(results "$folder/resumed") || fail "a resumed run has other results"
echo "the example keeps its promises"
