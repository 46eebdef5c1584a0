// SPDX-License-Identifier: MIT
#include <afd/transfer/common_shape.hpp>
//
#include <cstdint>
#include <string>
#include <utility>

#include <torch/types.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

using afd::FeatureShape;
using afd::Tokens;
using afd::detail::common_shape;
using afd::detail::CommonShape;

namespace {

FeatureShape tokens(std::int64_t count, std::int64_t channels) {
  return afd::feature_shape(Tokens{torch::zeros({1, count, channels})});
}
FeatureShape grid(std::int64_t height, std::int64_t width, std::int64_t channels) {
  return afd::feature_shape(Tokens{torch::zeros({1, height * width, channels}), height, width});
}

/// Both orders, since no rule may depend on which side is the student.
void check_common(const FeatureShape& a, const FeatureShape& b, const FeatureShape& a_taken,
                  const FeatureShape& b_taken, const FeatureShape& output) {
  CAPTURE(a);
  CAPTURE(b);
  const CommonShape there = common_shape(a, b, 7, "T"), back = common_shape(b, a, 7, "T");
  CHECK(there.student == a_taken);
  CHECK(there.teacher == b_taken);
  CHECK(there.output == output);
  CHECK(back.student == b_taken);
  CHECK(back.teacher == a_taken);
  CHECK(back.output == output);
}

void check_refused(const FeatureShape& a, const FeatureShape& b, const std::string& advice) {
  for (const auto& pair : {std::pair(a, b), std::pair(b, a)}) {
    const FeatureShape &student = pair.first, &teacher = pair.second;
    const std::string said = afd::detail::concat("T: the student's features ", student, " and the teacher's ", teacher,
                                                 " cannot be compared place by place; ", advice);
    CHECK_THROWS_WITH_AS(static_cast<void>(common_shape(student, teacher, 7, "T")), said.c_str(), afd::ShapeError);
  }
}

const std::string declare =
    "declare their grid: afd::Tokens{x, height, width}; leave a class token out with x.slice(1, 1)";
const std::string same_length =
    "tokens and a sequence need the same length; pool one of them in its network's forward, or leave a class token out "
    "with x.slice(1, 1)";
const std::string reshape = "flatten or pool one of them in its network's forward, or tap another stage";

}  // namespace

TEST_CASE("features of equal rank have the smaller of each side in common") {
  check_common({3, {}}, {5, {}}, {3, {}}, {5, {}}, {7, {}});
  check_common({3, {9}}, {5, {4}}, {3, {9}}, {5, {4}}, {7, {4}});
  check_common({3, {4, 8}}, {5, {6, 2}}, {3, {4, 8}}, {5, {6, 2}}, {7, {4, 2}});
  check_common({3, {4, 8, 2}}, {5, {6, 2, 2}}, {3, {4, 8, 2}}, {5, {6, 2, 2}}, {7, {4, 2, 2}});
}

TEST_CASE("next to a vector everything is one place") {
  for (const FeatureShape& other : {FeatureShape{3, {9}}, {3, {4, 8}}, {3, {2, 3, 4}}, tokens(17, 3), grid(2, 5, 3)}) {
    check_common(other, {5, {}}, afd::channels_first(other), {5, {}}, {7, {}});
  }
}

TEST_CASE("other ranks have nothing in common") {
  const std::string are_tokens = "if [N, L, C] are tokens, return afd::Tokens{x} in place of the tensor; else ";
  check_refused({3, {16}}, {5, {4, 4}}, are_tokens + reshape);
  check_refused({3, {16}}, {5, {4, 2, 2}}, are_tokens + reshape);
  check_refused({3, {4, 4}}, {5, {4, 2, 2}}, reshape);
}

TEST_CASE("tokens with a grid are a map") {
  check_common(grid(4, 6, 3), {5, {8, 3}}, {3, {4, 6}}, {5, {8, 3}}, {7, {4, 3}});
  check_common(grid(4, 6, 3), grid(2, 2, 5), {3, {4, 6}}, {5, {2, 2}}, {7, {2, 2}});
  check_common(grid(2, 8, 3), grid(4, 4, 5), {3, {2, 8}}, {5, {4, 4}}, {7, {2, 4}});
  check_refused(grid(4, 4, 3), {5, {4, 2, 2}}, reshape);
}

TEST_CASE("tokens without a grid take a map's own, or the one of its proportions") {
  check_common(tokens(24, 3), {5, {4, 6}}, {3, {4, 6}}, {5, {4, 6}}, {7, {4, 6}});
  check_common(tokens(24, 3), {5, {12, 2}}, {3, {12, 2}}, {5, {12, 2}}, {7, {12, 2}});
  check_common(tokens(49, 3), {5, {4, 4}}, {3, {7, 7}}, {5, {4, 4}}, {7, {4, 4}});
  check_common(tokens(6, 3), {5, {4, 6}}, {3, {2, 3}}, {5, {4, 6}}, {7, {2, 3}});
  check_common(tokens(54, 3), {5, {4, 6}}, {3, {6, 9}}, {5, {4, 6}}, {7, {4, 6}});
  check_common(tokens(196, 3), {5, {1, 1}}, {3, {14, 14}}, {5, {1, 1}}, {7, {1, 1}});
  check_refused(tokens(50, 3), {5, {4, 4}}, declare);  // 7 x 7 and a class token
  check_refused(tokens(16, 3), {5, {4, 6}}, declare);
  check_refused(tokens(1, 3), {5, {4, 6}}, declare);  // the grid of its proportions nearest to 1 would be empty
}

TEST_CASE("tokens next to tokens without a grid must be as many") {
  check_common(tokens(17, 3), tokens(17, 5), {3, {17}}, {5, {17}}, {7, {17}});
  check_common(tokens(24, 3), grid(4, 6, 5), {3, {4, 6}}, {5, {4, 6}}, {7, {4, 6}});
  check_refused(tokens(16, 3), tokens(49, 5), declare);
  check_refused(tokens(17, 3), tokens(16, 5), declare);
  check_refused(tokens(16, 3), grid(7, 7, 5), declare);
}

TEST_CASE("tokens next to sequences and volumes must have as many places") {
  check_common(tokens(16, 3), {5, {16}}, {3, {16}}, {5, {16}}, {7, {16}});
  check_common(grid(2, 8, 3), {5, {16}}, {3, {16}}, {5, {16}}, {7, {16}});
  check_common(tokens(24, 3), {5, {2, 3, 4}}, {3, {2, 3, 4}}, {5, {2, 3, 4}}, {7, {2, 3, 4}});
  check_refused(tokens(17, 3), {5, {16}}, same_length);
  check_refused(grid(4, 4, 3), {5, {8}}, same_length);
  check_refused(tokens(25, 3), {5, {2, 3, 4}}, reshape);
}

TEST_CASE("empty shapes are refused, with who asked and how to get real ones") {
  for (const auto& pair :
       {std::pair(FeatureShape{0, {4, 4}}, FeatureShape{3, {4, 4}}),
        std::pair(FeatureShape{3, {4, 4}}, FeatureShape{3, {4, 0}}), std::pair(FeatureShape{}, FeatureShape{3, {}})}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(common_shape(pair.first, pair.second, 7, "StudentConv")),
                         doctest::Contains("StudentConv cannot be made for"), afd::ShapeError);
  }
  CHECK_THROWS_WITH_AS(static_cast<void>(common_shape({0, {}}, {3, {}}, 7, "T")),
                       doctest::Contains("afd::feature_shape(features)"), afd::ShapeError);
}

TEST_SUITE_END();
