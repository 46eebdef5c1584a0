// SPDX-License-Identifier: MIT
#include <afd/step/step.hpp>
//
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

namespace {

using afd_test::check_close;
using afd_test::Notes;
using afd_test::Probe;
using afd_test::reference_gradients;
using afd_test::same_state;
using afd_test::state_of;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

bool same_tensors(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!a[i].is_same(b[i])) return false;
  return true;
}

bool contains(const std::vector<Tensor>& tensors, const Tensor& one) {
  for (const Tensor& tensor : tensors)
    if (tensor.is_same(one)) return true;
  return false;
}

bool moves(const Tensor& gradient) {
  return gradient.defined() && gradient.abs().max().item<double>() > 0;
}

/// A term of the user's whose loss is what a variable says.
struct Planted {
  static constexpr std::string_view name = "planted";
  static constexpr afd::Level level = afd::Level::logit;
  const double* value;
  double weight = 1.0;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.mean() * 0 + *value; }
};

/// A finite loss, 0, whose gradient is not: the square root of nothing.
struct Cliff {
  static constexpr std::string_view name = "cliff";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return (outputs.logits * 0).sqrt().sum(); }
};

}  // namespace

TEST_CASE("L_logit of a network reaches all of that network's parameters, and nothing else") {
  torch::manual_seed(1);
  auto a = tiny_network(), b = tiny_network({4, 6});
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);

  CHECK(same_tensors(notes.logit[0].parameters, a->parameters()));
  CHECK(same_tensors(notes.logit[1].parameters, b->parameters()));
  for (const std::size_t k : {0U, 1U})
    for (const Tensor& gradient : notes.logit[k].gradients) CHECK(moves(gradient));

  // The peer is a constant: the gradient is that of CE + KL with the peer's probabilities as numbers.
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits;
  const auto loss = [&](const Tensor& own, const Tensor& peer) {
    return torch::cross_entropy_loss(own, batch.targets) +
           9.0 *
               torch::kl_div(torch::log_softmax(own / 3, 1), torch::softmax(peer.detach() / 3, 1), at::Reduction::Sum) /
               batch.inputs.size(0);
  };
  check_close(notes.logit[0].gradients, reference_gradients(loss(za, zb), a->parameters()));
  check_close(notes.logit[1].gradients, reference_gradients(loss(zb, za), b->parameters()));
}

TEST_CASE("L_G reaches the student's extractor and its transfer layers; no head, no discriminator, no teacher") {
  torch::manual_seed(2);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  const Notes notes;
  // The teacher is alive and learns from labels, so it could be reached.
  afd::Distiller distiller{afd::topology::OneWay{}, afd::AdversarialFeaturesOnly{}, notes.options(), teacher, student};
  distiller.step(tiny_batch());

  REQUIRE(notes.feature.log->size() == 1);  // the teacher has no feature loss
  const auto& record = notes.feature[0];
  const auto& layers = distiller.cohort().edges().modules();
  REQUIRE(layers.size() == 2);
  std::vector<Tensor> expected = student->parameters();
  for (const Tensor& parameter : layers[0]->parameters()) expected.push_back(parameter);
  CHECK(layers[0]->parameters().size() > 0);  // 5 channels against 6: there is a convolution
  CHECK(same_tensors(record.parameters, expected));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const bool head = expected[i].is_same(student->named_parameters()["head.weight"]) ||
                      expected[i].is_same(student->named_parameters()["head.bias"]);
    CHECK(record.gradients[i].defined() != head);
    if (!head) CHECK(moves(record.gradients[i]));
    CHECK_FALSE(contains(teacher->parameters(), expected[i]));
    CHECK_FALSE(contains(layers[1]->parameters(), expected[i]));
  }
}

