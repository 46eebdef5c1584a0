#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs export_steps and has check_steps.py (check_network.py for the recipe "network") compute the same:
# check.sh <export_steps> <python> <recipe>
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$3" "$folder/steps.pt"
script=check_steps.py
if [[ $3 == network ]]; then script=check_network.py; fi
"$2" "$(dirname "$0")/$script" "$3" "$folder/steps.pt"
