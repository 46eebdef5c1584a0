// SPDX-License-Identifier: MIT
#include <afd/plan/readings.hpp>
//
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <torch/nn.h>

#include <afd/data/batch.hpp>
#include <afd/network/frozen.hpp>
#include <afd/plan/plan.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("plan");

namespace {

using torch::Tensor;
using Outputs = afd::TappedOutputs<2>;

struct Truth {
  Tensor labels;
  int scale = 0;
};
struct Net : torch::nn::Module {
  Outputs forward(const Tensor& x) { return {{x, x}, x}; }
};
using Live = std::reference_wrapper<Net>;
using Fixed = afd::Frozen<Net>;
template <class Top, class Strategy, class... Nets>
using ReadingsOf = afd::detail::Readings<afd::detail::Plan<Top, Strategy, Nets...>, afd::BasicBatch<Tensor, Truth>>;
using afd::topology::OneWay;
using afd::topology::Pair;

/// Looks at twice the features, in a struct of its own, and counts how often.
struct Twice {
  struct View {
    Tensor values;
    std::vector<Tensor> more;
    int number = 0;
  };
  static constexpr std::string_view name = "twice";
  static constexpr afd::Level level = afd::Level::feature;
  using Reads = afd::Features;
  double weight = 1;
  std::shared_ptr<int> views = std::make_shared<int>(0);
  View view(const Tensor& features) const {
    if (features.size(1) == 13) throw afd::ShapeError("does not like 13");
    return {2 * features, {3 * features}, ++*views};
  }
  Tensor loss(const View& student, const View& teacher) const { return student.values - teacher.values; }
};

/// What each network returned, `value` all over but for the first tap, which is 10 more.
Outputs returned(double value, std::int64_t samples = 2, std::int64_t channels = 3) {
  const Tensor map = torch::full({samples, channels, 1, 1}, value, torch::requires_grad());
  return {{map + 10, map * 1}, torch::full({samples, 4}, value, torch::requires_grad())};
}

constexpr auto all_due = [](auto) { return true; };
constexpr auto none_due = [](auto) { return false; };

double first_of(const Tensor& tensor) {
  return tensor.flatten()[0].item<double>();
}

}  // namespace

TEST_CASE("of a peer there is a view with a graph, and the same as a constant, computed once") {
  const afd::Strategy<Twice> strategy;
  ReadingsOf<Pair, afd::Strategy<Twice>, Live, Live> readings;
  readings.read<0>(strategy, returned(5), 2, all_due);
  readings.read<1>(strategy, returned(7), 2, all_due);
  CHECK(*strategy.get<0>().views == 2);

  const Twice::View& student = readings.student<0, 0>();
  CHECK(first_of(student.values) == 2 * 5);
  CHECK(student.values.requires_grad());
  CHECK(student.more[0].requires_grad());
  const Twice::View& teacher = readings.teacher<0, 0>();
  CHECK_FALSE(teacher.values.requires_grad());
  CHECK_FALSE(teacher.more.at(0).requires_grad());
  CHECK(teacher.values.data_ptr() == student.values.data_ptr());
  CHECK(teacher.number == student.number);
  CHECK(first_of(readings.student<0, 1>().values) == 2 * 7);
  CHECK(first_of(readings.outputs<1>().taps[0]) == 17);
}

TEST_CASE("who only teaches has a constant view only; a frozen teacher's is taken as it is") {
  const afd::Strategy<Twice> strategy;
  ReadingsOf<OneWay, afd::Strategy<Twice>, Live, Live> live;
  live.read<0>(strategy, returned(5), 2, all_due);
  CHECK(*strategy.get<0>().views == 1);
  CHECK_FALSE(live.teacher<0, 0>().values.requires_grad());
  live.read<1>(strategy, returned(7), 2, all_due);
  CHECK(*strategy.get<0>().views == 2);  // a student, who teaches nobody
  CHECK(live.student<0, 1>().values.requires_grad());

  ReadingsOf<OneWay, afd::Strategy<Twice>, Fixed, Live> fixed;
  const torch::NoGradGuard as_it_is_run;
  fixed.read<0>(strategy, returned(5), 2, all_due);
  CHECK(first_of(fixed.teacher<0, 0>().values) == 2 * 5);
  CHECK_FALSE(fixed.teacher<0, 0>().values.requires_grad());
}

