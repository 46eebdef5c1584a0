// SPDX-License-Identifier: MIT
#pragma once

// The only source of the version: CMake and the docs read it from here.
#define AFD_VERSION_MAJOR 0
#define AFD_VERSION_MINOR 1
#define AFD_VERSION_PATCH 0
#define AFD_VERSION_STRING "0.1.0"
