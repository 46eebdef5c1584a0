// SPDX-License-Identifier: MIT
#include <afd/network/script_outputs.hpp>
//
#include <string>
#include <tuple>
#include <vector>

#include <ATen/core/ivalue.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using afd::ScriptOutputs;
using torch::Tensor;

namespace {

c10::IValue named(const std::vector<std::string>& names, std::vector<c10::IValue> values) {
  std::vector<c10::TypePtr> types(values.size(), c10::TensorType::get());
  return c10::ivalue::Tuple::createNamed(std::move(values),
                                         c10::TupleType::createNamed(c10::QualifiedName("Out"), names, types));
}

}  // namespace

TEST_CASE("logits, a pair, taps, dicts and named tuples are read") {
  const Tensor map = torch::rand({2, 3, 4, 4}), early = torch::rand({2, 2, 8, 8}), logits = torch::rand({2, 5});
  CHECK(ScriptOutputs<Tensor>{}(logits).is_same(logits));
  const auto pair = ScriptOutputs<afd::Outputs>{}(std::make_tuple(map, logits));
  CHECK(pair.features.is_same(map));
  CHECK(pair.logits.is_same(logits));

  const auto taps = ScriptOutputs<afd::TappedOutputs<2>>{}(std::make_tuple(early, map, logits));
  CHECK(taps.taps[0].is_same(early));
  CHECK(taps.taps[1].is_same(map));
  CHECK(taps.logits.is_same(logits));
  const auto nested = ScriptOutputs<afd::TappedOutputs<2>>{}(std::make_tuple(std::vector<Tensor>{early, map}, logits));
  CHECK(nested.taps[1].is_same(map));

  c10::Dict<std::string, Tensor> dict;
  dict.insert("logits", logits);
  dict.insert("features", map);
  CHECK(ScriptOutputs<afd::Outputs>{}(dict).features.is_same(map));
  const auto by_name = ScriptOutputs<afd::Outputs>{}(named({"logits", "features"}, {logits, map}));
  CHECK(by_name.features.is_same(map));
  CHECK(by_name.logits.is_same(logits));
}

TEST_CASE("vectors are taken as features only if they are named") {
  const Tensor vectors = torch::rand({2, 3}), logits = torch::rand({2, 5});
  CHECK_THROWS_WITH_AS(ScriptOutputs<afd::Outputs>{}(std::make_tuple(logits, vectors)),
                       doctest::Contains("which logits could have, too; name them"), afd::ShapeError);
  CHECK(ScriptOutputs<afd::Outputs>{}(named({"logits", "features"}, {logits, vectors})).features.is_same(vectors));
}

TEST_CASE("anything else is refused by its type") {
  const Tensor map = torch::rand({2, 3, 4, 4}), logits = torch::rand({2, 5});
  const auto refused = [](const auto& read, const c10::IValue& value, const char* part) {
    CHECK_THROWS_WITH_AS(read(value), doctest::Contains(part), afd::ShapeError);
  };
  refused(ScriptOutputs<Tensor>{}, std::make_tuple(map, logits), "returned (Tensor, Tensor) where one tensor");
  refused(ScriptOutputs<afd::Outputs>{}, logits, "where a pair (features, logits)");
  refused(ScriptOutputs<afd::Outputs>{}, std::make_tuple(map, map, logits), "where a pair (features, logits)");
  refused(ScriptOutputs<afd::TappedOutputs<3>>{}, std::make_tuple(map, logits), "where 3 features and then logits");
  refused(ScriptOutputs<afd::Outputs>{}, std::string("text"), "returned str");
  c10::Dict<std::string, Tensor> dict;
  dict.insert("scores", logits);
  refused(ScriptOutputs<afd::Outputs>{}, dict, "a dict with \"features\" and \"logits\"");
}

TEST_SUITE_END();
