// SPDX-License-Identifier: MIT
// expect: a policy that inherits its describe(add) and adds members needs a describe(add) of its own
#include <string>

#include <afd/detail/fields.hpp>

struct Policy {
  double weight = 1;

  template <class Add>
  void describe(const Add& add) const {
    add("weight", std::string("1"));
  }
};

struct Mine : Policy {
#ifndef AFD_EXPECT_OK
  double more = 2;
#endif
};

void use() {
  afd::detail::add_values(Mine{}, "policy", [](const std::string&, const std::string&) {});
}
