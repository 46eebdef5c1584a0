// SPDX-License-Identifier: MIT
// expect: a policy that inherits members and adds others cannot be looked into: hold the policy that it inherits from
#include <string>

#include <afd/detail/fields.hpp>

struct Policy {
  double weight = 1;
};

struct Mine : Policy {
#ifndef AFD_EXPECT_OK
  double more = 2;
#endif
};

void use() {
  afd::detail::add_values(Mine{}, "policy", [](const std::string&, const std::string&) {});
  static_cast<void>(afd::detail::require_describable<Mine>());
}
