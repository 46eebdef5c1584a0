// SPDX-License-Identifier: MIT
// The tests of several processes: main() of the tests, and of the processes that they start.
#define DOCTEST_CONFIG_IMPLEMENT
#include "support/doctest.hpp"
//
#include "support/world_of_processes.hpp"

int main(int argc, char** argv) {
  const int code = afd_test::Scenario::run(argc, argv);
  return code >= 0 ? code : doctest::Context(argc, argv).run();
}
