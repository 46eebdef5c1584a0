// SPDX-License-Identifier: MIT
#pragma once

// doctest after LibTorch: c10 defines macros of the same names, which tests never want.
// Include the header under test first, then this.

#undef CHECK
#undef CHECK_EQ
#undef CHECK_NE
#undef CHECK_LE
#undef CHECK_LT
#undef CHECK_GE
#undef CHECK_GT
#undef CHECK_NOTNULL
#undef LOG
#undef INFO
#undef WARN
#undef FAIL
#undef MESSAGE

// In CHECK_THROWS nobody looks at what is returned.
#define DOCTEST_CONFIG_VOID_CAST_EXPRESSIONS
#include <doctest/doctest.h>