TEST_CASE("L_D reaches its discriminator and nothing else") {
  torch::manual_seed(3);
  auto a = tiny_network(), b = tiny_network({4, 6});
  for (const bool first : {false, true}) {
    CAPTURE(first);
    const Notes notes;
    const auto run = [&](auto options) {
      afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeaturesOnly{}, options, a, b};
      distiller.step(tiny_batch());
      const auto& layers = distiller.cohort().edges().modules();
      REQUIRE(notes.discriminator.log->size() == 2);
      for (const std::size_t d : {0U, 1U}) {
        CHECK(same_tensors(notes.discriminator[d].parameters, layers[2 * d + 1]->parameters()));
        for (const Tensor& gradient : notes.discriminator[d].gradients) CHECK(moves(gradient));
      }
    };
    first ? run(notes.options<afd::DiscriminatorFirst>()) : run(notes.options());
    // Nothing of the networks is in a discriminator's list, and their own lists hold no trace of L_D: see below.
    for (const std::size_t d : {0U, 1U})
      for (const Tensor& parameter : notes.discriminator[d].parameters) {
        CHECK_FALSE(contains(a->parameters(), parameter));
        CHECK_FALSE(contains(b->parameters(), parameter));
      }
  }
}

TEST_CASE("the gradient of L_G is that of its formula alone, with the teacher's map and the discriminator constant") {
  torch::manual_seed(4);
  auto a = tiny_network(), b = tiny_network();  // equal shapes: no transfer layers
  const Notes notes;
  // No BatchNorm in the discriminator, so that its forward can be repeated.
  using Plain = afd::Strategy<afd::Adversarial<afd::BasicConvDiscriminator<afd::Unnormalised>>>;
  afd::Distiller distiller{afd::topology::Pair{}, Plain{}, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);

  auto& edge = distiller.cohort().layers<0, 0>();  // 0 -> 1: b is judged against a
  const Tensor fa = a->forward(batch.inputs).features, fb = b->forward(batch.inputs).features;
  const Tensor real = torch::sigmoid(edge.discriminator->forward(fa.detach()));
  const Tensor fake = torch::sigmoid(edge.discriminator->forward(fb));
  const Tensor l_g = (1 - fake).square().mean();
  const Tensor l_d = (1 - real).square().mean() + fake.square().mean();
  CHECK(report.value("adversarial", 0, 1) == doctest::Approx(l_g.item<double>()).epsilon(1e-10));
  CHECK(report.discriminator_value("adversarial", 0, 1) == doctest::Approx(l_d.item<double>()).epsilon(1e-10));
  check_close(notes.feature[1].gradients, reference_gradients(l_g, b->parameters()));
  check_close(notes.discriminator[0].gradients, reference_gradients(l_d, edge.discriminator->parameters()));
}

TEST_CASE("each network runs once per step, in train mode, whatever mode it was left in") {
  torch::manual_seed(5);
  Probe a, b;
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, notes.options(), a, b};
  distiller.build(tiny_batch());
  CHECK(a->is_training());  // the dry run put it back
  a->eval();                // as after a forgotten evaluation
  b->norm->eval();          // set apart by the user
  const int before = a->seen.forwards;
  distiller.step(tiny_batch());
  CHECK(a->seen.forwards == before + 1);
  CHECK(a->seen.with_graph);
  CHECK(a->seen.training);
  CHECK(a->norm->is_training());
  CHECK_FALSE(b->norm->is_training());
}

