#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Starts a program in several processes that train together (afd::World), as torchrun does, without Python:
# launch.sh [--nodes N --node I --address HOST] [--port PORT] PROCESSES PROGRAM [ARGUMENT...]
#     PROCESSES       on this machine
#     --nodes N       machines; the same command is started on each, with its number I from 0
#     --address HOST  of machine 0
#     --port PORT     where process 0 can be met; a free one if there is one machine, else 29500
# Each line of output begins with the number of its process. Ctrl-C and SIGTERM are passed on. If a process fails, the
# others are told by it, or find out; those that are left after a minute are killed. Returns the first code but 0.
set -euo pipefail

usage() {
  sed -n 's/^# \{0,1\}//; 3,10p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
nodes=1 node=0 address=127.0.0.1 port=""
while (($# > 0)); do
  case $1 in
    --nodes) nodes=$2; shift 2 ;;
    --node) node=$2; shift 2 ;;
    --address) address=$2; shift 2 ;;
    --port) port=$2; shift 2 ;;
    --*) usage ;;
    *) break ;;
  esac
done
(($# >= 2)) && [[ $1 =~ ^[1-9][0-9]*$ ]] || usage
processes=$1
shift

# Whether nobody listens there, on any address of this machine.
is_free() {
  local hex
  printf -v hex '%04X' "$1"
  ! awk -v port=":$hex" 'substr($2, length($2) - 4) == port && $4 == "0A" { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
if [[ -z $port ]]; then
  port=29500
  if ((nodes == 1)); then
    while ! is_free "$port"; do port=$((20000 + RANDOM % 12000)); done
  fi
fi

export WORLD_SIZE=$((nodes * processes)) MASTER_ADDR=$address MASTER_PORT=$port
# Processes of one machine share its cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((($(nproc) + processes - 1) / processes))}
declare -A rank_of=()
# What the lines pass through; the last ones of whoever is stopped by Ctrl-C, too.
with_number() {
  trap "" INT TERM
  exec sed -u "s/^/[$1] /"
}
passing=()
for ((local = 0; local < processes; ++local)); do
  rank=$((node * processes + local))
  exec {out}> >(with_number "$rank")
  passing+=($!)
  exec {err}> >(with_number "$rank" >&2)
  passing+=($!)
  RANK=$rank LOCAL_RANK=$local "$@" >&"$out" 2>&"$err" {out}>&- {err}>&- &
  rank_of[$!]=$rank
  exec {out}>&- {err}>&-
done

pass_on() { kill -s "$1" "${!rank_of[@]}" 2>/dev/null || true; }
trap 'pass_on INT' INT
trap 'pass_on TERM' TERM

first_code=0 deadline=""
while ((${#rank_of[@]} > 0)); do
  code=0 ended=""
  if [[ -z $deadline ]]; then
    wait -n -p ended "${!rank_of[@]}" || code=$?
  else
    sleep 0.2
    if ((SECONDS > deadline)); then pass_on KILL; fi
    for process in "${!rank_of[@]}"; do
      kill -0 "$process" 2>/dev/null && continue
      ended=$process
      wait "$process" || code=$?
      break
    done
  fi
  [[ -n ${ended:-} ]] || continue  # a signal came
  if ((code != 0)); then
    echo "launch.sh: process ${rank_of[$ended]} has ended with code $code" >&2
    if ((first_code == 0)); then first_code=$code deadline=$((SECONDS + 60)); fi
  fi
  unset "rank_of[$ended]"
done
wait "${passing[@]}" || true
exit "$first_code"
