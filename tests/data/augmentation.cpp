// SPDX-License-Identifier: MIT
#include <afd/data/augmentation.hpp>
//
#include <array>
#include <concepts>
#include <cstdint>
#include <tuple>

#include <torch/torch.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Compose;
using afd::CounterRng;
using afd::HorizontalFlip;
using afd::Normalize;
using afd::PadCrop;

namespace {

/// Adds one random number per row: shows which numbers a transform was given.
struct AddNoise {
  torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng& rng) const {
    torch::Tensor noise = torch::empty({inputs.size(0), 1}, torch::kFloat64);
    for (std::int64_t i = 0; i < inputs.size(0); ++i) noise[i] = rng.unit(i);
    return inputs + noise;
  }
};

/// Gives each label twice.
struct Doubles {
  auto operator()(const afd::Batch& batch, const CounterRng&) const {
    return afd::BasicBatch{batch.inputs, std::array{batch.targets, batch.targets * 2}};
  }
};

}  // namespace

static_assert(afd::BatchTransform<Compose<>>);
static_assert(afd::BatchTransform<Compose<AddNoise, Compose<HorizontalFlip>>>);

TEST_CASE("Compose applies its transforms from left to right") {
  torch::manual_seed(6);
  const torch::Tensor images = torch::randint(0, 256, {20, 2, 8, 8}, torch::kUInt8);
  const Normalize normalize{{0.5, 0.4}, {0.2, 0.3}};
  const CounterRng rng(1, 2, 3);
  const torch::Tensor expected =
      normalize(HorizontalFlip{}(PadCrop{2}(images, rng.stream(0)), rng.stream(1)), rng.stream(2));
  CHECK(Compose{PadCrop{2}, HorizontalFlip{}, normalize}(images, rng).equal(expected));
  CHECK(Compose<>{}(images, rng).equal(images));
}

TEST_CASE("two equal transforms in one Compose draw different numbers") {
  const torch::Tensor zeros = torch::zeros({4, 1}, torch::kFloat64);
  const CounterRng rng(0, 0);
  const torch::Tensor once = Compose{AddNoise{}}(zeros, rng);
  const torch::Tensor twice = Compose{AddNoise{}, AddNoise{}}(zeros, rng);
  CHECK(((twice - 2 * once).abs() > 1e-6).all().item<bool>());
}

TEST_CASE("what happens to a sample does not depend on how the epoch is cut into batches") {
  torch::manual_seed(7);
  const torch::Tensor images = torch::randint(0, 256, {12, 1, 8, 8}, torch::kUInt8);
  const Compose augment{PadCrop{3, afd::PadMode::reflect}, HorizontalFlip{}};
  const torch::Tensor whole = augment(images, CounterRng(4, 5));
  const torch::Tensor rest = augment(images.narrow(0, 7, 5), CounterRng(4, 5, 7));
  CHECK(rest.equal(whole.narrow(0, 7, 5)));
}

TEST_CASE("Compose takes transforms of inputs and of batches, whatever they make of them") {
  const afd::Batch batch{torch::zeros({4, 1}, torch::kFloat64), torch::arange(4)};
  const CounterRng rng(1, 1);
  Compose mixed{AddNoise{}, Doubles{}, AddNoise{}};
  const auto made = mixed(batch, rng);
  static_assert(std::same_as<decltype(made), const afd::BasicBatch<torch::Tensor, std::array<torch::Tensor, 2>>>);
  CHECK(made.inputs.equal(AddNoise{}(AddNoise{}(batch.inputs, rng.stream(0)), rng.stream(2))));
  CHECK(made.targets[0].is_same(batch.targets));
  CHECK(made.targets[1].equal(batch.targets * 2));
  static_assert(afd::BatchTransform<decltype(mixed)> && !afd::TransformsInputs<decltype(mixed)>);
  CHECK(Compose{mixed, AddNoise{}}(batch, rng).inputs.numel() == 4);
}

TEST_CASE("Compose fits a batch if each of its transforms fits what the last one made") {
  using Pair = std::tuple<torch::Tensor, torch::Tensor>;
  using PairBatch = afd::BasicBatch<Pair, afd::NoTargets>;
  auto join = [](const Pair& pair, const CounterRng&) { return torch::cat({get<0>(pair), get<1>(pair)}, 1); };
  static_assert(afd::BatchTransform<Compose<decltype(join), AddNoise>, PairBatch>);
  static_assert(!afd::BatchTransform<Compose<AddNoise, decltype(join)>, PairBatch>);
  static_assert(!afd::BatchTransform<Compose<Doubles, Doubles>>);
  const Pair pair{torch::ones({2, 1}), torch::zeros({2, 1})};
  CHECK(Compose{join, AddNoise{}}(pair, CounterRng(0, 0)).sizes() == torch::IntArrayRef({2, 2}));
}

TEST_SUITE_END();
