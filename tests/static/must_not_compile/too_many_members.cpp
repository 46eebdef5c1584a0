// SPDX-License-Identifier: MIT
// expect: a policy of more than twelve members cannot be looked into
#include <string>

#include <afd/detail/fields.hpp>

struct Policy {
  double a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1, j = 1, k = 1, l = 1;
#ifndef AFD_EXPECT_OK
  double m = 1;
#endif
};

void use() {
  afd::detail::add_values(Policy{}, "policy", [](const std::string&, const std::string&) {});
}
