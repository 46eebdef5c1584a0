// SPDX-License-Identifier: MIT
#include <afd/data/batch.hpp>
//
#include <array>
#include <concepts>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include <torch/data.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("data");

using afd::as_batch;
using afd::Batch;
using afd::BatchLike;
using afd::BatchSource;
using Example = torch::data::Example<>;
using TensorPair = std::pair<torch::Tensor, torch::Tensor>;

namespace {

/// Sample i is the vector (i, -i) with target i.
struct Counting : torch::data::Dataset<Counting> {
  Example get(size_t index) override {
    const auto i = static_cast<float>(index);
    return {torch::tensor({i, -i}), torch::tensor(static_cast<std::int64_t>(index))};
  }
  torch::optional<size_t> size() const override { return 10; }
};

auto stacked_loader() {
  return torch::data::make_data_loader<torch::data::samplers::SequentialSampler>(
      Counting{}.map(torch::data::transforms::Stack<>()), /*batch_size=*/4);
}

/// The least a source can be: single-pass, not const, its iterator neither copyable nor
/// default-constructible.
class Countdown {
 public:
  class Position {
   public:
    explicit Position(int& left) : left_(left) {}
    Position(Position&&) = default;
    Position(const Position&) = delete;
    TensorPair operator*() const { return {torch::full({2, 3}, left_), torch::full({2}, left_, torch::kInt64)}; }
    void operator++() { --left_; }
    bool operator!=(int end) const { return left_ != end; }

   private:
    int& left_;
  };
  Position begin() { return Position(left_ = 3); }
  int end() { return 0; }

