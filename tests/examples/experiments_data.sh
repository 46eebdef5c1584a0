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
# The last accuracy of the first network.
accuracy() {
  grep -o '"last":{[^}]*"top1":[0-9.]*' "$1" | sed 's/.*://; 1q'
}
run() {
  "$experiments" "$2" --out "$folder/out$1" --seeds 1 "${@:3}" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
}

run 1 cifar100-equal --data cifar10 --folder "$folder/cifar10" --networks resnet8 wrn10-1 --recipes alone afd \
  --validation 40 --epochs 4 --evaluate-every 2 --batch 32 --images 0
(($(wc -l <"$folder/out1/cifar100-equal/cells.jsonl") == 2)) || fail "CIFAR-10: two cells do not give two lines"

run 2 paper-cifar100 --folder "$folder/cifar100" --networks resnet8 resnet8 --recipes afd --validation 40 --epochs 1 \
  --batch 32
(($(wc -l <"$folder/out2/paper-cifar100/cells.jsonl") == 1)) || fail "CIFAR-100 gives no line"

# Folders: learnt by their colours, the same for any number of threads that decode.
for threads in 1 3; do
  run "3$threads" imagenet --folder "$folder/folders" --networks resnet18 resnet18 --recipes afd-maps \
    --validation 6 --epochs 4 --batch 10 --image-side 32 --lr 0.005 --decode-threads "$threads"
  sed -i -E 's/"seconds(_per_step)?":[^,}]*,?//g' "$folder/out3$threads/imagenet/cells.jsonl"
done
cmp "$folder/out31/imagenet/cells.jsonl" "$folder/out33/imagenet/cells.jsonl" ||
  fail "threads that decode change the results"
awk -v share="$(accuracy "$folder/out31/imagenet/cells.jsonl")" 'BEGIN { exit !(share >= 0.6) }' ||
  fail "three colours are not learnt"

# A class that only the validation folder has.
mkdir "$folder/folders/val/other"
cp "$folder/folders/val/class0/0.jpg" "$folder/folders/val/other"
if "$experiments" imagenet --folder "$folder/folders" --out "$folder/out4" >"$folder/log" 2>&1; then
  fail "takes a class that was never trained"
fi
grep -q "a class other" "$folder/log" || { cat "$folder/log"; fail "does not name the unknown class"; }
