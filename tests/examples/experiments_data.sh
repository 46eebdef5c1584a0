#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# CIFAR and folders of images by the same command, on small data made here:
# experiments_data.sh <experiments> <make_data>
set -euo pipefail
experiments=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$2" "$folder"
fail() {
  echo "$1"
  exit 1
}
# The last accuracy of the first network, in whole per cent.
accuracy() { sed -E 's/.*"networks":\[\{"best":[^}]*"last":([0-9]+).*/\1/' "$1"; }
run() {
  "$experiments" --out "$folder/out$1" --seeds 1 "${@:2}" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
}

run 1 --data cifar10 --folder "$folder/cifar10" --networks resnet8+wrn10-1 --methods alone afd --validation 40 \
  --epochs 4 --batch 32 --images 0
(($(wc -l <"$folder/out1/results.jsonl") == 2)) || fail "CIFAR-10: two cells do not give two lines"

# The preset, made small: its own values stay.
run 2 --preset paper-cifar100 --folder "$folder/cifar100" --networks resnet8+resnet8 --methods afd --validation 40 \
  --epochs 1 --batch 32
for value in '"feature_lr":2e-05' '"lr":0.1' '"stem_stride":1' '"data":"cifar100"' '"images":0'; do
  grep -qF "$value" "$folder/out2/results.jsonl" || fail "the preset lost $value"
done

# Folders: learnt by their colours, the same for any number of threads that decode.
for threads in 1 3; do
  run "3$threads" --preset imagenet --folder "$folder/folders" --networks resnet18+resnet18 --methods afd-maps \
    --validation 6 --epochs 4 --batch 10 --image-side 32 --lr 0.005 --decode-threads "$threads"
  sed -i -E 's/"seconds_per_step":[^,]*,//' "$folder/out3$threads/results.jsonl"
done
cmp "$folder/out31/results.jsonl" "$folder/out33/results.jsonl" || fail "threads that decode change the results"
(($(accuracy "$folder/out31/results.jsonl") >= 60)) || fail "three colours are not learnt"

# A class that only the validation folder has.
mkdir "$folder/folders/val/other"
cp "$folder/folders/val/class0/0.jpg" "$folder/folders/val/other"
if "$experiments" --preset imagenet --folder "$folder/folders" --out "$folder/out4" >"$folder/log" 2>&1; then
  fail "takes a class that was never trained"
fi
grep -q "a class other" "$folder/log" || { cat "$folder/log"; fail "does not name the unknown class"; }
