// SPDX-License-Identifier: MIT
#include <afd/step/distiller.hpp>
//
// Who takes part in what: terms over some of the networks, the same term twice, one network alone.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <afd/network/frozen.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::Edge;
using afd::topology::Graph;
using afd::topology::Networks;
using afd_test::check_close;
using afd_test::kl;
using afd_test::Notes;
using afd_test::Probe;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

namespace {

using Names = std::vector<std::string>;

template <class D>
Names columns(const D&) {
  Names all;
  for (const auto& entry : D::Report::entries) all.push_back(entry.column());
  return all;
}

/// A discriminator without weights.
struct Fixed {
  struct Module : torch::nn::Module {
    Tensor forward(const Tensor& map) { return map.flatten(1).mean(1); }
  };
  [[nodiscard]] std::shared_ptr<Module> make(afd::FeatureShape /*shape*/) const { return std::make_shared<Module>(); }
};

/// Transfer layers of which one weight is frozen, and one is the student's in two places.
struct Tied {
  struct Module : torch::nn::Module {
    explicit Module(afd::FeatureShape shape) : shape_(shape) {
      scale = register_parameter("scale", torch::ones({1}));
      again = register_parameter("again", scale);
      shift = register_parameter("shift", torch::zeros({1}), /*requires_grad=*/false);
    }
    Tensor student(const Tensor& map) { return map * scale + map * again + shift; }
    Tensor teacher(const Tensor& map) { return map; }
    [[nodiscard]] afd::FeatureShape output() const { return shape_; }
    Tensor scale, again, shift;

   private:
    afd::FeatureShape shape_;
  };
  [[nodiscard]] std::shared_ptr<Module> make(afd::FeatureShape student, afd::FeatureShape) const {
    return std::make_shared<Module>(student);
  }
};

}  // namespace

TEST_CASE("a term's graph may leave networks out, and the others learn as if they were alone") {
  torch::manual_seed(1);
  auto a = tiny_network(), b = tiny_network(), c = tiny_network();
  const Notes notes;
  using Recipe = afd::Strategy<afd::CrossEntropy, afd::Over<Graph<3, Edge{0, 2}>, afd::MutualKL>>;
  afd::Distiller distiller{afd::topology::Cycle<3>{}, Recipe{}, notes.options(), a, b, c};
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits,
               zc = c->forward(batch.inputs).logits;
  const auto ce = [&](const Tensor& z) { return torch::cross_entropy_loss(z, batch.targets); };
  check_close(notes.logit[0].gradients, reference_gradients(ce(za), a->parameters()));
  check_close(notes.logit[1].gradients, reference_gradients(ce(zb), b->parameters()));
  check_close(notes.logit[2].gradients, reference_gradients(ce(zc) + kl(zc, za, 3), c->parameters()));
  CHECK(columns(distiller) == Names{"cross_entropy_0", "cross_entropy_1", "cross_entropy_2", "mutual_kl_0_to_2"});
}

TEST_CASE("a term of each network may be for some of them") {
  torch::manual_seed(2);
  auto a = tiny_network(), b = tiny_network(), c = tiny_network();
  const Notes notes;
  // Network 1 has no labels of its own, and learns from both.
  using Recipe = afd::Strategy<afd::Over<Networks<0, 2>, afd::CrossEntropy>, afd::MutualKL>;
  afd::Distiller distiller{afd::topology::AllPairs<3>{}, Recipe{}, notes.options(), a, b, c};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits,
               zc = c->forward(batch.inputs).logits;
  check_close(notes.logit[1].gradients, reference_gradients((kl(zb, za, 3) + kl(zb, zc, 3)) / 2, b->parameters()));
  const Tensor ce = torch::cross_entropy_loss(zc, batch.targets);
  check_close(notes.logit[2].gradients, reference_gradients(ce + (kl(zc, za, 3) + kl(zc, zb, 3)) / 2, c->parameters()));
  CHECK_THROWS_AS(static_cast<void>(report.value("cross_entropy", 1)), afd::ConfigError);
  CHECK(columns(distiller)[1] == "cross_entropy_2");
}

