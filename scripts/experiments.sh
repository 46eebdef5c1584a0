#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the experiments, runs the grid of docs/experiments and writes its report: experiments.sh [--out folder]
# [--processes n] [--seeds "1 2 3"] [--known folder] [--built folder] [--tune] [--smoke]. Started again after an
# interruption, it goes on where it was; cells in the results.jsonl and times.jsonl of --known are not run again:
# --known docs/experiments draws the figures of what is there, and adds what is missing. --built takes the programs of
# a build that is there.
# --tune runs what settings were chosen by instead, on validation images. --smoke trains hardly anything, to see that
# all of it works.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=""
processes=$(nproc)
seeds="1 2 3 4 5"
smoke=()
tune=false
smoke_run=false
known=""
build=""
while (($# > 0)); do
  case $1 in
    --out) out=$2; shift 2 ;;
    --processes) processes=$2; shift 2 ;;
    --known) known=$(realpath "$2"); shift 2 ;;
    --built) build=$(realpath "$2"); shift 2 ;;
    --seeds) seeds=$2; shift 2 ;;
    --tune) tune=true; seeds="101 102 103"; shift ;;
    --smoke) smoke_run=true; smoke=(--images 128 --validation 128 --epochs 1); seeds="1 2"; shift ;;
    *) echo "experiments.sh: unknown option $1" >&2; exit 2 ;;
  esac
done
if [[ -z $out ]]; then
  out=$root/build/experiments_$(if $tune; then echo tuning; elif $smoke_run; then echo smoke; else echo out; fi)
fi

mkdir -p "$out"
if [[ -z $build ]]; then
  "$root/scripts/setup.sh"
  build=$root/build/experiments
  mkdir -p "$build"
  echo "experiments.sh: building (some minutes; output in $build/build.log)"
  if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
    -DAFD_BUILD_TESTS=OFF && cmake --build "$build" --target experiments experiments_report; } \
    >"$build/build.log" 2>&1; then
    tail -n 40 "$build/build.log" >&2
    exit 1
  fi
fi

online="alone dml l1 l2 l1-kl at afd-maps afd"
offline="kd-offline l1-offline l2-offline l1-kl-offline at-offline afd-maps-offline afd-offline"
variants="afd-T1 afd-T5 dml-T1 l1-10 l1-kl-10 afd-rate-0.1 afd-rate-10 afd-d-rate-10 afd-weight-0.1 afd-weight-10"
variants+=" afd-patch afd-mlp afd-spectral afd-bce afd-hinge afd-first afd-joint afd-joint-0.1 afd-every-4"
variants+=" afd-maps-rate-10"
controls="afd-weight-0 afd-maps-weight-0"
controls_10="afd-rate-10-weight-0 afd-maps-rate-10-weight-0"
# Settings were chosen on validation images, with seeds that are not used here; see docs/experiments/README.md.
common="--lr 0.1 --l1-weight 0.01 --l2-weight 0.01 --at-weight 10 --evaluate-every 3"
few="--images 1000 --epochs 60"
long="--images 1000 --epochs 240"
many="--images 5000 --epochs 20"
# name | networks | settings | methods (none: all)
groups=(
  "equal|resnet8+resnet8|$few|$online $offline"
  "deep|resnet8+resnet20|$few|$online $offline"
  "wide|resnet8+wrn10-2|$few|$online $offline"
  "three|resnet8+resnet8+resnet8|$few|"
  "four|resnet8+resnet8+resnet8+resnet8|$few|"
  "equal_5000|resnet8+resnet8|$many|$online"
  "equal_long|resnet8+resnet8|$long|alone dml l1-kl afd-maps afd"
  "three_long|resnet8+resnet8+resnet8|$long|alone dml dml-cycle ensemble afd-cycle afd-cycle-dml"
)
# After all of these.
later=(
  "equal_variants|resnet8+resnet8|$few|$controls $controls_10 $variants"
  "deep_controls|resnet8+resnet20|$few|$controls"
  "wide_controls|resnet8+wrn10-2|$few|$controls afd-rate-10 afd-rate-10-weight-0"
  "equal_5000_controls|resnet8+resnet8|$many|$controls"
  "equal_long_controls|resnet8+resnet8|$long|afd-weight-0 afd-rate-10 afd-rate-10-weight-0 dml-T1"
)
if $tune; then
  common="--images 1000 --epochs 40 --validation 5000 --score-on validation --evaluate-every 100"
  groups=()
  later=()
  add() {
    local settings=$2 default
    for default in "--l1-weight 1" "--l2-weight 1" "--at-weight 1000"; do
      if [[ $settings != *"${default% *}"* ]]; then settings+=" $default"; fi
    done
    groups+=("$1|${4:-resnet8+resnet8}|$settings|$3")
  }
  for lr in 0.02 0.05 0.1 0.2; do add "lr$lr" "--lr $lr" "alone dml"; done
  for rate in 2e-5 2e-4 2e-3; do
    for decay in 0.1 1e-4; do add "rate$rate-$decay" "--lr 0.1 --feature-lr $rate --feature-decay $decay" afd; done
  done
  for weight in 0.01 0.1 1; do
    add "l1-$weight" "--lr 0.1 --l1-weight $weight" "l1 l1-kl"
    add "l2-$weight" "--lr 0.1 --l2-weight $weight" l2
  done
  for weight in 10 100 1000; do add "at-$weight" "--lr 0.1 --at-weight $weight" at; done
  # Whether offline learning wants other weights.
  for weight in 0.01 0.1 1; do
    add "offline-l1-$weight" "--lr 0.1 --l1-weight $weight" "l1-offline l1-kl-offline" resnet8+resnet20
  done
  for weight in 10 100 1000; do
    add "offline-at-$weight" "--lr 0.1 --at-weight $weight" at-offline resnet8+resnet20
  done
