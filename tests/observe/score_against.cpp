// SPDX-License-Identifier: MIT
#include <afd/observe/score_against.hpp>
//
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include <afd/observe/classification.hpp>
#include <afd/observe/dense_classification.hpp>
#include <afd/observe/evaluate.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("observe");

namespace {

struct Truth {
  torch::Tensor labels;
  torch::Tensor position;
};

/// Counts samples, and checks nothing.
struct Counting {
  struct Result {
    double seen = 0;
    std::int64_t samples = 0;
    friend bool operator==(const Result&, const Result&) = default;
  };
  static constexpr std::array<afd::ScoreColumn<Result>, 1> columns{{{"seen", &Result::seen}}};
  static constexpr std::size_t watched = 0;
  static constexpr afd::Better better = afd::Better::higher;
  double sum = 0;
  std::int64_t samples = 0;
  void add(const afd::Outputs& /*out*/, const torch::Tensor& targets) {
    sum += targets.sum().item<double>();
    samples += targets.size(0);
  }
  [[nodiscard]] Result result() const { return {sum, samples}; }
};

}  // namespace

static_assert(afd::Score<afd::ScoreAgainst<&Truth::labels, afd::Classification>>);
static_assert(afd::Score<afd::ScoreAgainst<0, Counting>>);

TEST_CASE("a part of the targets is scored as if it were all of them") {
  torch::manual_seed(0);
  afd_test::Probe network;
  const afd::Batch plain = afd_test::tiny_batch();
  const torch::Tensor position = torch::randn({6, 2}, torch::kDouble);
  const auto expected = afd::evaluate(std::vector<afd::Batch>{plain}, network);
  const std::vector structs{afd::BasicBatch{plain.inputs, Truth{plain.targets, position}}};
  const auto of_struct = afd::evaluate(structs, afd::ScoreAgainst<&Truth::labels, afd::Classification>{}, network);
  CHECK(of_struct.networks[0] == expected.networks[0]);
  CHECK(of_struct.ensemble == expected.ensemble);
  const std::vector tuples{afd::BasicBatch{plain.inputs, std::tuple{position, plain.targets}}};
  CHECK(afd::evaluate(tuples, afd::ScoreAgainst<1, afd::Classification>{}, network).networks[0] ==
        expected.networks[0]);
  const auto counted = afd::evaluate(tuples, afd::ScoreAgainst<0, Counting>{}, network);
  CHECK(counted.networks[0].seen == doctest::Approx(position.sum().item<double>()));
}

TEST_CASE("what the score checks is checked of the part, and options are given in braces") {
  afd_test::Probe network;
  const afd::Batch plain = afd_test::tiny_batch();
  const std::vector wrong{afd::BasicBatch{plain.inputs, Truth{plain.targets + 9, plain.inputs}}};
  CHECK_THROWS_WITH_AS(
      static_cast<void>(afd::evaluate(wrong, afd::ScoreAgainst<&Truth::labels, afd::Classification>{}, network)),
      doctest::Contains("out of range"), afd::DataError);
  const afd::ScoreAgainst<&Truth::labels, afd::DenseClassification> dense{{.ignore_index = 255}};
  CHECK(dense.ignore_index == 255);
}

TEST_SUITE_END();
