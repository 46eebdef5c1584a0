// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

namespace {

struct LayersWithoutOutputImpl : torch::nn::Module {
  torch::Tensor student(const torch::Tensor& map) { return map; }
  torch::Tensor teacher(const torch::Tensor& map) { return map; }
};
TORCH_MODULE(LayersWithoutOutput);
struct NoOutput {
  LayersWithoutOutput make(afd::MapShape, afd::MapShape) const { return {}; }
};
struct MakesNothing {};
struct MakesNumber {
  int make(afd::MapShape, afd::MapShape) const { return 0; }
};
struct OnlyOneShape {
  afd::IdentityLayers make(afd::MapShape shape) const { return afd::IdentityLayers(shape); }
};

}  // namespace

static_assert(afd::Transfer<afd::IdentityTransfer>);
static_assert(!afd::Transfer<MakesNothing> && !afd::Transfer<MakesNumber> && !afd::Transfer<OnlyOneShape>);
static_assert(!afd::Transfer<NoOutput> && afd::TransferMapsBothSides<NoOutput>);
static_assert(!afd::Transfer<afd::IdentityLayers>);

TEST_CASE("the identity gives both maps back as they are and has nothing to train") {
  afd::IdentityLayers layers = afd::IdentityTransfer{}.make({2, 3, 4}, {2, 3, 4});
  const torch::Tensor map = torch::randn({5, 2, 3, 4});
  CHECK(layers->student(map).is_same(map));
  CHECK(layers->teacher(map).is_same(map));
  CHECK(layers->output() == afd::MapShape{2, 3, 4});
  CHECK(layers->parameters().empty());
}

TEST_CASE("the identity refuses shapes that differ, whichever side is larger") {
  for (const afd::MapShape other : {afd::MapShape{3, 3, 4}, {2, 2, 4}, {2, 3, 5}}) {
    CHECK_THROWS_AS(static_cast<void>(afd::IdentityTransfer{}.make({2, 3, 4}, other)), afd::ShapeError);
    CHECK_THROWS_AS(static_cast<void>(afd::IdentityTransfer{}.make(other, {2, 3, 4})), afd::ShapeError);
  }
}

TEST_SUITE_END();
