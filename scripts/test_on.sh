#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes a clean Debian of another release, and runs there what a new user would run, as an ordinary user with sudo: the
# quickstart with one epoch, and all tests. As root: test_on.sh [--library | --clang] RELEASE...
#     RELEASE     bookworm (12), trixie (13), testing; or all, for these three one after the other
#     --library   only the tests of the library itself, neither the quickstart nor examples, package and torture
#     --clang     the whole build and all tests with clang, too; needs LibTorch 2.1 or later, so not for bookworm
#     --shell     a shell in it, in place of tests
#     --make      nothing but the root
# What is committed is tested. Roots stay in build/roots (or AFD_ROOTS) for the next time; remove one to begin anew.
# MIRROR=... names another archive than debootstrap's own. build/roots/results.md has a line for each release.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
roots=${AFD_ROOTS:-$here/build/roots}

usage() {
  sed -n 's/^# \{0,1\}//; 3,12p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

mode=all
releases=()
while (($# > 0)); do
  case $1 in
    --library | --clang | --shell | --make) mode=${1#--} ;;
    bookworm | 12) releases+=(bookworm) ;;
    trixie | 13) releases+=(trixie) ;;
    testing) releases+=(testing) ;;
    all) releases+=(bookworm trixie testing) ;;
    *) usage ;;
  esac
  shift
done
((${#releases[@]} > 0)) || usage
((EUID == 0)) || { echo "test_on.sh: run as root: debootstrap and chroot need it" >&2; exit 1; }

# A root is whole when it has this file.
finished=etc/afd_root

make_root() {
  local release=$1 root=$roots/$1
  [[ -e $root/$finished ]] && return
  local needed=(debootstrap git)
  local package
  for package in "${needed[@]}"; do
    command -v "$package" >/dev/null || apt-get install -y -q --no-install-recommends "${needed[@]}"
  done
  local script=/usr/share/debootstrap/scripts/$release keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  if [[ $release == testing ]]; then
    # A stable release's keys sign testing, too; those of the machine may be older.
    make_root trixie
    keyring=$roots/trixie/$keyring
  fi
  [[ -e $script ]] || script=/usr/share/debootstrap/scripts/sid
  echo "test_on.sh: making a root of $release"
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  # Archives that are not renewed any more are as good for a test.
  local log=$roots/$release.debootstrap.log
  if ! unshare --mount debootstrap --variant=minbase --include=sudo,ca-certificates --keyring="$keyring" \
    "$release" "$root" "${MIRROR:-}" "$script" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
  fi
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90afd"
  chroot "$root" useradd --create-home --shell /bin/bash user
  echo 'user ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/user"
  touch "$root/$finished"
}

# What is committed, in the root. Files that did not change keep their time, so that little is built again.
update_checkout() {
  local checkout=$1/home/user/afd
  local git=(git -c safe.directory='*')
  if [[ -d $checkout/.git ]]; then
    "${git[@]}" -C "$checkout" fetch -q "file://$here" HEAD
    "${git[@]}" -C "$checkout" reset -q --hard FETCH_HEAD
  else
    "${git[@]}" clone -q "file://$here" "$checkout"
  fi
  chroot "$1" chown -R user:user /home/user/afd
}

# Runs a script as the user, in namespaces of its own: whatever it mounts and starts is gone when it ends, or when this
# script does.
in_root() {
  local root=$1 script=$2
  cp -L /etc/resolv.conf "$root/etc/resolv.conf" || return
  grep -q "$(hostname)" "$root/etc/hosts" 2>/dev/null || echo "127.0.1.1 $(hostname)" >>"$root/etc/hosts"
  # shellcheck disable=SC2016  # expanded inside
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child -- bash -euc '
    mount --make-rprivate /
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    mount --rbind /sys "$0/sys"
    exec chroot --userspec=user:user "$0" env -i HOME=/home/user USER=user PATH=/usr/local/bin:/usr/bin:/bin \
      LANG=C.UTF-8 TERM="${TERM:-dumb}" bash -euo pipefail -c "cd ~/afd; $1"' "$root" "$script"
}

version_of() {
  chroot "$1" dpkg-query -W -f='${Version}' "$2" 2>/dev/null | sed 's/^[0-9]*://; s/[-+].*//'
}

cd "$here"
if [[ -n $(git status --porcelain 2>/dev/null) ]]; then
  echo "test_on.sh: there are changes that are not committed; they are not tested" >&2
fi
failed=()
for release in "${releases[@]}"; do
  root=$roots/$release
  make_root "$release"
  update_checkout "$root"
  [[ $mode != make ]] || continue
  log=$roots/$release.log
  ran=()
  result=passed
  case $mode in
    shell) in_root "$root" 'exec bash -i' || true; continue ;;
    library) ran=('scripts/test.sh --library') ;;
    clang) ran=('scripts/test.sh --clang') ;;
    all) ran=('scripts/quickstart.sh --epochs 1 --seeds 1' 'scripts/test.sh') ;;
  esac
  : >"$log"
  for command in "${ran[@]}"; do
    echo "test_on.sh: $release: $command (all output: $log)"
    start=$SECONDS
    if in_root "$root" "$command" >>"$log" 2>&1; then
      echo "test_on.sh: $release: passed after $(((SECONDS - start) / 60)) min"
    else
      grep -E 'error:|\*\*\*Failed|\(Failed\)|tests failed' "$log" | tail -n 20 >&2 || true
      tail -n 5 "$log" >&2
      echo "test_on.sh: $release: FAILED: $command" >&2
      result=failed
      break
    fi
  done
  tests=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\)/\2 tests, \1 failed/p' "$log" |
    paste -sd ';' | sed 's/;/; /g')
  compiler=g++
  if [[ $mode == clang ]]; then compiler=$(basename "$(ls -d "$root"/usr/bin/clang-[0-9]* | head -n 1)"); fi
  [[ $result == passed ]] || failed+=("$release")
  touch "$roots/results.md"
  {
    grep -v "^| $release | .* | $mode |" "$roots/results.md" || true
    echo "| $release | $(date +%F) | LibTorch $(version_of "$root" libtorch-dev), $compiler $(version_of "$root" \
      $compiler), CMake $(version_of "$root" cmake), Eigen $(version_of "$root" libeigen3-dev), doctest" \
      "$(version_of "$root" doctest-dev) | $mode | $result: $tests |"
  } >"$roots/results.md.new"
  mv "$roots/results.md.new" "$roots/results.md"
done
[[ $mode == shell || $mode == make ]] || cat "$roots/results.md"
((${#failed[@]} == 0)) || { echo "test_on.sh: failed on ${failed[*]}" >&2; exit 1; }