TEST_CASE("a frozen teacher runs without a graph, in eval mode, and never changes") {
  torch::manual_seed(6);
  Probe teacher, student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::DirectAlignmentWithKL{}, afd::frozen(teacher), student};
  const auto before = state_of(*teacher);
  teacher->train();  // somebody's train() on a parent
  for (int i = 0; i < 3; ++i) distiller.step(tiny_batch());
  CHECK_FALSE(teacher->seen.with_graph);
  CHECK_FALSE(teacher->seen.training);
  CHECK(student->seen.with_graph);
  CHECK(same_state(*teacher, before));
  for (const Tensor& parameter : teacher->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("no gradient is left behind, and nothing is taken from a gradient that was there") {
  torch::manual_seed(7);
  auto a = tiny_network(), b = tiny_network();
  auto a2 = std::dynamic_pointer_cast<afd::PlainCnnImpl>(a->clone());
  auto b2 = std::dynamic_pointer_cast<afd::PlainCnnImpl>(b->clone());
  for (Tensor& parameter : a2->parameters()) parameter.mutable_grad() = torch::ones_like(parameter);
  const afd::Batch batch = tiny_batch();
  afd::Distiller clean{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  afd::Distiller dirty{afd::topology::Pair{}, afd::DeepMutualLearning{}, a2, b2};
  clean.step(batch);
  dirty.step(batch);
  CHECK(same_state(*a2, state_of(*a)));
  for (const Tensor& parameter : a2->parameters()) CHECK(torch::equal(parameter.grad(), torch::ones_like(parameter)));
  for (const Tensor& parameter : a->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("a parameter without requires_grad stays as it is") {
  torch::manual_seed(8);
  auto a = tiny_network(), b = tiny_network();
  Tensor fixed = a->named_parameters()["layer1.conv.weight"];
  fixed.requires_grad_(false);
  const Tensor before = fixed.clone();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  distiller.step(tiny_batch());
  CHECK(torch::equal(fixed, before));
}

TEST_CASE("terms are averaged over a student's edges and summed with their weights") {
  torch::manual_seed(9);
  auto a = tiny_network(), b = tiny_network(), c = tiny_network();
  const Notes notes;
  using afd::topology::Graph;
  using Two = Graph<3, afd::Edge{0, 2}, afd::Edge{1, 2}>;
  afd::Distiller distiller{Two{},
                           afd::Strategy{afd::CrossEntropy{.weight = 2}, afd::MutualKL{.temperature = 1, .weight = 3}},
                           notes.options(),
                           a,
                           b,
                           c};
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);
  const Tensor za = a->forward(batch.inputs).logits.detach(), zb = b->forward(batch.inputs).logits.detach();
  const Tensor zc = c->forward(batch.inputs).logits;
  const auto kl = [&](const Tensor& peer) {
    return torch::kl_div(torch::log_softmax(zc, 1), torch::softmax(peer, 1), at::Reduction::Sum) / batch.inputs.size(0);
  };
  const Tensor loss = 2 * torch::cross_entropy_loss(zc, batch.targets) + 3 * (kl(za) + kl(zb)) / 2;
  check_close(notes.logit[2].gradients, reference_gradients(loss, c->parameters()));
}

TEST_CASE("discriminators that move first are the ones that L_G is taken with") {
  torch::manual_seed(10);
  auto a = tiny_network(), b = tiny_network();
  using Plain = afd::Strategy<afd::Adversarial<afd::BasicConvDiscriminator<afd::Unnormalised>>>;
  const Notes notes;
  const afd::DistillerOptions options{.logit = notes.logit,
                                      .feature = notes.feature,
                                      .discriminator = afd::Sgd{.lr = 0.5},
                                      .order = afd::DiscriminatorFirst{}};
  afd::Distiller distiller{afd::topology::Pair{}, Plain{}, options, a, b};
  const afd::Batch batch = tiny_batch();
  distiller.build(batch);
  auto& edge = distiller.cohort().layers<0, 0>();
  const auto generator_loss = [&] {
    return (1 - torch::sigmoid(edge.discriminator->forward(b->forward(batch.inputs).features))).square().mean();
  };
  const Tensor before = generator_loss();
  const auto report = distiller.step(batch);
  const Tensor after = generator_loss();
  CHECK(report.value("adversarial", 0, 1) == doctest::Approx(after.item<double>()).epsilon(1e-10));
  CHECK(std::abs((after - before).item<double>()) > 1e-4);
  check_close(notes.feature[1].gradients, reference_gradients(after, b->parameters()));
}

TEST_CASE("a skipped step has changed no network, but discriminators that move first stay where they are") {
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{
      afd::topology::Pair{}, afd::Strategy<Cliff, afd::Adversarial<>>{},
      afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .non_finite = afd::SkipNonFinite{}}, a, b};
  distiller.build(tiny_batch());
  const auto& discriminator = *distiller.cohort().layers<1, 0>().discriminator;
  const auto state_a = state_of(*a), state_b = state_of(*b), before = state_of(discriminator);
  CHECK(distiller.step(tiny_batch()).skipped);
  CHECK(same_state(*a, state_a));
  CHECK(same_state(*b, state_b));
  CHECK_FALSE(same_state(discriminator, before));
}

TEST_CASE("a label out of range that nobody looks at is an error with its network, and weights stay") {
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}}, a, b};
  const afd::Batch good = tiny_batch();
  const Tensor before = a->parameters()[0].detach().clone();
  CHECK_THROWS_WITH_AS(distiller.step({good.inputs, good.targets + 1}),
                       doctest::Contains("network 0, term cross_entropy"), afd::Error);
  CHECK(a->parameters()[0].equal(before));
}

