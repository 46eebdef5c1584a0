// SPDX-License-Identifier: MIT
#include <afd/observe/sharing.hpp>
//
#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/observe/classification.hpp>
#include <afd/observe/dense_classification.hpp>
#include <afd/observe/multi_label.hpp>
#include <afd/observe/regression.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using torch::Tensor;

namespace {

/// What several processes do, one after the other: twice, for the second time each knows what the others have.
template <class S>
void share_all(std::vector<S>& scores) {
  std::vector<std::string> words(scores.size());
  std::vector<Tensor> sums(scores.size());
  const std::vector<S> given = scores;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t r = 0; r < scores.size(); ++r) {
      scores[r] = given[r];
      afd::Sharing sharing;
      scores[r].share(sharing);
      try {
        sharing.share(
            static_cast<std::int64_t>(r),
            [&](const std::string& text) {
              words[r] = text;
              for (const std::string& word : words)
                if (word.empty()) throw std::runtime_error("not yet");
              return words;
            },
            [&](Tensor& sum) {
              sums[r] = sum.clone();
              for (std::size_t other = 0; other < sums.size(); ++other) {
                if (other != r && sums[other].defined() && sums[other].sizes() == sum.sizes()) sum += sums[other];
              }
            });
      } catch (const std::runtime_error&) {
      }
    }
  }
}

/// Scores of parts of some samples, of which one may be empty, are those of all of them.
template <class S>
void check(const S& score, const Tensor& outputs, const Tensor& targets) {
  for (const std::vector<std::int64_t>& cuts : {std::vector<std::int64_t>{0, 3, 8}, {0, 0, 8}, {0, 2, 5, 8}, {0, 8}}) {
    S whole = score;
    whole.add(outputs, targets);
    std::vector<S> parts;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      parts.push_back(score);
      if (cuts[i] == cuts[i + 1]) continue;
      parts.back().add(outputs.slice(0, cuts[i], cuts[i + 1]), targets.slice(0, cuts[i], cuts[i + 1]));
    }
    share_all(parts);
    for (const S& part : parts) {
      const auto result = part.result(), all = whole.result();
      CHECK(result.samples == all.samples);
      for (const auto& column : S::columns) {
        CHECK(result.*column.value == doctest::Approx(all.*column.value).epsilon(1e-12));
      }
    }
  }
}

}  // namespace

TEST_CASE("scores of parts, joined, are the scores of all samples") {
  torch::manual_seed(1);
  const Tensor logits = torch::randn({8, 6}, torch::kFloat64), labels = torch::randint(0, 6, {8}, torch::kInt64);
  check(afd::Classification{}, afd::Classification{}.view(logits), labels);
  check(afd::Regression{}, logits, torch::randn({8, 6}, torch::kFloat64));
  check(afd::MultiLabel{}, logits, torch::randint(0, 2, {8, 6}, torch::kFloat64));
  const Tensor map = torch::randn({8, 3, 2, 2}, torch::kFloat64);
  check(afd::DenseClassification{}, afd::DenseClassification{}.view(map),
        torch::randint(0, 3, {8, 2, 2}, torch::kInt64));
}

TEST_CASE("what cannot be joined is an error") {
  Tensor a = torch::ones({2});
  afd::Sharing sharing;
  sharing.add(a);
  CHECK_THROWS_WITH_AS(
      sharing.share(
          0, [](const std::string& text) { return std::vector<std::string>{text, "7 3\n"}; }, [](Tensor&) {}),
      doctest::Contains("shapes [2] and [3]"), afd::DataError);
}

TEST_CASE("a source's part must be that of the process") {
  struct Part {
    afd::Shard own;
    [[nodiscard]] afd::Shard shard() const { return own; }
  };
  struct Processes {
    [[nodiscard]] static std::int64_t rank() { return 1; }
    [[nodiscard]] static std::int64_t size() { return 2; }
  };
  CHECK(afd::detail::is_part_of(Processes{}, Part{{1, 2}}));
  CHECK_FALSE(afd::detail::is_part_of(Processes{}, Part{}));
  CHECK_FALSE(afd::detail::is_part_of(Processes{}, 3));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::detail::is_part_of(Processes{}, Part{{0, 2}})),
                       doctest::Contains("part 0 of 2 of the samples, but this is process 1 of 2"), afd::ConfigError);
}

TEST_SUITE_END();
