// SPDX-License-Identifier: MIT
#include <afd/observe/evaluation.hpp>
//
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/observe/evaluate.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("observe");

using torch::Tensor;

namespace {

/// Gives the inputs, [N, classes], back as its logits.
struct EchoImpl : torch::nn::Module {
  explicit EchoImpl(double factor) : scale(factor) {}
  afd::Outputs forward(const Tensor& inputs) const { return {inputs, inputs * scale}; }
  double scale;
};
TORCH_MODULE(Echo);

/// The same with one class more.
struct WiderImpl : torch::nn::Module {
  Tensor forward(const Tensor& inputs) const { return torch::cat({inputs, inputs.narrow(1, 0, 1)}, 1); }
};
TORCH_MODULE(Wider);

/// Has no head: returns features of a type, or in a place, that says so; or one map.
struct MapOnly {
  Tensor features;
};
struct NoHeadImpl : torch::nn::Module {
  MapOnly forward(const Tensor&) {
    ++forwards;
    return {};
  }
  int forwards = 0;
};
TORCH_MODULE(NoHead);
struct NoLogitsImpl : torch::nn::Module {
  afd::Outputs forward(const Tensor& inputs) const { return {inputs, {}}; }
};
TORCH_MODULE(NoLogits);
struct OneMapImpl : torch::nn::Module {
  Tensor forward(const Tensor& inputs) const { return inputs.unsqueeze(2).unsqueeze(3); }
};
TORCH_MODULE(OneMap);

/// Outputs and targets that the library does not know.
struct Box {
  Tensor centre, size;
};
struct Truth {
  Tensor centre;
  std::vector<std::int64_t> weights;
};
struct BoxNetImpl : torch::nn::Module {
  explicit BoxNetImpl(double shift) : by(shift) {}
  Box forward(const Tensor& inputs) const { return {inputs + by, inputs}; }
  double by;
};
TORCH_MODULE(BoxNet);

struct BoxResult {
  double distance = 0;
  std::int64_t samples = 0;
  friend bool operator==(const BoxResult&, const BoxResult&) = default;
};

/// Weighted distances of centres. It has no default, and reads the whole struct.
class BoxScore {
 public:
  using Result = BoxResult;
  static constexpr std::array<afd::ScoreColumn<Result>, 1> columns{{{"distance", &Result::distance}}};
  static constexpr std::size_t watched = 0;
  static constexpr afd::Better better = afd::Better::lower;

  explicit BoxScore(double unit) : unit_(unit) {}

  void add(const Box& boxes, const Truth& truth) {
    const Tensor distances = (boxes.centre - truth.centre).abs() * torch::tensor(truth.weights) / unit_;
    sum_ += distances.sum().item<double>();
    samples_ += boxes.centre.size(0);
  }
  [[nodiscard]] Result result() const { return {sum_ / static_cast<double>(samples_), samples_}; }

 private:
  double unit_;
  double sum_ = 0;
  std::int64_t samples_ = 0;
};

/// The same with an ensemble of views that are no tensors, and a check.
class JoinedBoxScore : public BoxScore {
 public:
  using BoxScore::BoxScore;
  struct Centre {
    Tensor centre;
  };
  [[nodiscard]] Centre view(const Box& boxes) const { return {boxes.centre}; }
  void add(const Centre& view, const Truth& truth) { BoxScore::add({view.centre, {}}, truth); }
  [[nodiscard]] static Centre ensemble(const std::vector<Centre>& views) {
    Tensor sum = torch::zeros_like(views.front().centre);
    for (const Centre& view : views) sum += view.centre;
    return {sum / static_cast<double>(views.size())};
  }
  void check(const Box& boxes, const Truth& truth) const {
    if (boxes.centre.sizes() != truth.centre.sizes()) throw afd::DataError("centres do not fit");
  }
};
static_assert(afd::Score<BoxScore> && afd::Score<JoinedBoxScore>);

bool is_not_scored(const afd::ClassificationScores& scores) {
  return scores.samples == 0 && std::isnan(scores.loss) && std::isnan(scores.top1) && std::isnan(scores.top5);
}

/// Three samples of two classes, in two batches.
std::vector<afd::Batch> two_batches() {
  const Tensor inputs = torch::tensor({{3.0, 0.0}, {1.0, 2.0}, {0.5, 0.0}}, torch::kDouble);
  const Tensor targets = torch::tensor({0, 0, 1}, torch::kInt64);
  return {{inputs.narrow(0, 0, 2), targets.narrow(0, 0, 2)}, {inputs.narrow(0, 2, 1), targets.narrow(0, 2, 1)}};
}

}  // namespace

