// SPDX-License-Identifier: MIT
#include <afd/data/make_views.hpp>
//
#include <concepts>
#include <tuple>

#include <torch/torch.h>

#include <afd/data/augmentation.hpp>
#include <afd/data/cut_mix.hpp>
#include <afd/data/loader.hpp>
#include <afd/data/on_input.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Compose;
using afd::CounterRng;
using afd::HorizontalFlip;
using afd::MakeViews;
using afd::PadCrop;
using afd::UnitRange;

namespace {

const Compose gently{HorizontalFlip{}, UnitRange{}};
const Compose strongly{PadCrop{.padding = 3}, HorizontalFlip{}, UnitRange{}};

torch::Tensor images() {
  torch::manual_seed(4);
  return torch::randint(256, {16, 1, 8, 8}, torch::kUInt8);
}

using Both = MakeViews<UnitRange, HorizontalFlip>;
using Pair = std::tuple<torch::Tensor, torch::Tensor>;
static_assert(afd::TransformsInputs<Both> && !afd::TransformsInputs<Both, Pair>);
static_assert(!afd::BatchTransform<MakeViews<afd::CutMix, UnitRange>>);

}  // namespace

TEST_CASE("view k is what transform k makes of the inputs, with random numbers of its own") {
  const CounterRng rng(1, 2, 3);
  const auto views = MakeViews{gently, strongly}(images(), rng);
  static_assert(std::same_as<decltype(views), const afd::Views<torch::Tensor, torch::Tensor>>);
  CHECK(std::get<0>(views.each).equal(gently(images(), rng.stream(0))));
  CHECK(std::get<1>(views.each).equal(strongly(images(), rng.stream(1))));
  const auto twins = MakeViews{gently, gently, gently}(images(), rng);
  CHECK_FALSE(std::get<0>(twins.each).equal(std::get<1>(twins.each)));
  CHECK_FALSE(std::get<1>(twins.each).equal(std::get<2>(twins.each)));
}

TEST_CASE("views may be of different kinds, made of a tuple, and one inside the other") {
  const Pair pair{images(), images()};
  const auto first = [](const Pair& both, const CounterRng&) { return std::get<0>(both); };
  const auto views = MakeViews{first, afd::on_input<1>(HorizontalFlip{1}), MakeViews{first}}(pair, CounterRng(0, 0));
  CHECK(std::get<0>(views.each).equal(images()));
  CHECK(std::get<1>(std::get<1>(views.each)).equal(images().flip({3})));
  CHECK(std::get<0>(std::get<2>(views.each).each).equal(images()));
}

TEST_CASE("a loader gives the views of a batch, the same to the bit whenever it is asked") {
  const afd::TensorDataset data{images(), torch::arange(16)};
  const Compose views{afd::CutMix{.classes = 16}, MakeViews{gently, strongly}};
  afd::BatchLoader loader{data, {.batch_size = 6, .seed = 1}, views};
  loader.start_epoch(2);
  const auto last = loader.batch(2), first = loader.batch(0);
  CHECK(afd::sample_count(last.inputs) == 4);
  CHECK(first.targets.sizes() == torch::IntArrayRef({6, 16}));
  int seen = 0;
  for (const auto& batch : loader) {
    if (seen == 0) CHECK(std::get<1>(batch.inputs.each).equal(std::get<1>(first.inputs.each)));
    if (seen == 2) CHECK(std::get<0>(batch.inputs.each).equal(std::get<0>(last.inputs.each)));
    ++seen;
  }
  CHECK(seen == 3);
}

TEST_SUITE_END();
