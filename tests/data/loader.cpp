// SPDX-License-Identifier: MIT
#include <afd/data/loader.hpp>
//
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <afd/data/augmentation.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::Batch;
using afd::BatchLoader;
using afd::Compose;
using afd::LoaderOptions;
using afd::TensorDataset;

namespace {

/// n images of 1x4x4, all pixels of image i equal to i; its target is i.
TensorDataset numbered(std::int64_t n) {
  const torch::Tensor index = torch::arange(n, torch::kInt64);
  return {index.to(torch::kUInt8).view({n, 1, 1, 1}).expand({n, 1, 4, 4}), index};
}

template <class Loader>
std::vector<Batch> walk(Loader& loader) {
  std::vector<Batch> batches;
  for (auto&& batch : loader) batches.push_back(afd::as_batch(batch));
  return batches;
}

torch::Tensor targets(const std::vector<Batch>& batches) {
  std::vector<torch::Tensor> parts;
  for (const Batch& batch : batches) parts.push_back(batch.targets);
  return torch::cat(parts);
}

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].inputs.equal(b[i].inputs) || !a[i].targets.equal(b[i].targets)) return false;
  }
  return true;
}

/// Token ids with a mask, of n texts of 7 tokens; all ids of text i are i, and so is its target.
auto texts(std::int64_t n) {
  const torch::Tensor index = torch::arange(n, torch::kInt64);
  const torch::Tensor ids = index.view({n, 1}).expand({n, 7});
  return afd::tensor_dataset(std::tuple{ids, ids.remainder(2).eq(0)}, index);
}

/// A question of the user's own.
struct Question {
  torch::Tensor image;
  std::optional<torch::Tensor> words;
};

/// Draws its samples: nothing is in memory.
struct Drawn {
  [[nodiscard]] std::int64_t size() const { return 10; }
  void validate() const {}
  [[nodiscard]] afd::BasicBatch<Question, afd::NoTargets> gather(const torch::Tensor& rows,
                                                                 const afd::CounterRng& rng) const {
    torch::Tensor image = torch::empty({rows.numel(), 1});
    for (std::int64_t i = 0; i < rows.numel(); ++i) image[i] = rng.unit(i);
    return {{.image = image, .words = rows}, {}};
  }
};

const Compose noisy{afd::PadCrop{2}, afd::HorizontalFlip{}, afd::UnitRange{}};

}  // namespace

static_assert(std::forward_iterator<BatchLoader<>::Iterator>);
static_assert(afd::BatchSource<BatchLoader<>> && afd::BatchSource<BatchLoader<>::Epoch>);
static_assert(afd::CanResumeEpoch<BatchLoader<>>);
static_assert(std::same_as<BatchLoader<>::Iterator::value_type, Batch>);
static_assert(afd::Dataset<TensorDataset> && afd::Dataset<decltype(texts(1))> && afd::Dataset<Drawn>);
static_assert(!afd::Dataset<torch::Tensor>);
static_assert(afd::HasFingerprint<TensorDataset> && !afd::HasFingerprint<Drawn>);
static_assert(std::same_as<afd::BatchOfDataset<Drawn>::Inputs, Question>);

TEST_CASE("without shuffling the batches are the data set, all of it and in order") {
  BatchLoader loader{numbered(10), {.batch_size = 3, .shuffle = false}};
  const std::vector<Batch> batches = walk(loader);
  REQUIRE(batches.size() == 4);
  CHECK(batches[3].targets.size(0) == 1);
  CHECK(targets(batches).equal(torch::arange(10)));
  CHECK(batches[1].inputs.sizes() == torch::IntArrayRef({3, 1, 4, 4}));
  CHECK(batches[1].inputs.dtype() == torch::kFloat32);  // UnitRange, the default transform
  CHECK(batches[1].inputs.is_contiguous());
  CHECK(torch::allclose(batches[1].inputs[2], torch::full({1, 4, 4}, 5.0 / 255)));
}

TEST_CASE("shuffling keeps inputs with their targets and visits every sample once") {
  BatchLoader loader{numbered(50), {.batch_size = 8, .seed = 4}};
  const std::vector<Batch> batches = walk(loader);
  CHECK(batches.size() == 7);
  for (const Batch& batch : batches) {
    CHECK((batch.inputs.select(1, 0).select(1, 0).select(1, 0) * 255).round().to(torch::kInt64).equal(batch.targets));
  }
  const torch::Tensor order = targets(batches);
  CHECK(std::get<0>(order.sort()).equal(torch::arange(50)));
  CHECK(order.equal(torch::tensor(afd::permutation(50, 4, 0), torch::kInt64)));
}

