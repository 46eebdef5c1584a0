#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_layout.sh must find each kind of violation: they are made one by one in a small house of its own.
set -euo pipefail
check=$(cd "$(dirname "$0")/../../scripts" && pwd)/check_layout.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

house() {
  rm -rf "${folder:?}"/*
  mkdir -p "$folder"/{include/afd/data,include/afd/loss,tests/data,tests/loss,cmake,scripts,examples,benchmarks,.ci}
  local spdx='// SPDX-License-Identifier: MIT'
  printf '# SPDX-License-Identifier: MIT\n' >"$folder/CMakeLists.txt"
  printf '%s\n#pragma once\n' "$spdx" >"$folder/include/afd/data/batch.hpp"
  printf '%s\n#pragma once\n#include <afd/data/batch.hpp>\n' "$spdx" >"$folder/include/afd/loss/l1.hpp"
  printf '%s\n#include <afd/data/batch.hpp>\n' "$spdx" >"$folder/tests/data/batch.cpp"
  printf '%s\n#include <afd/loss/l1.hpp>\n' "$spdx" >"$folder/tests/loss/l1.cpp"
  printf '%s\n#pragma once\n#include <afd/data/batch.hpp>\n#include <afd/loss/l1.hpp>\n' "$spdx" \
    >"$folder/include/afd/afd.hpp"
}
finds() {
  local expected=$1 output
  if output=$("$check" "$folder") || ! grep -qF -- "$expected" <<<"$output"; then
    printf 'check_layout.sh did not find "%s":\n%s\n' "$expected" "$output"
    exit 1
  fi
}

house && "$check" "$folder" >/dev/null || { echo "a house in order was refused"; "$check" "$folder"; exit 1; }
house && rm "$folder/tests/loss/l1.cpp" && finds "write tests/loss/l1.cpp"
house && sed -i 's|afd/loss/l1|afd/data/batch|' "$folder/tests/loss/l1.cpp" &&
  finds "must include <afd/loss/l1.hpp> first"
house && echo '#include <afd/loss/l1.hpp>' >>"$folder/include/afd/data/batch.hpp" &&
  finds "must not include loss/l1.hpp"
house && sed -i '/loss/d' "$folder/include/afd/afd.hpp" && finds "does not include loss/l1.hpp"
house && echo 'using Tensor = torch::Tensor;' >>"$folder/include/afd/loss/l1.hpp" && finds "includes none of it"
house && echo 'using Row = Eigen::VectorXd;' >>"$folder/include/afd/loss/l1.hpp" && finds "uses Eigen"
house && sed -i '1d' "$folder/tests/data/batch.cpp" && finds "lacks the SPDX line"
house && sed -i '/pragma/d' "$folder/include/afd/loss/l1.hpp" && finds "needs one #pragma once"
house && printf '// %0121d\n' 0 >>"$folder/tests/data/batch.cpp" && finds "more than 120 characters"
house && echo '// TO''DO' >>"$folder/tests/data/batch.cpp" && finds "not finished"
echo "check_layout.sh finds every kind of violation"
