// SPDX-License-Identifier: MIT
#include <afd/transfer/transfer.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("transfer");

namespace {

struct LayersWithoutOutputImpl : torch::nn::Module {
  torch::Tensor student(const torch::Tensor& features) { return features; }
  torch::Tensor teacher(const torch::Tensor& features) { return features; }
};
TORCH_MODULE(LayersWithoutOutput);
struct NoOutput {
  LayersWithoutOutput make(afd::FeatureShape, afd::FeatureShape) const { return {}; }
};
struct MakesNothing {};
struct MakesNumber {
  int make(afd::FeatureShape, afd::FeatureShape) const { return 0; }
};
struct OnlyOneShape {
  afd::IdentityLayers make(const afd::FeatureShape& shape) const { return afd::IdentityLayers(shape); }
};

}  // namespace

static_assert(afd::Transfer<afd::IdentityTransfer>);
static_assert(!afd::Transfer<MakesNothing> && !afd::Transfer<MakesNumber> && !afd::Transfer<OnlyOneShape>);
static_assert(!afd::Transfer<NoOutput> && afd::TransferMapsBothSides<NoOutput>);
static_assert(!afd::Transfer<afd::IdentityLayers>);

TEST_CASE("the identity gives both sides back as they are and has nothing to train") {
  for (const afd::FeatureShape& shape : {afd::FeatureShape{2, {}}, {2, {3}}, {2, {3, 4}}, {2, {3, 4, 5}}}) {
    CAPTURE(shape);
    afd::IdentityLayers layers = afd::IdentityTransfer{}.make(shape, shape);
    const torch::Tensor features = torch::randn(shape.sizes(5));
    CHECK(layers->student(features).is_same(features));
    CHECK(layers->teacher(features).is_same(features));
    CHECK(layers->output() == shape);
    CHECK(layers->parameters().empty());
  }
}

TEST_CASE("the identity takes tokens for what they are with channels first") {
  const torch::Tensor tokens = torch::zeros({1, 12, 2});
  const afd::FeatureShape flat = afd::feature_shape(afd::Tokens{tokens}),
                          grid = afd::feature_shape(afd::Tokens{tokens, 3, 4});
  CHECK((afd::IdentityTransfer{}.make(flat, flat)->output() == afd::FeatureShape{2, {12}}));
  CHECK((afd::IdentityTransfer{}.make(grid, {2, {3, 4}})->output() == afd::FeatureShape{2, {3, 4}}));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::IdentityTransfer{}.make(flat, {2, {3, 4}})),
                       doctest::Contains("features tokens [12, 2] have not the shape of the teacher's [2, 3, 4]; use "
                                         "afd::StudentConv"),
                       afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::IdentityTransfer{}.make(flat, grid)), afd::ShapeError);
}

TEST_CASE("the identity refuses shapes that differ, whichever side is larger") {
  const afd::FeatureShape map{2, {3, 4}};
  for (const afd::FeatureShape& other :
       {afd::FeatureShape{3, {3, 4}}, {2, {2, 4}}, {2, {3, 5}}, {2, {12}}, {2, {}}, {2, {3, 4, 1}}}) {
    CAPTURE(other);
    CHECK_THROWS_AS(static_cast<void>(afd::IdentityTransfer{}.make(map, other)), afd::ShapeError);
    CHECK_THROWS_AS(static_cast<void>(afd::IdentityTransfer{}.make(other, map)), afd::ShapeError);
  }
}

TEST_SUITE_END();