TEST_CASE("a seed and an epoch give the same batches to the bit; another of either gives others") {
  const TensorDataset data = numbered(50);
  BatchLoader loader{data, {.batch_size = 8, .seed = 1}, noisy};
  BatchLoader again{data, {.batch_size = 8, .seed = 1}, noisy};
  BatchLoader other_seed{data, {.batch_size = 8, .seed = 2}, noisy};
  loader.start_epoch(3);
  again.start_epoch(7);
  const std::vector<Batch> epoch_3 = walk(loader);
  const std::vector<Batch> epoch_7 = walk(again);
  CHECK_FALSE(same(epoch_3, walk(loader)));  // epoch 4
  loader.start_epoch(3);
  CHECK(same(epoch_3, walk(loader)));
  CHECK_FALSE(same(epoch_3, epoch_7));
  again.start_epoch(3);
  CHECK(same(epoch_3, walk(again)));
  other_seed.start_epoch(3);
  CHECK_FALSE(same(epoch_3, walk(other_seed)));
}

TEST_CASE("a plain loop over epochs gives each of them its own order and augmentation") {
  for (const bool shuffle : {true, false}) {
    BatchLoader loader{numbered(50), {.batch_size = 8, .shuffle = shuffle, .seed = 1}, noisy};
    BatchLoader told{numbered(50), {.batch_size = 8, .shuffle = shuffle, .seed = 1}, noisy};
    std::vector<std::vector<Batch>> epochs;
    for (int epoch = 0; epoch < 3; ++epoch) {
      epochs.emplace_back();
      for (const Batch& batch : loader) epochs.back().push_back(batch);
    }
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
      told.start_epoch(static_cast<std::int64_t>(epoch));
      CHECK(same(epochs[epoch], walk(told)));
    }
    CHECK_FALSE(same(epochs[0], epochs[1]));
    CHECK_FALSE(same(epochs[1], epochs[2]));
  }
}

TEST_CASE("start_epoch decides what is walked next, and from there the epochs go on, from their first batch") {
  const BatchLoader all{numbered(50), {.batch_size = 8, .seed = 1}, noisy};
  BatchLoader loader{numbered(50), {.batch_size = 8, .seed = 1}, noisy};
  const auto epoch = [&](std::int64_t number, std::int64_t first = 0) {
    std::vector<Batch> batches;
    for (std::int64_t b = first; b < all.batch_count(); ++b) batches.push_back(all.epoch(number).batch(b));
    return batches;
  };
  loader.start_epoch(5, 4);
  CHECK(same(walk(loader), epoch(5, 4)));
  CHECK(loader.batch(0).targets.equal(epoch(5)[0].targets));
  CHECK(same(walk(loader), epoch(6)));
  CHECK(loader.batch(0).targets.equal(epoch(6)[0].targets));
  CHECK(same(walk(loader), epoch(7)));
  loader.start_epoch(7);
  CHECK(same(walk(loader), epoch(7)));
  for (int i = 0; i < 2; ++i) {  // told each time, as a trainer tells it
    loader.start_epoch(2, 3);
    CHECK(same(walk(loader), epoch(2, 3)));
  }
  for (const Batch& batch : loader) {  // left early: the epoch is begun all the same
    CHECK(batch.targets.equal(epoch(3)[0].targets));
    break;
  }
  CHECK(same(walk(loader), epoch(4)));
  loader.start_epoch(9);
  CHECK_THROWS_AS(loader.start_epoch(-1), afd::ConfigError);  // changes nothing
  CHECK(same(walk(loader), epoch(9)));
}

TEST_CASE("an iterator stays in its epoch, whatever the loader goes on to") {
  BatchLoader loader{numbered(50), {.batch_size = 8, .seed = 1}, noisy};
  const BatchLoader all{numbered(50), {.batch_size = 8, .seed = 1}, noisy};
  auto first = loader.begin();
  auto second = loader.begin();
  std::int64_t index = 0;
  for (; first != loader.end(); ++first, ++second, ++index) {
    CHECK((*first).inputs.equal(all.epoch(0).batch(index).inputs));
    CHECK((*second).inputs.equal(all.epoch(1).batch(index).inputs));
  }
  CHECK(index == 7);
  CHECK(second == loader.end());
  auto copy = loader.begin();
  const auto before = copy++;
  loader.start_epoch(40);
  CHECK((*before).inputs.equal(all.epoch(2).batch(0).inputs));
  CHECK((*copy).inputs.equal(all.epoch(2).batch(1).inputs));
}

