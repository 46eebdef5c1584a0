// SPDX-License-Identifier: MIT
#include <afd/compute/blas_threads.hpp>
//
#include <memory>

#include "support/doctest.hpp"

// In the place of OpenBLAS's own: this program is not linked with it.
namespace {
int threads_now = 8;
}  // namespace
extern "C" int openblas_get_parallel() {
  return 1;
}
extern "C" int openblas_get_num_threads() {
  return threads_now;
}
extern "C" void openblas_set_num_threads(int threads) {
  threads_now = threads;
}

TEST_SUITE_BEGIN("compute");

TEST_CASE("OpenBLAS is found, computes with few threads while it is told to, and with as many as before afterwards") {
  REQUIRE(afd::detail::OpenBlas::find().is_there());
  {
    const afd::detail::BlasThreads few(2);
    CHECK(threads_now == 2);
    {
      const afd::detail::BlasThreads others(3);
      CHECK(threads_now == 2);
    }
    CHECK(threads_now == 2);
  }
  CHECK(threads_now == 8);
}

TEST_CASE("whoever is done first leaves the others their few threads") {
  auto first = std::make_unique<afd::detail::BlasThreads>(1);
  const auto second = std::make_unique<afd::detail::BlasThreads>(1);
  first.reset();
  CHECK(threads_now == 1);
}

TEST_CASE("OpenBLAS does not get more threads than it had") {
  CHECK(threads_now == 8);
  const afd::detail::BlasThreads many(64);
  CHECK(threads_now == 8);
}

TEST_SUITE_END();