TEST_CASE("the same term twice has a name of its own for each, in report, history and CSV") {
  torch::manual_seed(3);
  Probe a, b;
  using Warm = afd::Named<"warm_kl", afd::MutualKL>;
  const afd::Strategy strategy{afd::CrossEntropy{}, afd::MutualKL{.temperature = 1},
                               Warm{afd::MutualKL{.temperature = 6, .weight = 0.5}}};
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, strategy, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor za = a->forward(batch.inputs).logits, zb = b->forward(batch.inputs).logits;
  CHECK(report.value("mutual_kl", 0, 1) == doctest::Approx(kl(zb, za, 1).item<double>()).epsilon(1e-10));
  CHECK(report.value("warm_kl", 0, 1) == doctest::Approx(kl(zb, za, 6).item<double>()).epsilon(1e-10));
  const Tensor loss = torch::cross_entropy_loss(zb, batch.targets) + kl(zb, za, 1) + 0.5 * kl(zb, za, 6);
  check_close(notes.logit[1].gradients, reference_gradients(loss, b->parameters()));

  Probe c, d;
  afd::Distiller trained{afd::topology::Pair{}, strategy, c, d};
  const auto result = afd::Trainer{trained, {.epochs = 1}}.fit(std::vector<afd::Batch>{batch});
  CHECK(result.history.column("train_warm_kl_0_to_1")[0] != result.history.column("train_mutual_kl_0_to_1")[0]);
  CHECK(result.history.csv().find(",train_mutual_kl_0_to_1,train_mutual_kl_1_to_0,train_warm_kl_0_to_1,") !=
        std::string::npos);
}

TEST_CASE("one network alone is a distiller, too, and trains as by hand") {
  torch::manual_seed(4);
  auto network = tiny_network();
  auto by_hand = std::dynamic_pointer_cast<afd::PlainCnnImpl>(network->clone());
  std::vector<afd::Batch> batches;
  for (int i = 0; i < 4; ++i) batches.push_back(tiny_batch());
  afd::Distiller distiller{afd::topology::Single{}, afd::Alone{}, network};
  const auto result = afd::Trainer{distiller, {.epochs = 2}}.fit(batches, batches);
  torch::optim::SGD sgd(by_hand->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-4));
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const afd::Batch& batch : batches) {
      sgd.zero_grad();
      torch::cross_entropy_loss(by_hand->forward(batch.inputs).logits, batch.targets).backward();
      sgd.step();
    }
  }
  const auto ours = network->named_parameters(), theirs = by_hand->named_parameters();
  for (const auto& item : theirs) CHECK(torch::allclose(ours[item.key()], item.value(), 1e-9, 1e-11));
  CHECK(result.history.columns().size() == 4 + 1 + 1 + 3 + 3);
  CHECK(result.last_ensemble.scores == result.last[0].scores);
}

TEST_CASE("features at one end of a graph, probabilities at another: every network learns what its edges say") {
  torch::manual_seed(5);
  auto teacher = tiny_network(), a = tiny_network(), b = tiny_network();
  const Notes notes;
  using Recipe =
      afd::Strategy<afd::Over<Graph<3, Edge{0, 1}>, afd::FeatureL2>, afd::Over<Graph<3, Edge{1, 2}>, afd::MutualKL>>;
  afd::Distiller distiller{Graph<3>{}, Recipe{}, notes.options(), afd::frozen(teacher), a, b};
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);
  const auto of_a = a->forward(batch.inputs), of_b = b->forward(batch.inputs);
  const Tensor l2 = (of_a.features - teacher->forward(batch.inputs).features.detach()).square().mean();
  check_close(notes.feature[0].gradients, reference_gradients(l2, a->parameters()));
  check_close(notes.logit[0].gradients, reference_gradients(kl(of_b.logits, of_a.logits, 3), b->parameters()));
  CHECK(notes.logit.log->size() == 1);
  CHECK(notes.feature.log->size() == 1);
}

TEST_CASE("a discriminator without weights leaves the networks' .grad alone, and has no optimizer") {
  torch::manual_seed(6);
  auto a = tiny_network(), b = tiny_network();
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, afd::Adversarial<Fixed>>{},
                           notes.options(), a, b};
  for (int i = 0; i < 2; ++i) distiller.step(tiny_batch());
  CHECK(notes.discriminator.log->empty());
  for (const auto& network : {a, b})
    for (const Tensor& parameter : network->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("of a transfer's weights those that are frozen stay, and those that are named twice are trained once") {
  torch::manual_seed(7);
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::FeatureAlignment<afd::L2Distance, Tied>>{},
                           afd::DistillerOptions{.feature = afd::Sgd{.lr = 0.1, .momentum = 0, .weight_decay = 0}}, a,
                           b};
  const afd::Batch batch = tiny_batch();
  distiller.build(batch);
  auto& layers = *distiller.cohort().layers<0, 0>().transfer;
  const Tensor real = a->forward(batch.inputs).features.detach(), own = b->forward(batch.inputs).features.detach();
  Tensor scale = torch::ones({1}, torch::kDouble).requires_grad_();
  (own * scale * 2 - real).square().mean().backward();
  distiller.step(batch);
  CHECK(torch::allclose(layers.scale, torch::ones({1}, torch::kDouble) - 0.1 * scale.grad()));
  CHECK(layers.shift.item<double>() == 0);
  CHECK_NOTHROW(static_cast<void>(distiller.state()));
}

TEST_SUITE_END();