TEST_CASE("the fingerprint is of the options, the data and the transform") {
  const TensorDataset data = numbered(50);
  TensorDataset other_images{data.inputs.clone(), data.targets}, other_labels{data.inputs, data.targets.clone()};
  other_images.inputs[49][0][3][3] = 0;
  other_labels.targets[20] = 0;
  const LoaderOptions options{.batch_size = 8, .seed = 1};
  const auto print = [](const auto&... arguments) { return BatchLoader{arguments...}.fingerprint(); };
  const std::int64_t same = print(data, options, noisy);
  CHECK(print(data, options, Compose{afd::PadCrop{2}, afd::HorizontalFlip{}, afd::UnitRange{}}) == same);
  CHECK(print(TensorDataset{data.inputs.clone(), data.targets.clone()}, options, noisy) == same);
  CHECK(print(data, LoaderOptions{.batch_size = 8, .seed = 1, .device = torch::kMeta}, noisy) == same);
  BatchLoader walked{data, options, noisy};
  walked.start_epoch(7);
  CHECK(walked.fingerprint() == same);
  const auto twice = [](const torch::Tensor& inputs, const afd::CounterRng&) { return inputs * 2; };
  const std::set<std::int64_t> all{
      same,
      print(other_images, options, noisy),
      print(other_labels, options, noisy),
      print(numbered(51), options, noisy),
      print(data, LoaderOptions{.batch_size = 9, .seed = 1}, noisy),
      print(data, LoaderOptions{.batch_size = 8, .seed = 2}, noisy),
      print(data, LoaderOptions{.batch_size = 8, .shuffle = false, .seed = 1}, noisy),
      print(data, LoaderOptions{.batch_size = 8, .seed = 1, .drop_last = true}, noisy),
      print(data, LoaderOptions{.batch_size = 8, .seed = 1, .min_batch = 1}, noisy),
      print(data, options, Compose{afd::PadCrop{1}, afd::HorizontalFlip{}, afd::UnitRange{}}),
      print(data, options, Compose{afd::HorizontalFlip{}, afd::PadCrop{2}, afd::UnitRange{}}),
      print(data, options, afd::Normalize{.mean = {0.5}, .stddev = {0.5}}),
      print(data, options, afd::Normalize{.mean = {0.5}, .stddev = {0.25}}),
      print(data, options, twice),
      print(data, options)};
  CHECK(all.size() == 15);
  CHECK(print(Drawn{}, options) == print(Drawn{}, options));  // has none of its own
}

TEST_CASE("the transform of an unshuffled epoch follows the epoch too") {
  BatchLoader loader{numbered(50), {.batch_size = 50, .shuffle = false}, noisy};
  const torch::Tensor first = walk(loader)[0].inputs;
  loader.start_epoch(1);
  CHECK_FALSE(walk(loader)[0].inputs.equal(first));
}

TEST_CASE("an epoch entered half-way goes on exactly where it was left") {
  BatchLoader loader{numbered(50), {.batch_size = 8, .seed = 1}, noisy};
  loader.start_epoch(5);
  const std::vector<Batch> whole = walk(loader);
  loader.start_epoch(5, 4);
  CHECK(same(walk(loader), {whole.begin() + 4, whole.end()}));
  CHECK(loader.batch_count() == 7);
  loader.start_epoch(5, 7);
  CHECK(walk(loader).empty());
  loader.start_epoch(5);
  CHECK(walk(loader).size() == 7);
}

TEST_CASE("augmentation follows the sample's place in the epoch, whatever the batch size") {
  BatchLoader small{numbered(48), {.batch_size = 8, .seed = 1}, noisy};
  BatchLoader large{numbered(48), {.batch_size = 24, .seed = 1}, noisy};
  const auto inputs = [](auto& loader) {
    std::vector<torch::Tensor> parts;
    for (const Batch& batch : loader) parts.push_back(batch.inputs);
    return torch::cat(parts);
  };
  CHECK(inputs(small).equal(inputs(large)));
}