TEST_CASE("ends that read two places have two views, the student's with a graph and the teacher's without") {
  using Terms = afd::Strategy<afd::At<afd::Ends{.teacher = 0, .student = 1}, Twice>>;
  const Terms strategy;
  ReadingsOf<Pair, Terms, Live, Live> readings;
  readings.read<0>(strategy, returned(5), 2, all_due);
  CHECK(*strategy.get<0>().term.views == 2);
  CHECK(first_of(readings.student<0, 0>().values) == 2 * 5);
  CHECK(first_of(readings.teacher<0, 0>().values) == 2 * (5 + 10));
  CHECK(readings.student<0, 0>().values.requires_grad());
  CHECK_FALSE(readings.teacher<0, 0>().values.requires_grad());
}

TEST_CASE("of a group, a student's own view is among the constants") {
  const afd::Strategy<afd::EnsembleKL> strategy;
  ReadingsOf<OneWay, afd::Strategy<afd::EnsembleKL>, Live, Live> readings;
  readings.read<0>(strategy, returned(5), 2, all_due);
  readings.read<1>(strategy, returned(7), 2, all_due);
  CHECK(first_of(readings.teacher<0, 0>()) == 5);
  CHECK(first_of(readings.teacher<0, 1>()) == 7);
  CHECK_FALSE(readings.teacher<0, 1>().requires_grad());
  CHECK(readings.student<0, 1>().requires_grad());
}

TEST_CASE("a term of networks reads the outputs themselves, and targets or a part of them") {
  using Terms = afd::Strategy<afd::Against<&Truth::labels, afd::CrossEntropy>, Twice>;
  const Terms strategy;
  using Readings = ReadingsOf<OneWay, Terms, Live, Live>;
  Readings readings;
  readings.read<1>(strategy, returned(7), 2, all_due);
  CHECK(&readings.of_network<0, 1>() == &readings.outputs<1>().logits);
  const Truth truth{torch::ones({2}), 3};
  CHECK(&Readings::targets<0>(truth) == &truth.labels);
  CHECK(&Readings::targets<1>(truth) == &truth);
}

TEST_CASE("errors name the network, and the term where its view fails") {
  const afd::Strategy<Twice, afd::CrossEntropy> strategy;
  ReadingsOf<Pair, afd::Strategy<Twice, afd::CrossEntropy>, Live, Live> readings;
  CHECK_THROWS_WITH_AS(readings.read<1>(strategy, returned(1, 5), 2, all_due),
                       doctest::Contains("network 1: returned features of shape [5, 3, 1, 1] for a batch of 2"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(readings.read<0>(strategy, returned(1, 2, 13), 2, all_due),
                       "network 0, term twice: does not like 13", afd::ShapeError);
  Outputs without_logits = returned(1);
  without_logits.logits = Tensor();
  CHECK_THROWS_WITH_AS(readings.read<1>(strategy, without_logits, 2, all_due),
                       "network 1: returned an undefined tensor as its logits; its forward must set it",
                       afd::ShapeError);
}

TEST_CASE("a teacher is looked at as strictly as a student, at the place where it is read") {
  using Terms = afd::Strategy<afd::At<afd::Ends{.teacher = 0, .student = 1}, Twice>>;
  const Terms strategy;
  ReadingsOf<OneWay, Terms, Live, Live> readings;
  Outputs outputs = returned(1);
  outputs.taps[0] = Tensor();
  CHECK_THROWS_WITH_AS(readings.read<0>(strategy, outputs, 2, all_due),
                       "network 0: returned an undefined tensor as its features; its forward must set it",
                       afd::ShapeError);
  CHECK_NOTHROW(readings.read<1>(strategy, outputs, 2, all_due));  // it is read at tap 1
}

TEST_CASE("a term that is not due looks at nothing") {
  const afd::Strategy<Twice, afd::CrossEntropy> strategy;
  ReadingsOf<Pair, afd::Strategy<Twice, afd::CrossEntropy>, Live, Live> readings;
  CHECK_NOTHROW(readings.read<0>(strategy, returned(1, 5), 2, none_due));
  CHECK(*strategy.get<0>().views == 0);
  const auto second_is_due = [](auto t) { return t == 1; };
  Outputs without_features = returned(1);
  without_features.taps = {};
  CHECK_NOTHROW(readings.read<0>(strategy, without_features, 2, second_is_due));
  CHECK(*strategy.get<0>().views == 0);
}

TEST_CASE("a graph that leaves a network out has the views of its ends") {
  const afd::Strategy<Twice> strategy;
  ReadingsOf<afd::topology::Graph<3, afd::Edge{0, 2}>, afd::Strategy<Twice>, Live, Live, Live> readings;
  readings.read<0>(strategy, returned(5), 2, all_due);
  readings.read<2>(strategy, returned(7), 2, all_due);
  CHECK(first_of(readings.teacher<0, 0>().values) == 2 * 5);
  CHECK(first_of(readings.student<0, 2>().values) == 2 * 7);
}

TEST_SUITE_END();
