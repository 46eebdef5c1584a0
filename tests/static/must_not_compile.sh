#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: must_not_compile.sh FILE... -- COMPILER [FLAGS]: each FILE must fail with the text of each of its "// expect:"
# lines, and of those that say "expect g++:" or "expect clang:" (how they name types), and one error only; and compile
# once AFD_EXPECT_OK picks its correct variant, so that a typing error cannot pass. Several files are compiled as one
# first, each in a namespace of its own, which is faster by what LibTorch costs; where that says anything else, each
# is compiled alone and named.
set -euo pipefail
files=()
while [[ $1 != -- ]]; do
  files+=("$(realpath "$1")")
  shift
done
shift
compiler=g++
if "$1" --version | grep -q clang; then compiler=clang; fi
expected() {
  sed -n "s|^// expect: ||p; s|^// expect $compiler: ||p" "$@"
}

# What a file says when it is compiled alone: whether it is as it must be.
check_alone() {
  local file=$1 output text
  shift
  [[ -n $(expected "$file") ]] || { echo "$file has no '// expect:' line" >&2; return 1; }
  "$@" -fsyntax-only -DAFD_EXPECT_OK "$file" || return 1
  if output=$("$@" -fsyntax-only "$file" 2>&1); then
    echo "$file compiled, but must not" >&2
    return 1
  fi
  while read -r text; do
    grep -qF -- "$text" <<<"$output" && continue
    printf '%s failed without the message "%s":\n%s\n' "$file" "$text" "$output" >&2
    return 1
  done < <(expected "$file")
  if (($(grep -c 'error:' <<<"$output") > 1)); then
    printf '%s gives more than the one message:\n%s\n' "$file" "$output" >&2
    return 1
  fi
}

# All files as one: says nothing if there is one error for each file, and each text as often as files expect it.
what_differs_together() {
  local unit=$1 file output text count
  shift
  for file in "${files[@]}"; do
    [[ -n $(expected "$file") ]] || { echo "$file expects nothing"; return; }
  done
  {
    sed -n '/^#include/p' "${files[@]}" | sort -u
    for file in "${files[@]}"; do
      printf 'namespace %s {\n#include "%s"\n}\n' "file_$(basename "$file" .cpp)" "$file"
    done
  } >"$unit"
  if ! output=$("$@" -fsyntax-only -DAFD_EXPECT_OK "$unit" 2>&1); then
    echo "the correct variants do not compile: $(grep -m 1 'error:' <<<"$output" || true)"
    return
  fi
  output=$("$@" -fsyntax-only "$unit" 2>&1 | sed -E 's/file_[a-z0-9_]+:://g' || true)
  count=$(grep -c 'error:' <<<"$output" || true)
  ((count == ${#files[@]})) || echo "$count errors in ${#files[@]} files"
  while read -r count text; do
    (($(grep -cF -- "$text" <<<"$output" || true) >= count)) || echo "too few times: $text"
  done < <(expected "${files[@]}" | sort | uniq -c)
}

if ((${#files[@]} > 1)); then
  unit=$(mktemp --suffix=.cpp)
  trap 'rm -f "$unit"' EXIT
  differs=$(what_differs_together "$unit" "$@")
  [[ -n $differs ]] || exit 0
  printf 'As one, these files are not what each must be alone, so each is compiled:\n%s\n' "$differs"
fi
code=0
for file in "${files[@]}"; do check_alone "$file" "$@" || code=1; done
exit "$code"
