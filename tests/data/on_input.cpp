// SPDX-License-Identifier: MIT
#include <afd/data/on_input.hpp>
//
#include <array>
#include <tuple>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::CounterRng;
using afd::HorizontalFlip;
using afd::OnInput;

namespace {

struct Scene {
  torch::Tensor image;
  torch::Tensor depth;
};

using Pair = std::tuple<torch::Tensor, torch::Tensor>;
template <class Transform, class Inputs>
constexpr bool fits = afd::BatchTransform<Transform, afd::BasicBatch<Inputs, afd::NoTargets>>;

const HorizontalFlip always{.probability = 1};

torch::Tensor image() {
  return torch::arange(8).view({1, 1, 2, 4});
}

}  // namespace

static_assert(fits<OnInput<0, HorizontalFlip>, Pair> && fits<OnInput<1, HorizontalFlip>, Pair>);
static_assert(!fits<OnInput<2, HorizontalFlip>, Pair> && !fits<OnInput<0, HorizontalFlip>, torch::Tensor>);
static_assert(fits<OnInput<&Scene::depth, HorizontalFlip>, Scene> && !fits<OnInput<0, HorizontalFlip>, Scene>);
static_assert(!fits<OnInput<&Scene::depth, HorizontalFlip>, Pair>);
static_assert(fits<OnInput<0, HorizontalFlip>, afd::Views<torch::Tensor, Pair>>);
static_assert(!fits<OnInput<1, HorizontalFlip>, afd::Views<torch::Tensor, Pair>>);
static_assert(fits<OnInput<1, OnInput<0, HorizontalFlip>>, afd::Views<torch::Tensor, Pair>>);

TEST_CASE("one part of the inputs is transformed, the others pass") {
  const CounterRng rng(0, 0);
  const torch::Tensor other = torch::zeros({1, 3});
  const Pair pair = OnInput<0, HorizontalFlip>{{.probability = 1}}(Pair{image(), other}, rng);
  CHECK(std::get<0>(pair).equal(image().flip({3})));
  CHECK(std::get<1>(pair).is_same(other));
  CHECK(afd::on_input<1>(always)(std::array{other, image()}, rng)[1].equal(image().flip({3})));
  const Scene scene = afd::on_input<&Scene::depth>(always)(Scene{other, image()}, rng);
  CHECK(scene.image.is_same(other));
  CHECK(scene.depth.equal(image().flip({3})));
  const auto views = afd::on_input<1>(afd::on_input<0>(always))(afd::Views{other, Pair{image(), other}}, rng);
  CHECK(std::get<0>(std::get<1>(views.each)).equal(image().flip({3})));
}

TEST_CASE("it stands in a Compose, with the random numbers of its place") {
  const torch::Tensor images = torch::arange(40).view({20, 1, 1, 2});
  const CounterRng rng(1, 2);
  const afd::Compose both{afd::on_input<0>(HorizontalFlip{}), afd::on_input<1>(HorizontalFlip{})};
  const Pair flipped = both(Pair{images, images}, rng);
  CHECK(std::get<0>(flipped).equal(HorizontalFlip{}(images, rng.stream(0))));
  CHECK(std::get<1>(flipped).equal(HorizontalFlip{}(images, rng.stream(1))));
}

TEST_SUITE_END();
