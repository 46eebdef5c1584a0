// SPDX-License-Identifier: MIT
#include <afd/state/prefixed_visitor.hpp>
//
#include <cstdint>
#include <functional>
#include <string>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

namespace {

/// Something with a part of every kind.
struct Part {
  torch::Tensor tensor = torch::ones({2});
  torch::Tensor maybe{};
  std::int64_t integer = 1;
  double real = 0.5;
  std::string text = "text";

  template <afd::StateVisitor V>
  void visit(V& visitor) {
    visitor.tensor("tensor", tensor);
    visitor.optional("maybe", maybe, tensor);
    visitor.integer("integer", integer);
    visitor.real("real", real);
    visitor.same("same", 7);
    visitor.text(
        "text", [this] { return text; },
        [this](const std::string& read) -> std::function<void()> { return [this, read] { text = read; }; });
  }
};

template <class V>
void visit_both(Part& first, Part& second, V& visitor) {
  afd::PrefixedVisitor one("first/", visitor), two("second/", visitor);
  first.visit(one);
  second.visit(two);
}

}  // namespace

TEST_CASE("two parts that name themselves alike are kept apart, in every kind of value") {
  Part a, b;
  b.tensor = torch::full({2}, 3.0);
  b.maybe = torch::zeros({2});
  b.integer = 2;
  b.real = 1.5;
  b.text = "other";
  afd::StateDict state;
  afd::SaveState save(state);
  visit_both(a, b, save);
  CHECK(state.get<std::int64_t>("second/integer") == 2);

  Part c, d;
  afd::CheckState check(state);
  visit_both(c, d, check);
  afd::LoadState load(state);
  visit_both(c, d, load);
  CHECK(torch::equal(c.tensor, a.tensor));
  CHECK_FALSE(c.maybe.defined());
  CHECK(torch::equal(d.tensor, b.tensor));
  CHECK(d.maybe.defined());
  CHECK(d.integer == 2);
  CHECK(d.real == 1.5);
  CHECK(d.text == "other");
}

TEST_CASE("without a prefix they collide, and the message says what to do") {
  Part a, b;
  afd::StateDict state;
  afd::SaveState save(state);
  a.visit(save);
  CHECK_THROWS_WITH_AS(b.visit(save), doctest::Contains("two values called tensor; what is made of several parts"),
                       afd::ConfigError);
}

TEST_SUITE_END();
