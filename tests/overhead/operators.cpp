// SPDX-License-Identifier: MIT
// The library against hand-written steps: it dispatches no operator and allocates no tensor more.
#include <string>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/resnet.hpp>

#include "handwritten/step.hpp"
#include "support/doctest.hpp"
#include "support/operator_count.hpp"

TEST_SUITE_BEGIN("overhead");

namespace {

using afd_bench::counted;
using afd_bench::Counts;

afd::ResNet network() {
  return afd::ResNet(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 4});
}

const afd::Batch& batch() {
  static const afd::Batch one{torch::randn({8, 1, 16, 16}), torch::randint(10, {8}, torch::kInt64)};
  return one;
}

const auto unchecked = afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}};

/// The second step of each, when everything that is made once has been made.
template <class Library, class Handwritten>
std::pair<Counts, Counts> second_steps(Library& library, Handwritten& handwritten) {
  library.step(batch());
  handwritten.step(batch().inputs, batch().targets);
  return {counted([&] { library.step(batch()); }), counted([&] { handwritten.step(batch().inputs, batch().targets); })};
}

void check_no_more(const std::pair<Counts, Counts>& counts) {
  const auto& [ours, theirs] = counts;
  for (const auto& [name, count] : ours.operators) {
    const auto found = theirs.operators.find(name);
    const std::int64_t by_hand = found == theirs.operators.end() ? 0 : found->second;
    if (count > by_hand) MESSAGE(name << ": " << count << " against " << by_hand);
  }
  CHECK(ours.operator_total() <= theirs.operator_total());
  CHECK(ours.allocations <= theirs.allocations);
  CHECK(ours.allocated_bytes <= theirs.allocated_bytes);
  CHECK(theirs.operator_total() > 500);
}

}  // namespace

TEST_CASE("deep mutual learning of a pair") {
  auto a = network(), b = network();
  afd::Distiller library{afd::topology::Pair{}, afd::DeepMutualLearning{}, unchecked, a, b};
  handwritten::DmlPair hand(network(), network());
  check_no_more(second_steps(library, hand));
}

TEST_CASE("adversarial feature distillation of a pair") {
  auto a = network(), b = network();
  afd::Distiller library{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, unchecked, a, b};
  handwritten::AfdPair hand(network(), network(), 16, 4);
  check_no_more(second_steps(library, hand));
}

TEST_CASE("L1 alignment of a pair") {
  auto a = network(), b = network();
  afd::Distiller library{afd::topology::Pair{}, afd::DirectAlignment{}, unchecked, a, b};
  handwritten::L1Pair hand(network(), network());
  check_no_more(second_steps(library, hand));
}

TEST_CASE("adversarial feature distillation around a cycle of three") {
  auto a = network(), b = network(), c = network();
  afd::Distiller library{afd::topology::Cycle<3>{}, afd::AdversarialFeatureDistillation{}, unchecked, a, b, c};
  handwritten::AfdCycle3<afd::ResNet> hand({network(), network(), network()}, 16, 4);
  check_no_more(second_steps(library, hand));
}

TEST_CASE("knowledge distillation from a frozen teacher") {
  auto teacher = network(), student = network();
  afd::Distiller library{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, unchecked, afd::frozen(teacher),
                         student};
  handwritten::OfflineKd hand(network(), network());
  check_no_more(second_steps(library, hand));
}

TEST_CASE("K tempered softmaxes for all pairs, and no feature operator in a recipe without features") {
  auto a = network(), b = network(), c = network(), d = network();
  afd::Distiller library{afd::topology::AllPairs<4>{}, afd::Strategy<afd::MutualKL>{}, unchecked, a, b, c, d};
  library.step(batch());
  const Counts counts = counted([&] { library.step(batch()); });
  CHECK(counts.operators.at("aten::log_softmax") == 4);
  CHECK(counts.operators.count("aten::sigmoid") == 0);
  CHECK(counts.operators.count("aten::leaky_relu") == 0);
  CHECK(counts.operators.count("aten::l1_loss") == 0);
  CHECK(counts.operators.count("aten::adaptive_avg_pool2d") == 0);
}

TEST_CASE("a frozen teacher records no graph: no backward of its own is run") {
  auto teacher = network(), student = network();
  afd::Distiller offline{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, unchecked, afd::frozen(teacher),
                         student};
  offline.step(batch());
  const Counts with_teacher = counted([&] { offline.step(batch()); });
  auto one = network(), two = network();
  afd::Distiller both{afd::topology::Pair{}, afd::Alone{}, unchecked, one, two};
  both.step(batch());
  const Counts two_trained = counted([&] { both.step(batch()); });
  const std::string backward = "ConvolutionBackward0";
  CHECK(2 * with_teacher.operators.at(backward) == two_trained.operators.at(backward));
}

TEST_SUITE_END();
