#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs export_steps and has check_steps.py compute the same: check.sh <export_steps> <python> <recipe>
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$3" "$folder/steps.safetensors"
"$2" -B "$(dirname "$0")/check_steps.py" "$3" "$folder/steps.safetensors"
