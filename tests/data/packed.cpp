// SPDX-License-Identifier: MIT
#include <afd/data/packed.hpp>
//
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/data/views.hpp>
#include <afd/network/outputs.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::detail::can_be_packed;
using afd::detail::pack;
using afd::detail::unpacked;
using torch::Tensor;

namespace {

enum class Kind { one, two };

struct Detections {
  std::vector<Tensor> boxes;
  std::optional<Tensor> masks;
  std::array<Tensor, 2> maps;
  std::pair<double, std::int64_t> scale;
  Kind kind = Kind::one;
  std::string name;
};

struct Closed {
  explicit Closed(Tensor of) : tensor(std::move(of)) {}
  Tensor tensor;
};

}  // namespace

static_assert(can_be_packed<Tensor>() && can_be_packed<afd::Outputs>() && can_be_packed<afd::TappedOutputs<3>>());
static_assert(can_be_packed<afd::Tokens>() && can_be_packed<Detections>() && can_be_packed<std::tuple<Tensor, int>>());
static_assert(!can_be_packed<Closed>() && !can_be_packed<std::map<int, Tensor>>() && !can_be_packed<const char*>());

TEST_CASE("a value comes back from its parts, undefined tensors and numbers included") {
  const Detections given{{torch::ones({2}), Tensor(), torch::zeros({1, 3})},
                         torch::randn({4}),
                         {Tensor(), torch::eye(2)},
                         {-0.1, -7},
                         Kind::two,
                         "owl"};
  const auto parts = pack(given);
  CHECK(parts.tensors.size() == 4);
  const auto back = unpacked<Detections>(parts);
  REQUIRE(back.boxes.size() == 3);
  CHECK(back.boxes[0].is_same(given.boxes[0]));
  CHECK_FALSE(back.boxes[1].defined());
  CHECK(back.boxes[2].is_same(given.boxes[2]));
  CHECK(back.masks->is_same(*given.masks));
  CHECK_FALSE(back.maps[0].defined());
  CHECK(back.maps[1].is_same(given.maps[1]));
  CHECK(back.scale == given.scale);
  CHECK(back.kind == Kind::two);
  CHECK(back.name == "owl");
  const auto tokens = unpacked<afd::Tokens>(pack(afd::Tokens{torch::ones({1, 6, 2}), 2, 3}));
  CHECK(tokens.height == 2);
  CHECK(tokens.width == 3);
  CHECK_FALSE(unpacked<Detections>(pack(Detections{})).masks.has_value());
}

TEST_CASE("parts of another type are refused") {
  CHECK_THROWS_AS(static_cast<void>(unpacked<afd::Outputs>(pack(torch::ones({2})))), afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(unpacked<Tensor>(pack(afd::Outputs{torch::ones({2}), torch::ones({2})}))),
                  afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(unpacked<std::vector<Tensor>>({{}, {1000000000}})), afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(unpacked<std::vector<Tensor>>({{}, {-1}})), afd::FormatError);
  CHECK_THROWS_AS(static_cast<void>(unpacked<Tensor>({{}, {1}})), afd::FormatError);
}

TEST_CASE("of a class that lists its tensors, those are packed") {
  CHECK(pack(afd::Views<Tensor, Tensor>(torch::ones({2}), torch::zeros({3}))).tensors.size() == 2);
}

TEST_SUITE_END();
