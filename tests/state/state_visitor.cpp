// SPDX-License-Identifier: MIT
#include <afd/state/state_visitor.hpp>
//
#include <string>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("state");

namespace {

/// Something with a state of every kind.
struct Thing {
  torch::Tensor weights = torch::zeros({2, 3});
  torch::Tensor maybe;
  std::int64_t steps = 0;
  double rate = 0;
  std::string words;
  std::int64_t kind = 1;

  template <afd::StateVisitor V>
  void visit(V& visitor) {
    visitor.tensor("weights", weights);
    visitor.optional("maybe", maybe, weights);
    visitor.integer("steps", steps);
    visitor.real("rate", rate);
    visitor.same("kind", kind);
    visitor.text(
        "words", [&] { return words; },
        [&](const std::string& text) {
          if (text.empty()) throw afd::FormatError("no words");
          return [&, text] { words = text; };
        });
  }
};

Thing some_thing() {
  return {torch::rand({2, 3}), torch::rand({2, 3}), 5, 0.25, "hello", 1};
}

afd::StateDict saved(Thing thing) {
  afd::StateDict state;
  afd::SaveState save(state);
  thing.visit(save);
  return state;
}

}  // namespace

TEST_CASE("what was saved is loaded, each part of it") {
  const Thing thing = some_thing();
  const afd::StateDict state = saved(thing);
  Thing other;
  const torch::Tensor place = other.weights;
  afd::CheckState check(state);
  other.visit(check);
  CHECK(other.steps == 0);  // checking changes nothing
  CHECK(other.words.empty());
  afd::LoadState load(state);
  other.visit(load);
  CHECK(place.equal(thing.weights));  // in place
  CHECK(other.maybe.equal(thing.maybe));
  CHECK(other.steps == 5);
  CHECK(other.rate == 0.25);
  CHECK(other.words == "hello");
}

TEST_CASE("an undefined tensor stays undefined, and one that is there becomes so") {
  Thing thing = some_thing();
  thing.maybe = torch::Tensor();
  const afd::StateDict state = saved(thing);
  Thing other = some_thing();
  afd::LoadState load(state);
  other.visit(load);
  CHECK_FALSE(other.maybe.defined());
}

TEST_CASE("a state that does not fit is refused with the part's name") {
  const afd::StateDict state = saved(some_thing());
  const auto check = [](Thing thing, const afd::StateDict& with) {
    afd::CheckState visitor(with);
    thing.visit(visitor);
  };
  Thing other;
  other.weights = torch::zeros({3, 2});
  CHECK_THROWS_WITH_AS(check(other, state), doctest::Contains("weights is Float [2, 3] in the file"), afd::FormatError);
  other.weights = torch::zeros({2, 3}, torch::kFloat64);
  CHECK_THROWS_WITH_AS(check(other, state), doctest::Contains("but Double [2, 3] here"), afd::FormatError);
  CHECK_THROWS_WITH_AS(check(Thing(), afd::StateDict()), "the state has no weights", afd::FormatError);
  Thing of_kind = some_thing();
  of_kind.kind = 2;
  CHECK_THROWS_WITH_AS(check(of_kind, state), "kind is 1 in the file, but 2 here", afd::FormatError);
  Thing silent = some_thing();
  silent.words.clear();
  CHECK_THROWS_WITH_AS(check(Thing(), saved(silent)), "no words", afd::FormatError);
}

TEST_SUITE_END();