TEST_CASE("a batch that cannot be trained on throws before anything changes") {
  torch::manual_seed(11);
  auto a = tiny_network(), b = tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  distiller.step(tiny_batch());
  const auto state_a = state_of(*a), state_b = state_of(*b);
  std::vector<std::vector<Tensor>> state_edges;
  for (const auto& module : distiller.cohort().edges().modules()) state_edges.push_back(state_of(*module));
  const auto throws = [&](const afd::Batch& batch, const char* part) {
    CAPTURE(part);
    std::string message;
    try {
      distiller.step(batch);
    } catch (const afd::Error& error) {
      message = error.what();
    }
    CHECK(message.find(part) != std::string::npos);
    CHECK(same_state(*a, state_a));
    CHECK(same_state(*b, state_b));
    for (std::size_t e = 0; e < state_edges.size(); ++e)
      CHECK(same_state(*distiller.cohort().edges().modules()[e], state_edges[e]));
  };
  const afd::Batch good = tiny_batch();
  throws({good.inputs, good.targets + 1}, "label 4 is out of range");
  throws({good.inputs, good.targets - 1}, "label -1 is out of range");
  throws({good.inputs.narrow(0, 0, 0), good.targets.narrow(0, 0, 0)}, "the batch is empty");
  throws({good.inputs, good.targets.to(torch::kInt32)}, "int64");
  throws({good.inputs, good.targets.narrow(0, 0, 3)}, "6 inputs, but 3 targets");
  throws({Tensor(), good.targets}, "undefined");
  throws({good.inputs.to(torch::kFloat32), good.targets}, "network 0: LibTorch says");
  throws({torch::randn({6, 3, 8, 8}, torch::kDouble), good.targets}, "network 0");
  throws({torch::randn({6, 1, 16, 16}, torch::kDouble), good.targets},
         "edge 1 -> 0, term adversarial: the transfer layers");
  Tensor poisoned = good.inputs.clone();
  poisoned[0][0][0][0] = std::numeric_limits<double>::quiet_NaN();
  throws({poisoned, good.targets}, "NaN or infinity");
  distiller.step(good);  // and it goes on as if nothing had been
  CHECK_FALSE(same_state(*a, state_a));
}

TEST_CASE("a batch of one that BatchNorm cannot train on is an error with the network's name, and changes nothing") {
  torch::manual_seed(15);
  auto a = tiny_network(), b = tiny_network({3, 4, 5, 5});  // the last maps of b are 1x1
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(tiny_batch());
  const auto state_a = state_of(*a), state_b = state_of(*b);
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch(1)),
                       doctest::Contains("network 1: LibTorch says: Expected more than 1"), afd::ShapeError);
  CHECK(same_state(*a, state_a));  // a's running statistics had moved already
  CHECK(same_state(*b, state_b));
}