TEST_CASE("which last batch is left out") {
  const auto sizes = [](std::int64_t samples, const LoaderOptions& options) {
    BatchLoader loader{numbered(samples), options};
    std::vector<std::int64_t> counts;
    for (const Batch& batch : loader) counts.push_back(batch.targets.size(0));
    CHECK(loader.batch_count() == static_cast<std::int64_t>(counts.size()));
    CHECK(afd::batch_count(loader) == loader.batch_count());
    CHECK(loader.sample_count() == samples);
    return counts;
  };
  using Sizes = std::vector<std::int64_t>;
  CHECK(sizes(9, {.batch_size = 4}) == Sizes{4, 4});  // one sample: BatchNorm could not train on it
  CHECK(sizes(10, {.batch_size = 4}) == Sizes{4, 4, 2});
  CHECK(sizes(9, {.batch_size = 4, .min_batch = 1}) == Sizes{4, 4, 1});
  CHECK(sizes(11, {.batch_size = 4, .min_batch = 4}) == Sizes{4, 4});
  CHECK(sizes(9, {.batch_size = 4, .shuffle = false}) == Sizes{4, 4, 1});
  CHECK(sizes(11, {.batch_size = 4, .drop_last = true}) == Sizes{4, 4});
  CHECK(sizes(11, {.batch_size = 4, .shuffle = false, .drop_last = true}) == Sizes{4, 4});
  CHECK(sizes(8, {.batch_size = 4}) == Sizes{4, 4});
  CHECK(sizes(3, {.batch_size = 4}) == Sizes{3});
  CHECK(sizes(2, {.batch_size = 1}) == Sizes{1, 1});
}

TEST_CASE("parts of a batch are the whole: the same samples, with the same chance, however many there are") {
  for (const LoaderOptions& options :
       {LoaderOptions{.batch_size = 8, .seed = 4, .min_batch = 1}, LoaderOptions{.batch_size = 8, .shuffle = false},
        LoaderOptions{.batch_size = 8, .seed = 4, .pad_last = true}}) {
    BatchLoader whole{numbered(20), options, noisy};
    whole.start_epoch(3);
    for (const std::int64_t count : {1, 2, 3, 4}) {
      std::vector<std::vector<Batch>> parts;
      for (std::int64_t index = 0; index < count; ++index) {
        LoaderOptions own = options;
        own.shard = {index, count};
        BatchLoader loader{numbered(20), own, noisy};
        CHECK(loader.fingerprint() == whole.fingerprint());
        CHECK(loader.shard() == own.shard);
        loader.start_epoch(3);
        parts.push_back(walk(loader));
        CHECK(static_cast<std::int64_t>(parts.back().size()) == loader.batch_count());
      }
      const std::vector<Batch> all = walk(whole);
      whole.start_epoch(3);
      CHECK(all.size() == 3);
      for (std::size_t b = 0; b < all.size(); ++b) {
        std::vector<torch::Tensor> inputs, labels;
        for (const auto& part : parts) {
          inputs.push_back(part.at(b).inputs);
          labels.push_back(part.at(b).targets);
        }
        CHECK(torch::equal(torch::cat(labels), all[b].targets));
        CHECK(torch::equal(torch::cat(inputs), all[b].inputs));
      }
    }
  }
}

