#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: must_not_compile.sh FILE COMPILER [FLAGS]: FILE must fail with the text of each of its "// expect:" lines, and
# of those that say "expect g++:" or "expect clang:" (how they name types), and one error only; and compile once
# AFD_EXPECT_OK picks its correct variant, so that a typing error cannot pass.
set -euo pipefail
file=$1
shift
compiler=g++
if "$1" --version | grep -q clang; then compiler=clang; fi
expected=$(sed -n "s|^// expect: ||p; s|^// expect $compiler: ||p" "$file")
[[ -n $expected ]] || { echo "$file has no '// expect:' line" >&2; exit 1; }
"$@" -fsyntax-only -DAFD_EXPECT_OK "$file"
if output=$("$@" -fsyntax-only "$file" 2>&1); then
  echo "$file compiled, but must not" >&2
  exit 1
fi
while read -r text; do
  grep -qF -- "$text" <<<"$output" && continue
  printf '%s failed without the message "%s":\n%s\n' "$file" "$text" "$output" >&2
  exit 1
done <<<"$expected"
if (($(grep -c 'error:' <<<"$output") > 1)); then
  printf '%s gives more than the one message:\n%s\n' "$file" "$output" >&2
  exit 1
fi
