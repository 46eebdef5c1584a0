// SPDX-License-Identifier: MIT
#pragma once

// For one source of a program, best main.cpp, that links afd::jemalloc: jemalloc in place of the C library's malloc,
// told to use huge pages and to keep what is freed. The large maps of one step then lie where those of the last one
// did, on pages that are mapped already. The process never shrinks below its peak. Torch-free.

/// jemalloc reads this before main().
extern "C" {
#if defined(__GNUC__)
__attribute__((used))
#endif
inline const char* malloc_conf = "thp:always,metadata_thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1";
}