TEST_CASE("a last batch that is not enough for each process is left out, padded, or given to some") {
  const auto sizes = [](LoaderOptions options, std::int64_t index) {
    options.shard = {index, 2};
    BatchLoader loader{numbered(9), options};
    std::vector<std::int64_t> counts;
    for (const Batch& batch : loader) counts.push_back(batch.targets.size(0));
    CHECK(loader.batch_count() == static_cast<std::int64_t>(counts.size()));
    return counts;
  };
  using Sizes = std::vector<std::int64_t>;
  for (const std::int64_t index : {0, 1}) {
    CHECK(sizes({.batch_size = 4, .min_batch = 1}, index) == Sizes{2, 2});
    CHECK(sizes({.batch_size = 4, .pad_last = true}, index) == Sizes{2, 2, 2});
    CHECK(sizes({.batch_size = 6}, index) == Sizes{3});
    CHECK(sizes({.batch_size = 5}, index) == (index == 0 ? Sizes{2, 2} : Sizes{3, 2}));
  }
  CHECK(sizes({.batch_size = 4, .shuffle = false}, 0) == Sizes{2, 2});
  CHECK(sizes({.batch_size = 4, .shuffle = false}, 1) == Sizes{2, 2, 1});
  // More than the data set has: its samples again.
  BatchLoader few{numbered(3), {.batch_size = 8, .shuffle = false, .pad_last = true}};
  CHECK(torch::equal(walk(few)[0].targets, torch::tensor({0, 1, 2, 0, 1, 2, 0, 1})));
  CHECK_THROWS_WITH_AS((BatchLoader{numbered(9), {.batch_size = 1, .shard = {0, 2}}}),
                       doctest::Contains("a batch of 1 has not a sample for each"), afd::ConfigError);
  CHECK_THROWS_AS((BatchLoader{numbered(9), {.shard = {2, 2}}}), afd::ConfigError);
  CHECK_THROWS_WITH_AS((BatchLoader{numbered(9), {.drop_last = true, .pad_last = true}}),
                       doctest::Contains("choose one"), afd::ConfigError);
}

TEST_CASE("the sample left out changes from epoch to epoch") {
  BatchLoader loader{numbered(9), {.batch_size = 4}};
  std::set<std::int64_t> left_out;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    loader.start_epoch(epoch);
    left_out.insert(36 - targets(walk(loader)).sum().item<std::int64_t>());
  }
  CHECK(left_out.size() > 4);
}

TEST_CASE("changing a batch in place does not change the data set") {
  const torch::Tensor inputs = torch::rand({6, 2});
  const torch::Tensor before = inputs.clone();
  for (const bool shuffle : {false, true}) {
    BatchLoader loader{TensorDataset{inputs, torch::arange(6)}, {.batch_size = 3, .shuffle = shuffle}};
    for (const Batch& batch : loader) {
      batch.inputs.fill_(9);
      batch.targets.fill_(9);
    }
    CHECK(inputs.equal(before));
    CHECK(loader.dataset().targets.equal(torch::arange(6)));
  }
}

