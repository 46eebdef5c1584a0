#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the experiments and runs the studies of docs/experiments, one after the other:
# experiments.sh [--cifar FOLDER] [--out FOLDER] [--processes N] [--known] [--built FOLDER] [--smoke] [STUDY...]
#     --cifar FOLDER    with train.bin and test.bin of CIFAR-100, the binary version; without it only Fashion-MNIST's
#     --known           begins with the cells of docs/experiments: only what is missing is trained, then all is drawn
#     --processes N     that share the cells of a study, on a core each
#     --built FOLDER    takes the program of a build that is there
#     --smoke           trains hardly anything, to see that all of it works
# Started again after an interruption, it goes on where it was. Results are in FOLDER (build/experiments_out):
# answers.md, a picture for each question, and a folder for each study.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out="" cifar="" build="" known=false smoke=()
processes=$(nproc)
studies=()
while (($# > 0)); do
  case $1 in
    --cifar) cifar=$(realpath "$2"); shift 2 ;;
    --out) out=$2; shift 2 ;;
    --processes) processes=$2; shift 2 ;;
    --known) known=true; shift ;;
    --built) build=$(realpath "$2"); shift 2 ;;
    --smoke) smoke=(--images 64 --validation 64 --epochs 1 --evaluate-every 1 --seeds 2 --recipes alone dml); shift ;;
    --*) echo "experiments.sh: unknown option $1" >&2; exit 2 ;;
    *) studies+=("$1"); shift ;;
  esac
done
if [[ -z $out ]]; then out=$root/build/experiments_$(((${#smoke[@]} > 0)) && echo smoke || echo out); fi
if ((${#studies[@]} == 0)); then
  studies=(fashion-equal fashion-equal-short fashion-unequal fashion-three fashion-three-short)
  if [[ -n $cifar ]]; then studies=(cifar100-equal cifar100-unequal cifar100-three "${studies[@]}"); fi
fi

if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  build=$root/build/experiments
  mkdir -p "$build"
  echo "experiments.sh: building (some minutes; output in $build/build.log)"
  if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
    -DAFD_BUILD_TESTS=OFF && cmake --build "$build" --target experiments answers; } >"$build/build.log" 2>&1; then
    tail -n 40 "$build/build.log" >&2
    exit 1
  fi
fi

source "$root/scripts/processes.sh"
for study in "${studies[@]}"; do
  command=("$build/examples/experiments" "$study" --out "$out" "${smoke[@]}")
  if [[ $study == cifar* ]]; then
    [[ -n $cifar ]] || { echo "experiments.sh: $study needs --cifar FOLDER" >&2; exit 2; }
    command+=(--folder "$cifar")
  fi
  mkdir -p "$out/$study"
  known_cells=$root/docs/experiments/$study/cells.jsonl
  if $known && [[ -e $known_cells && ! -e $out/$study/cells.jsonl ]]; then cp "$known_cells" "$out/$study/"; fi
  if $known && grep -q '"from":{"revision"' "$out/$study/cells.jsonl" 2>/dev/null; then
    echo "experiments.sh: $study was computed by an earlier program; its cells are taken as they are"
    continue
  fi
  echo "experiments.sh: $study"
  code=0
  processes "$processes" "$out/$study" "${command[@]}" || code=$?
  ((code == 0)) || { echo "experiments.sh: $study was stopped ($code); start it again to go on" >&2; exit "$code"; }
  # Several drew the pictures beside the study's own report at once; the last word is one's own.
  "${command[@]}" >"$out/$study/report.txt"
  echo "experiments.sh: $out/$study/index.html"
done
"$build/examples/answers" "$out"
echo "experiments.sh: $out/answers.md"