TEST_CASE("a non-finite loss throws, names its place and changes nothing, running statistics included") {
  torch::manual_seed(12);
  Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(tiny_batch());
  const auto state_a = state_of(*a), state_b = state_of(*b);
  b->scale = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("network 1: the loss cross_entropy is"),
                       afd::NonFiniteError);
  CHECK(same_state(*a, state_a));
  CHECK(same_state(*b, state_b));
  b->scale = 1;
  CHECK_NOTHROW(distiller.step(tiny_batch()));
}

TEST_CASE("SkipNonFinite skips, counts, changes nothing, and gives up after its limit in a row") {
  torch::manual_seed(13);
  double planted = 0;
  Probe a, b;
  const afd::Strategy strategy{afd::CrossEntropy{}, Planted{&planted}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy,
                           afd::DistillerOptions{.non_finite = afd::SkipNonFinite{.limit = 3}}, a, b};
  CHECK_FALSE(distiller.step(tiny_batch()).skipped);
  const auto state_a = state_of(*a);
  planted = std::numeric_limits<double>::infinity();
  const auto report = distiller.step(tiny_batch());
  CHECK(report.skipped);
  CHECK(report.value("planted", 0) == planted);
  CHECK(std::isfinite(report.value("cross_entropy", 0)));
  CHECK(distiller.step(tiny_batch()).skipped);
  CHECK(same_state(*a, state_a));
  planted = 0;
  CHECK_FALSE(distiller.step(tiny_batch()).skipped);  // ends the row
  CHECK(distiller.skipped_steps() == 2);
  planted = std::nan("");
  CHECK(distiller.step(tiny_batch()).skipped);
  CHECK(distiller.step(tiny_batch()).skipped);
  CHECK_THROWS_AS(distiller.step(tiny_batch()), afd::NonFiniteError);
}

TEST_CASE("a gradient that is not finite, though its loss is, stops the step before any weight changes") {
  Probe a, b;
  using Strategy = afd::Strategy<afd::CrossEntropy, Cliff>;
  const afd::Batch batch = tiny_batch();
  for (const afd::Sgd& optimizer : {afd::Sgd{}, afd::Sgd{.max_norm = 1.0}, afd::Sgd{.accumulate = 3}}) {
    afd::Distiller throws{afd::topology::Pair{}, Strategy{}, afd::DistillerOptions{.logit = optimizer}, a, b};
    throws.build(batch);
    const auto before_a = state_of(*a), before_b = state_of(*b);
    CHECK_THROWS_WITH_AS(throws.step(batch), doctest::Contains("network 0, logit gradients: one of shape"),
                         afd::NonFiniteError);
    CHECK(same_state(*a, before_a));
    CHECK(same_state(*b, before_b));
    afd::Distiller skips{afd::topology::Pair{}, Strategy{},
                         afd::DistillerOptions{.logit = optimizer, .non_finite = afd::SkipNonFinite{}}, a, b};
    CHECK(skips.step(batch).skipped);
    CHECK(skips.skipped_steps() == 1);
    CHECK(same_state(*a, before_a));
    CHECK(same_state(*b, before_b));
  }
}

TEST_CASE("UncheckedLosses looks at nothing") {
  torch::manual_seed(14);
  double planted = std::numeric_limits<double>::infinity();
  Probe a, b;
  const afd::Strategy strategy{afd::CrossEntropy{}, Planted{&planted}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}},
                           a, b};
  CHECK_NOTHROW(distiller.step(tiny_batch()));
}

TEST_CASE("a network whose outputs hang on none of its parameters is an error, not a silent standstill") {
  struct Detached : torch::nn::Module {
    Detached() : inner(register_module("inner", Probe())) {}
    afd::Outputs forward(const Tensor& inputs) {
      const afd::Outputs outputs = inner->forward(inputs);
      return {outputs.features.detach(), outputs.logits.detach()};
    }
    Probe inner;
  };
  Detached a;
  Probe b;
  const auto before = state_of(*b);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()),
                       doctest::Contains("network 0, logit loss does not depend on its parameters"), afd::ConfigError);
  CHECK(same_state(*b, before));
}

TEST_SUITE_END();