TEST_CASE("options and data that give no batches are errors") {
  const auto load = [](const TensorDataset& data, const LoaderOptions& options) {
    static_cast<void>(BatchLoader{data, options});
  };
  CHECK_THROWS_WITH_AS(load(numbered(4), {.batch_size = 0}), doctest::Contains("batch_size"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(load(numbered(4), {.batch_size = -3}), doctest::Contains("-3"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(load(numbered(4), {.min_batch = 0}), doctest::Contains("min_batch"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(load(numbered(0), {}), doctest::Contains("empty"), afd::DataError);
  CHECK_THROWS_WITH_AS(load({}, {}), doctest::Contains("undefined"), afd::DataError);
  CHECK_THROWS_WITH_AS(load(numbered(4), {.batch_size = 5, .drop_last = true}), doctest::Contains("drop_last"),
                       afd::DataError);
  CHECK_THROWS_WITH_AS(load(numbered(1), {}), doctest::Contains("min_batch"), afd::DataError);
}

TEST_CASE("epochs and batches that do not exist are errors") {
  BatchLoader loader{numbered(10), {.batch_size = 5}};
  CHECK_THROWS_WITH_AS(loader.start_epoch(-1), doctest::Contains("epoch -1"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(loader.start_epoch(0, 3), doctest::Contains("has 2 batches"), afd::ConfigError);
  CHECK_THROWS_AS(loader.start_epoch(0, -1), afd::ConfigError);
}

TEST_CASE("inputs may be several tensors: token ids and a mask stay together, with their types") {
  BatchLoader loader{texts(20), {.batch_size = 6, .seed = 5}};
  loader.start_epoch(2);
  static_assert(std::forward_iterator<decltype(loader)::Iterator>);
  std::vector<torch::Tensor> labels;
  for (const auto& [inputs, targets] : loader) {
    const auto& [ids, mask] = inputs;
    CHECK(ids.dtype() == torch::kInt64);
    CHECK(mask.dtype() == torch::kBool);
    CHECK(ids.select(1, 6).equal(targets));
    CHECK(mask.select(1, 3).equal(targets.remainder(2).eq(0)));
    labels.push_back(targets);
  }
  CHECK(torch::cat(labels).equal(torch::tensor(afd::permutation(20, 5, 2), torch::kInt64)));
  const auto second = loader.batch(1);
  CHECK(std::get<0>(second.inputs).select(1, 0).equal(labels[1]));
  CHECK(loader.fingerprint() != BatchLoader{numbered(20), {.batch_size = 6, .seed = 5}}.fingerprint());
}

TEST_CASE("a data set may lack targets, or have them of any kind") {
  const torch::Tensor index = torch::arange(8, torch::kInt64);
  const torch::Tensor images = index.to(torch::kUInt8).view({8, 1});
  BatchLoader bare{afd::tensor_dataset(images), {.batch_size = 3, .shuffle = false}};
  for (const afd::BasicBatch<torch::Tensor, afd::NoTargets>& batch : bare) CHECK(batch.inputs.size(1) == 1);
  CHECK(bare.batch(1).inputs.equal(images.narrow(0, 3, 3).to(torch::kFloat32) / 255));
  const BatchLoader several{afd::tensor_dataset(images, std::array{index, index * 2}), {.batch_size = 8}};
  const auto batch = several.batch(0);
  CHECK(batch.targets[1].equal(batch.targets[0] * 2));
  CHECK((batch.inputs.select(1, 0) * 255).round().to(torch::kInt64).equal(batch.targets[0]));
}

TEST_CASE("images of different sizes are a list") {
  std::vector<torch::Tensor> images;
  for (std::int64_t side = 1; side < 6; ++side) images.push_back(torch::full({1, side, side}, side, torch::kUInt8));
  const BatchLoader loader{afd::tensor_dataset(images, torch::arange(1, 6)), {.batch_size = 3}};
  const auto batch = loader.batch(0);
  REQUIRE(batch.inputs.size() == 3);
  for (std::int64_t i = 0; i < 3; ++i) {
    const torch::Tensor& image = batch.inputs[static_cast<std::size_t>(i)];
    CHECK(image.size(2) == batch.targets[i].item<std::int64_t>());
    CHECK(image.dtype() == torch::kFloat32);
  }
}

TEST_CASE("a data set of the user's gives structs, and takes chance for each sample") {
  BatchLoader loader{Drawn{}, {.batch_size = 4, .seed = 3}};
  BatchLoader larger{Drawn{}, {.batch_size = 8, .seed = 3}};
  CHECK(loader.batch(1).inputs.image.equal(larger.batch(0).inputs.image.narrow(0, 4, 4)));
  CHECK(loader.batch(1).inputs.words->equal(larger.batch(0).inputs.words->narrow(0, 4, 4)));
}

TEST_CASE("the transform may make inputs and targets of other types") {
  const auto average = [](const std::tuple<torch::Tensor, torch::Tensor>& text, const afd::CounterRng&) {
    const auto& [ids, mask] = text;
    return (ids * mask).to(torch::kFloat32).mean(1);
  };
  const auto halves = [](const Batch& batch, const afd::CounterRng&) {
    return afd::BasicBatch{batch.inputs, std::pair{batch.targets, batch.inputs / 2}};
  };
  const BatchLoader loader{texts(10), {.batch_size = 5, .shuffle = false}, Compose{average, halves}};
  const auto batch = loader.batch(1);
  CHECK(batch.inputs.equal(torch::tensor({0., 6., 0., 8., 0.}, torch::kFloat32)));
  CHECK(batch.targets.first.equal(torch::arange(5, 10)));
  CHECK(batch.targets.second.equal(batch.inputs / 2));
}

TEST_CASE("every tensor goes to the device; without one, batches are where the data set is") {
  const BatchLoader loader{texts(4), {.batch_size = 4, .device = torch::kMeta}};
  const auto batch = loader.batch(0);
  CHECK(std::get<0>(batch.inputs).is_meta());
  CHECK(std::get<1>(batch.inputs).is_meta());
  CHECK(batch.targets.is_meta());
  CHECK(loader.device() == torch::Device(torch::kMeta));
  CHECK(BatchLoader{texts(4), {}}.device() == torch::Device(torch::kCPU));
  // What is gathered there is tested in tests/pretend: the meta device cannot.
  const torch::Tensor away = torch::empty({4, 2}, torch::TensorOptions().device(torch::kMeta));
  const BatchLoader there{afd::tensor_dataset(std::tuple{away, away}), {.batch_size = 2}};
  CHECK(there.device() == torch::Device(torch::kMeta));
}

TEST_SUITE_END();