elif $smoke_run; then
  groups=("equal|resnet8+resnet8||alone dml afd kd-offline" "three|resnet8+resnet8+resnet8||alone afd-cycle")
  later=()
fi

# One line per seed and group: seed by seed, so that a part of the grid is a whole comparison.
cd "$out"
jobs_file=jobs
: >"$jobs_file"
folders=()
add_jobs() {
  local seed group
  for seed in $seeds; do
    for group in "$@"; do
      IFS='|' read -r name networks settings methods <<<"$group"
      echo "--out $name/seed$seed --networks $networks --seeds $seed" \
        "$common $settings ${smoke[*]} ${methods:+--methods $methods}" >>"$jobs_file"
      folders+=("$name/seed$seed")
    done
  done
}
add_jobs "${groups[@]}"
add_jobs "${later[@]}"
run_job() {
  local folder=$2
  mkdir -p "$folder"
  # Interrupted cells are run again next time; the others go on.
  if ! "$EXPERIMENTS" "$@" >"$folder/log" 2>&1; then
    tail -n 3 "$folder/log" >&2
    return 255
  fi
}
export -f run_job
export EXPERIMENTS=$build/examples/experiments

# How far the whole grid is, while it runs.
cells=0
while read -r line; do
  # shellcheck disable=SC2086
  cells=$((cells + $("$EXPERIMENTS" $line --dry-run | wc -l)))
  if [[ -n $known ]]; then
    # shellcheck disable=SC2086
    "$EXPERIMENTS" $line --known "$known/results.jsonl" --only-known 2>/dev/null
  fi
done <"$jobs_file"
finished() {
  { cat "${folders[@]/%//results.jsonl}" "${folders[@]/%//failed.jsonl}" 2>/dev/null || true; } | wc -l
}
before=$(finished)
echo "experiments.sh: $cells cells, $before of them are known or were finished before" >&2
show_progress() {
  local done minutes
  while sleep "$([[ -t 2 ]] && echo 10 || echo 300)"; do
    done=$(finished)
    minutes="some"
    if ((done > before)); then minutes=$(((cells - done) * (SECONDS - start) / (done - before) / 60)); fi
    echo "experiments.sh: $done of $cells cells, about $minutes minutes left" >&2
  done
}
start=$SECONDS
show_progress &
progress=$!
trap 'kill "$progress" 2>/dev/null || true' EXIT
if ! xargs -P "$processes" -I{} bash -c 'run_job {}' <"$jobs_file"; then
  echo "experiments.sh: stopped after $(finished) of $cells cells; start it again to go on" >&2
  exit 1
fi

cat "${folders[@]/%//results.jsonl}" >results.jsonl
cat "${folders[@]/%//failed.jsonl}" >failed.jsonl
if [[ -s failed.jsonl ]]; then echo "experiments.sh: some cells failed, see $out/failed.jsonl" >&2; fi
if $tune; then
  "$EXPERIMENTS"_report results.jsonl --tuning --out figures
  echo "experiments.sh: $out/figures/README.md"
  exit
fi

known_times=()
if [[ -n $known && -f $known/times.jsonl ]]; then known_times=(--known "$known/times.jsonl"); fi
# How long steps take: the same methods, one after the other with nothing else at work.
for group in "${groups[@]}" "${later[@]}"; do
  IFS='|' read -r name networks settings methods <<<"$group"
  # shellcheck disable=SC2086
  "$EXPERIMENTS" --out times --networks $networks --seeds 1 2 3 $common --images 1000 --validation 100 --epochs 2 \
    --score-on validation ${methods:+--methods $methods} "${known_times[@]}" >times.log 2>&1
done
cp times/results.jsonl times.jsonl
"$EXPERIMENTS"_report results.jsonl --times times.jsonl --out figures
echo "experiments.sh: $out/figures/README.md"
