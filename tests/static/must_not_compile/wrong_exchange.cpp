// SPDX-License-Identifier: MIT
// needs: torch
// expect: the exchange of a distiller is afd::NoExchange, or afd::DataParallel
#include <afd/step/options.hpp>

#ifdef AFD_EXPECT_OK
using Exchange = afd::NoExchange;
#else
using Exchange = int;
#endif

bool use() {
  return afd::detail::require_exchange<Exchange>();
}
