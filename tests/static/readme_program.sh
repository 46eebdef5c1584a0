#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The program in README.md must be examples/own_networks.cpp, which is built and run, without its licence line.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
diff <(sed -n '/^```cpp$/,/^```$/p' "$root/README.md" | sed '1d;$d') <(sed 1d "$root/examples/own_networks.cpp")
