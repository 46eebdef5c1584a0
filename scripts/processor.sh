# SPDX-License-Identifier: MIT
# Sourced by scripts that run programs: what they must not use of this machine's processor.

# Debian 13's LibTorch 2.6 with oneDNN 3.7 computes gradients of convolutions from memory that nobody has set; seen on
# an AMD processor with AVX-512, and gone with older instructions. See docs/compatibility.md.
avoid_unset_memory() {
  [[ -z ${ONEDNN_MAX_CPU_ISA:-} ]] || return 0
  grep -q AuthenticAMD /proc/cpuinfo && grep -q avx512f /proc/cpuinfo || return 0
  dpkg-query -W libtorch2.6 >/dev/null 2>&1 || return 0
  echo "ONEDNN_MAX_CPU_ISA=SSE41 for this processor and LibTorch 2.6: see docs/compatibility.md" >&2
  export ONEDNN_MAX_CPU_ISA=SSE41
}