TEST_CASE("a teacher is scored if it is like those who learn, and is not of their ensemble") {
  Echo student(1.0), teacher(-2.0);
  const auto scores = afd::evaluate(two_batches(), afd::frozen(teacher), student);
  const auto alone = afd::evaluate(two_batches(), teacher, student);
  CHECK(scores.networks == alone.networks);
  CHECK(scores.ensemble.loss == doctest::Approx(scores.networks[1].loss).epsilon(1e-12));
  // Teachers alone are an ensemble like any other.
  const auto teachers = afd::evaluate(two_batches(), afd::frozen(teacher), afd::frozen(student));
  CHECK(teachers.networks == alone.networks);
  CHECK(teachers.ensemble == alone.ensemble);
}

TEST_CASE("a teacher with other classes or without logits is not scored, wherever it stands") {
  Echo student(1.0), like(0.5);
  Wider wider;
  NoHead headless;
  NoLogits undefined;
  OneMap map;
  const auto alone = afd::evaluate(two_batches(), student);
  const auto check = [&](auto teacher) {
    const auto first = afd::evaluate(two_batches(), teacher, student);
    CHECK(is_not_scored(first.networks[0]));
    CHECK(first.networks[1] == alone.networks[0]);
    CHECK(first.ensemble == alone.ensemble);
    const auto last = afd::evaluate(two_batches(), student, teacher);
    CHECK(is_not_scored(last.networks[1]));
    CHECK(last.networks[0] == alone.networks[0]);
  };
  check(afd::frozen(wider));
  check(afd::frozen(headless));
  check(afd::frozen(undefined));
  check(afd::frozen(map));
  CHECK(headless->forwards == 0);  // what nobody reads is not computed
  CHECK(afd::evaluate(two_batches(), student, afd::frozen(wider), afd::frozen(like)).networks[2].samples == 3);
}

TEST_CASE("a teacher that is not like them in every batch is not scored at all") {
  // A class more for a batch of one sample.
  struct SometimesImpl : torch::nn::Module {
    Tensor forward(const Tensor& inputs) const {
      return inputs.size(0) > 1 ? inputs : torch::cat({inputs, inputs.narrow(1, 0, 1)}, 1);
    }
  };
  Echo student(1.0);
  SometimesImpl teacher;
  const auto batches = two_batches();
  CHECK(is_not_scored(afd::evaluate(batches, student, afd::frozen(teacher)).networks[1]));
  CHECK(is_not_scored(afd::evaluate(std::vector{batches[1], batches[0]}, student, afd::frozen(teacher)).networks[1]));
}

TEST_CASE("networks that return different shapes have scores, but no ensemble") {
  Echo narrow(1.0);
  Wider wide;
  const auto scores = afd::evaluate(two_batches(), narrow, wide);
  CHECK(scores.networks[0].samples == 3);
  CHECK(scores.networks[1].samples == 3);
  CHECK(is_not_scored(scores.ensemble));
}

TEST_CASE("a score of the user's for a struct of the user's; without an ensemble there is none") {
  const Tensor centres = torch::tensor({1.0, 2.0});
  const std::vector batches{afd::BasicBatch{centres, Truth{centres, {1, 3}}},
                            afd::BasicBatch{centres, Truth{centres + 1, {1, 1}}}};
  BoxNet low(-1.0), high(3.0);
  const auto scores = afd::evaluate(batches, BoxScore(2.0), low, high);
  CHECK(scores.networks[0] == BoxResult{(1 + 3 + 2 + 2) / 2.0 / 4, 4});
  CHECK(scores.networks[1] == BoxResult{(3 + 9 + 2 + 2) / 2.0 / 4, 4});
  CHECK(scores.ensemble.samples == 0);
  CHECK(std::isnan(scores.ensemble.distance));

  const auto joined = afd::evaluate(batches, JoinedBoxScore(2.0), low, high);
  CHECK(joined.networks == scores.networks);
  CHECK(joined.ensemble == BoxResult{(1 + 3 + 0 + 0) / 2.0 / 4, 4});
  const std::vector wrong{afd::BasicBatch{centres, Truth{torch::ones({3}), {1, 1, 1}}}};
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::evaluate(wrong, JoinedBoxScore(1.0), low)),
                       doctest::Contains("network 0: centres do not fit"), afd::DataError);
}

TEST_CASE("a teacher whose struct the score cannot be given is not scored") {
  const Tensor centres = torch::tensor({1.0, 2.0});
  const std::vector batches{afd::BasicBatch{centres, Truth{centres, {1, 3}}}};
  BoxNet student(1.0);
  NoHead teacher;
  const auto scores = afd::evaluate(batches, JoinedBoxScore(1.0), afd::frozen(teacher), student);
  CHECK(scores.networks[0].samples == 0);
  CHECK(scores.networks[1].samples == 2);
  CHECK(scores.ensemble == scores.networks[1]);
}

TEST_SUITE_END();
