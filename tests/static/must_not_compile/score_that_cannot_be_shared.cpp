// SPDX-License-Identifier: MIT
// needs: torch
// expect: this score is asked for over several processes
#include <afd/observe/evaluation.hpp>
#include <afd/observe/regression.hpp>

struct Mine : afd::Regression {
#ifndef AFD_EXPECT_OK
 private:
  using afd::Regression::share;
#endif
};

bool use() {
  return afd::detail::require_score_shares<Mine>();
}
