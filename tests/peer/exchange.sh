#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Files from PyTorch to the library and back: exchange.sh <exchange_weights or exchange_scripts> <python>
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
script=$(dirname "$0")/$(basename "$1").py
"$2" -B "$script" write "$folder"
"$1" "$folder"
"$2" -B "$script" check "$folder"
