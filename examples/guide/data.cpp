// SPDX-License-Identifier: MIT
//
// Data: epochs of a loop of one's own, parts of a data set, a data set of one's own.
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"

/// Two classes of noise, made when they are asked for.
struct Noise {
  std::int64_t samples = 0;
  std::uint64_t seed = 0;

  std::int64_t size() const { return samples; }
  void validate() const {
    if (samples < 2) throw std::invalid_argument("noise of fewer than two samples");
  }
  afd::Batch gather(const torch::Tensor& rows, const afd::CounterRng& /*rng*/) const {
    const torch::Tensor labels = rows.remainder(2);
    return {(rows + static_cast<std::int64_t>(seed))
                .sin()
                .view({-1, 1, 1, 1})
                .expand({-1, 1, 4, 4})
                .contiguous()
                .to(torch::kFloat),
            labels};
  }
  std::int64_t fingerprint() const { return static_cast<std::int64_t>(seed); }
};

int main() {
  const afd::TensorDataset data{torch::arange(40).to(torch::kFloat).view({40, 1, 1, 1}),
                                torch::arange(40, torch::kInt64).div(10, "floor")};
  afd::BatchLoader train{data, {.batch_size = 8, .seed = 1}, afd::HorizontalFlip{}};

  // Each walk over a loader is the next epoch, in another order.
  std::vector<torch::Tensor> firsts;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<torch::Tensor> seen;
    for (const afd::Batch& batch : train) seen.push_back(batch.targets);
    firsts.push_back(seen[0]);
  }
  check(!firsts[0].equal(firsts[1]), "the second epoch has another order");

  // One of them, as often as you like; the loader may be const.
  const afd::BatchLoader again = train;
  std::vector<torch::Tensor> repeated;
  for (const afd::Batch& batch : again.epoch(2)) repeated.push_back(batch.targets);
  check(repeated[0].equal(firsts[2]), "an epoch is known by its number");

  // Parts: drawn with a seed, as many of each class, the first.
  const afd::TensorDataset some = data.take(20, /*seed=*/1), few = data.take_per_class(2, /*seed=*/1);
  check(some.size() == 20 && few.class_counts().at(3) == 2, "parts are drawn");
  bool is_refused = false;
  try {
    static_cast<void>(data.first(20));
  } catch (const afd::DataError&) {
    is_refused = true;
  }
  check(is_refused, "the first half of a sorted data set lacks classes");
  const afd::TensorDataset zeros_and_ones = data.first(20, afd::Classes::any);
  check(zeros_and_ones.class_counts().size() == 2, "unless that is meant");

  // A data set of one's own, in place of a TensorDataset.
  afd::BatchLoader noise{Noise{.samples = 10, .seed = 3}, {.batch_size = 5}, afd::HorizontalFlip{}};
  check(noise.fingerprint() !=
            afd::BatchLoader(Noise{.samples = 10, .seed = 4}, {.batch_size = 5}, afd::HorizontalFlip{}).fingerprint(),
        "other data, another fingerprint");
  return failures;
}