 private:
  int left_ = 0;
};

struct CountsItself {
  std::vector<Batch> batches;
  auto begin() { return batches.begin(); }
  auto end() { return batches.end(); }
  std::int64_t batch_count() const { return 77; }
  std::size_t size() const { return 9'000; }
  void start_epoch(std::int64_t) {}
};

template <BatchSource Source>
std::vector<Batch> walk(Source& source) {
  std::vector<Batch> batches;
  for (auto&& batch : source) batches.push_back(as_batch(batch));
  return batches;
}

}  // namespace

static_assert(BatchLike<Batch> && BatchLike<const Batch&> && BatchLike<Example> && BatchLike<TensorPair>);
static_assert(BatchLike<std::tuple<torch::Tensor, torch::Tensor>> && BatchLike<std::array<torch::Tensor, 2>>);
static_assert(!BatchLike<torch::Tensor> && !BatchLike<std::vector<Example>> && !BatchLike<int>);
static_assert(!BatchLike<std::tuple<torch::Tensor, torch::Tensor, torch::Tensor>>);

/// Token ids with a mask, and a label.
using Text = std::tuple<torch::Tensor, torch::Tensor>;
struct Pictures {
  torch::Tensor inputs;
};
static_assert(BatchLike<std::pair<Text, torch::Tensor>> && BatchLike<torch::data::Example<Text, torch::Tensor>>);
static_assert(BatchLike<torch::data::TensorExample> && BatchLike<Pictures> && BatchLike<afd::BasicBatch<Text, int>>);
template <class B>
using Inputs = afd::BatchOf<B>::Inputs;
template <class B>
using Targets = afd::BatchOf<B>::Targets;
static_assert(std::same_as<afd::BatchOf<Example>, Batch> && std::same_as<afd::BatchOf<TensorPair>, Batch>);
static_assert(std::same_as<afd::BatchOf<const Batch&>, Batch>);
static_assert(std::same_as<Inputs<std::pair<Text, torch::Tensor>>, Text>);
static_assert(std::same_as<Targets<std::pair<torch::Tensor, Text>>, Text>);
static_assert(std::same_as<Targets<torch::data::TensorExample>, afd::NoTargets>);
static_assert(std::same_as<Targets<Pictures>, afd::NoTargets>);
static_assert(afd::is_basic_batch<Batch> && afd::is_basic_batch<afd::BasicBatch<Text, int>>);
static_assert(!afd::is_basic_batch<Example>);

using StackedLoader = std::remove_reference_t<decltype(*stacked_loader())>;
using UnstackedLoader = std::remove_reference_t<decltype(*torch::data::make_data_loader(Counting{}, 4))>;
static_assert(BatchSource<StackedLoader> && BatchSource<std::vector<Batch>> && BatchSource<Countdown>);
static_assert(BatchSource<const std::vector<Example>> && BatchSource<Batch[3]>);
static_assert(!BatchSource<UnstackedLoader> && !BatchSource<std::unique_ptr<StackedLoader>>);
static_assert(!BatchSource<Batch> && !BatchSource<std::vector<torch::Tensor>> && !BatchSource<int>);
static_assert(std::same_as<afd::BatchOfSource<StackedLoader>, Batch>);
static_assert(std::same_as<afd::BatchOfSource<std::vector<std::pair<Text, torch::Tensor>>>::Inputs, Text>);
static_assert(afd::HasEpochs<CountsItself> && !afd::CanResumeEpoch<CountsItself>);
static_assert(!afd::HasEpochs<StackedLoader> && !afd::HasEpochs<std::vector<Batch>>);

TEST_CASE("as_batch shares the tensors of every form of batch") {
  const torch::Tensor inputs = torch::rand({4, 3});
  const torch::Tensor targets = torch::arange(4);
  const auto same = [&](const Batch& batch) { return batch.inputs.is_same(inputs) && batch.targets.is_same(targets); };
  CHECK(same(as_batch(Batch{inputs, targets})));
  CHECK(same(as_batch(Example{inputs, targets})));
  CHECK(same(as_batch(TensorPair{inputs, targets})));
  CHECK(same(as_batch(std::tuple{inputs, targets})));
  CHECK(same(as_batch(std::array{inputs, targets})));
}

TEST_CASE("as_batch keeps inputs and targets of any kind, and notices that there are no targets") {
  const torch::Tensor ids = torch::zeros({4, 7}, torch::kInt64), mask = torch::ones({4, 7}, torch::kBool);
  const auto text = as_batch(std::pair{std::tuple{ids, mask}, std::array{ids, mask, ids}});
  CHECK(std::get<1>(text.inputs).is_same(mask));
  CHECK(text.targets[1].is_same(mask));
  CHECK(as_batch(torch::data::TensorExample{ids}).inputs.is_same(ids));
  CHECK(as_batch(Pictures{ids}).inputs.is_same(ids));
  CHECK(afd::BasicBatch{ids, afd::NoTargets{}}.targets == as_batch(Pictures{ids}).targets);
}

TEST_CASE("a torch DataLoader with Stack is a batch source, epoch after epoch") {
  const auto loader = stacked_loader();
  for (int epoch = 0; epoch < 2; ++epoch) {
    const std::vector<Batch> batches = walk(*loader);
    REQUIRE(batches.size() == 3);
    CHECK(batches[0].inputs.sizes() == torch::IntArrayRef({4, 2}));
    CHECK(batches[2].inputs.sizes() == torch::IntArrayRef({2, 2}));
    CHECK(batches[1].inputs.equal(torch::tensor({{4., -4.}, {5., -5.}, {6., -6.}, {7., -7.}}, torch::kFloat32)));
    CHECK(batches[1].targets.flatten().equal(torch::tensor({4, 5, 6, 7}, torch::kInt64)));
  }
}

TEST_CASE("a single-pass source with the least possible iterator can be walked") {
  Countdown source;
  const std::vector<Batch> batches = walk(source);
  REQUIRE(batches.size() == 3);
  CHECK(batches[0].targets.equal(torch::tensor({3, 3}, torch::kInt64)));
  CHECK(batches[2].inputs.equal(torch::full({2, 3}, 1)));
}

TEST_CASE("batch_count asks the source, then the range, then gives up") {
  CHECK(afd::batch_count(CountsItself{}) == 77);
  CHECK(afd::batch_count(std::vector<Batch>(5)) == 5);
  CHECK(afd::batch_count(std::forward_list<Batch>(5)) == std::nullopt);
  CHECK(afd::batch_count(*stacked_loader()) == std::nullopt);
}

TEST_SUITE_END();
