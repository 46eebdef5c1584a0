// SPDX-License-Identifier: MIT
#pragma once

// Keeps the memory of large temporaries inside the process. By default malloc gives every large block back to the
// system when it is freed; the next step asks for the same blocks and pays a page fault for each 4 KiB. Torch-free.

#if defined(__GLIBC__) || __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace afd {

/// For a program's main(), before the first tensor: freed memory is kept for the next allocation, process-wide.
/// The process then never shrinks below its peak. Returns whether the C library can do it (glibc), and did.
inline bool keep_freed_memory() {
#ifdef M_MMAP_MAX
  // No block of its own mapping, and nothing trimmed from the end of the heap.
  return mallopt(M_MMAP_MAX, 0) == 1 && mallopt(M_TRIM_THRESHOLD, -1) == 1 && mallopt(M_TOP_PAD, 64 << 20) == 1;
#else
  return false;
#endif
}

}  // namespace afd
