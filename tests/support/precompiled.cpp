// SPDX-License-Identifier: MIT
// The precompiled header that the test programs share is made with this file.
