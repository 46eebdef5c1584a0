# SPDX-License-Identifier: MIT
# Sourced by other scripts: which clang this machine has, or could have.

# The versions that this project is tried with, the preferred one first.
clang_versions=(19 21 20 22 23)

# The first of them that is installed, or nothing.
installed_clang() {
  local version
  for version in "${clang_versions[@]}"; do
    if command -v "clang++-$version" >/dev/null; then
      echo "$version"
      return
    fi
  done
}

# The first of them that apt offers; 19 if apt knows none, so that its message names a package.
available_clang() {
  local version
  for version in "${clang_versions[@]}"; do
    if apt-cache show "clang-$version" >/dev/null 2>&1; then
      echo "$version"
      return
    fi
  done
  echo "${clang_versions[0]}"
}
