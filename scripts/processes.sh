# SPDX-License-Identifier: MIT
# Sourced by scripts whose program may run several times at once, and shares out its work then.

workers=()
# processes N FOLDER COMMAND...: runs it N times and waits for all. The first one shows how far it is; what the others
# say goes into FOLDER/worker2.log and so on. Ctrl-C and SIGTERM are passed on, and each ends in its own time. Returns
# the status of one that failed, 0 if none did.
processes() {
  local count=$1 folder=$2 code=0 i worker status
  shift 2
  workers=()
  # What runs in the background does not hear Ctrl-C by itself.
  trap 'kill -TERM "${workers[@]}" 2>/dev/null || true' INT TERM
  for ((i = 1; i <= count; ++i)); do
    if ((i == 1)); then "$@" & else "$@" >"$folder/worker$i.log" 2>&1 & fi
    workers+=($!)
  done
  for worker in "${workers[@]}"; do
    status=0
    while wait "$worker" || status=$?; kill -0 "$worker" 2>/dev/null; do  # a signal ends a wait before its worker
      status=0
    done
    ((status == 0)) || code=$status
  done
  workers=()
  trap - INT TERM
  return "$code"
}
