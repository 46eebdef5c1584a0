// SPDX-License-Identifier: MIT
#include <afd/strategy/penalised.hpp>
//
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>
#include <afd/loss/gan.hpp>
#include <afd/loss/wasserstein.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::Adversarial;
using afd::InterpolatedSlopes;
using afd::Penalised;
using afd_test::check_close;
using afd_test::Notes;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

using Game = Adversarial<afd::MlpDiscriminator>;
using Critic = Penalised<Adversarial<afd::MlpDiscriminator, afd::Wasserstein>, InterpolatedSlopes>;

static_assert(afd::AdversarialTerm<Penalised<>> && afd::PlaysGame<Penalised<>, Tensor, afd::Tokens>);
static_assert(afd::AdversarialTerm<Critic> && afd::LossTerm<Critic> && Critic::name == "adversarial");
static_assert(Penalised<>::level == afd::Level::feature && std::is_same_v<afd::TermReads<Critic>, afd::Features>);
static_assert(std::is_same_v<afd::EdgeLayers<Penalised<Game>>, Game::Edge>);

namespace {

/// A game of the user's, with members of other names.
struct Mine {
  static constexpr std::string_view name = "mine";
  static constexpr afd::Level level = afd::Level::feature;
  using Reads = afd::Features;
  struct Edge {
    torch::nn::Sequential transfer, discriminator;
  };
  double weight = 1;
  Edge make_edge(afd::FeatureShape, afd::FeatureShape teacher) const {
    torch::nn::Sequential judge(torch::nn::Flatten(), torch::nn::Linear(teacher.channels * teacher.places(), 1));
    if (normalised) judge->push_back("last", torch::nn::BatchNorm1d(1));
    return {torch::nn::Sequential(torch::nn::ReLU()), judge};
  }
  Tensor view(const Tensor& features) const { return features; }
  Tensor fake(Edge& edge, const Tensor& student) const { return edge.transfer->forward(student); }
  Tensor real(Edge&, const Tensor& teacher) const { return teacher; }
  Tensor generator_loss(Edge& edge, const Tensor& fake) const { return -edge.discriminator->forward(fake).mean(); }
  Tensor discriminator_loss(Edge& edge, const Tensor& real, const Tensor& fake) const {
    return edge.discriminator->forward(fake).mean() - edge.discriminator->forward(real).mean();
  }
  afd::GameLosses losses(Edge& edge, const Tensor& real, const Tensor& fake) const {
    return {generator_loss(edge, fake), discriminator_loss(edge, real, fake)};
  }
  bool normalised = false;
};
static_assert(afd::PlaysGame<Penalised<Mine>, Tensor, Tensor>);

/// |ds/dx|^2 of each sample, by finite differences.
template <class ScoresOf>
Tensor slopes_by_hand(const ScoresOf& scores_of, const Tensor& points) {
  constexpr double step = 1e-6;
  const torch::NoGradGuard no_grad;
  Tensor squares = torch::zeros({points.size(0)}, torch::kDouble);
  const Tensor moved = points.detach().clone().contiguous();
  const Tensor flat = moved.view({points.size(0), -1});
  for (std::int64_t i = 0; i < flat.size(1); ++i) {
    Tensor column = flat.select(1, i);
    column.add_(step);
    const Tensor above = scores_of(moved);
    column.sub_(2 * step);
    const Tensor below = scores_of(moved);
    column.add_(step);
    squares += ((above - below) / (2 * step)).square();
  }
  return squares;
}

}  // namespace

TEST_CASE("L_D has the penalty in it, at once or by itself; L_G and the maps are the game's") {
  torch::manual_seed(0);
  const Penalised<Game> term{{.discriminator = {.width = 6}, .weight = 0.5}, {.weight = 4}};
  CHECK(term.weight == 0.5);
  const Game game = term;
  auto edge = term.make_edge({3, {4, 4}}, {5, {2, 2}});
  edge.transfer->to(torch::kDouble);
  edge.discriminator->to(torch::kDouble);
  const Tensor fake = term.fake(edge, torch::randn({6, 3, 4, 4}, torch::kDouble));
  const Tensor real = term.real(edge, torch::randn({6, 5, 2, 2}, torch::kDouble));
  const auto score = [&](const Tensor& map) { return edge.discriminator->forward(map); };
  const double penalty = 4 / 2.0 * slopes_by_hand(score, real).mean().item<double>();
  CHECK(penalty > 0.001);
  const afd::GameLosses plain = game.losses(edge, real, fake), both = term.losses(edge, real, fake);
  CHECK(term.penalty_of(edge, real, fake).item<double>() == doctest::Approx(penalty).epsilon(1e-6));
  CHECK(both.discriminator.item<double>() ==
        doctest::Approx(plain.discriminator.item<double>() + penalty).epsilon(1e-6));
  CHECK(torch::equal(both.discriminator, term.discriminator_loss(edge, real, fake)));
  CHECK(torch::equal(both.generator, plain.generator));
  CHECK(torch::equal(term.generator_loss(edge, fake), plain.generator));
}

TEST_CASE("the penalty's gradient reaches the discriminator, and neither maps nor transfer layers") {
  torch::manual_seed(1);
  const auto check = [](const auto& term) {
    auto edge = term.make_edge({3, {4, 4}}, {5, {4, 4}});
    const Tensor student = torch::randn({6, 3, 4, 4}).requires_grad_();
    const Tensor teacher = torch::randn({6, 5, 4, 4}).requires_grad_();
    std::vector<Tensor> others = edge.transfer->parameters();
    REQUIRE_FALSE(others.empty());
    others.push_back(student);
    others.push_back(teacher);
    const Tensor penalty = term.penalty_of(edge, term.real(edge, teacher), term.fake(edge, student));
    for (const Tensor& gradient : reference_gradients(penalty, others)) CHECK_FALSE(gradient.defined());
    bool reached = false;
    for (const Tensor& gradient : reference_gradients(penalty, edge.discriminator->parameters())) {
      reached = reached || (gradient.defined() && gradient.abs().max().template item<double>() > 0);
    }
    CHECK(reached);
  };
  check(Penalised<Game>{});
  check(Critic{});
  check(Penalised<Adversarial<afd::SpectralPatchDiscriminator, afd::Hinge, afd::BothSides>>{});
}

TEST_CASE("in a step, L_D's gradient is that of its formula, and L_G's knows no penalty") {
  for (const bool first : {false, true}) {
    CAPTURE(first);
    torch::manual_seed(2);
    auto a = tiny_network(), b = tiny_network();  // equal shapes: no transfer layers
    const Notes notes;
    const auto run = [&](auto options) {
      afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Penalised<Game>>{}, options, a, b};
      const afd::Batch batch = tiny_batch();
      const auto report = distiller.step(batch);
      auto& edge = distiller.cohort().template layers<0, 0>();  // 0 -> 1: b is judged against a
      const Tensor real = a->forward(batch.inputs).features.detach(), fake = b->forward(batch.inputs).features;
      const auto score = [&](const Tensor& map) { return edge.discriminator->forward(map); };
      const Tensor l_g = (1 - torch::sigmoid(score(fake))).square().mean();
      const Tensor at = real.clone().requires_grad_();
      const Tensor slopes = torch::autograd::grad({score(at).sum()}, {at}, {}, true, /*create_graph=*/true)[0];
      const Tensor l_d = (1 - torch::sigmoid(score(real))).square().mean() +
                         torch::sigmoid(score(fake)).square().mean() + 5 * slopes.square().sum({1, 2, 3}).mean();
      CHECK(report.value("adversarial", 0, 1) == doctest::Approx(l_g.item<double>()).epsilon(1e-10));
      CHECK(report.discriminator_value("adversarial", 0, 1) == doctest::Approx(l_d.item<double>()).epsilon(1e-10));
      check_close(notes.discriminator[0].gradients, reference_gradients(l_d, edge.discriminator->parameters()));
      check_close(notes.feature[1].gradients, reference_gradients(l_g, b->parameters()));
      for (const auto& network : {a, b})
        for (const Tensor& parameter : network->parameters()) CHECK_FALSE(parameter.grad().defined());
      for (const Tensor& parameter : edge.discriminator->parameters()) CHECK_FALSE(parameter.grad().defined());
    };
    first ? run(notes.options<afd::DiscriminatorFirst>()) : run(notes.options());
  }
}

TEST_CASE("a critic is penalised between the maps, at places drawn from LibTorch's random numbers") {
  torch::manual_seed(3);
  auto a = tiny_network(), b = tiny_network();
  const Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, Critic>{}, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  distiller.build(batch);
  torch::manual_seed(4);
  const auto report = distiller.step(batch);
  auto& edge = distiller.cohort().layers<1, 0>();
  const Tensor real = a->forward(batch.inputs).features.detach(), fake = b->forward(batch.inputs).features;
  const auto score = [&](const Tensor& map) { return edge.discriminator->forward(map); };
  torch::manual_seed(4);
  const Tensor share = torch::rand({6, 1, 1, 1}, torch::kDouble);
  const Tensor at = (share * real + (1 - share) * fake).detach().requires_grad_();
  const Tensor slopes = torch::autograd::grad({score(at).sum()}, {at}, {}, true, /*create_graph=*/true)[0];
  const Tensor l_d = score(fake).mean() - score(real).mean() + 10 * (slopes.flatten(1).norm(2, 1) - 1).square().mean();
  CHECK(report.value("adversarial", 0, 1) == doctest::Approx(-score(fake).mean().item<double>()).epsilon(1e-10));
  CHECK(report.discriminator_value("adversarial", 0, 1) == doctest::Approx(l_d.item<double>()).epsilon(1e-10));
  check_close(notes.discriminator[0].gradients, reference_gradients(l_d, edge.discriminator->parameters()));
}

TEST_CASE("a game of one's own is penalised as well, and steps go on") {
  torch::manual_seed(5);
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, Penalised<Mine>>{},
                           afd::DistillerOptions{.discriminator = afd::AdamW{.lr = 1e-2}}, a, b};
  const afd::Batch batch = tiny_batch();
  for (int i = 0; i < 5; ++i) distiller.step(batch);
  CHECK(std::isfinite(distiller.step(batch).discriminator_value("mine", 1, 0)));
}

TEST_CASE("a discriminator's slopes come down by it") {
  torch::manual_seed(6);
  const auto slope_after = [](double weight) {
    torch::manual_seed(7);
    auto a = tiny_network(), b = tiny_network();
    const Penalised<Game> term{{}, {.weight = weight}};
    afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, term},
                             afd::DistillerOptions{.discriminator = afd::AdamW{.lr = 1e-2}}, a, b};
    const afd::Batch batch = tiny_batch();
    for (int i = 0; i < 40; ++i) distiller.step(batch);
    auto& edge = distiller.cohort().layers<1, 0>();
    const Tensor real = a->forward(batch.inputs).features.detach();
    return Penalised<Game>{{}, {.weight = 2}}.penalty_of(edge, real, real).item<double>();
  };
  CHECK(slope_after(10) < 0.5 * slope_after(0));
}

TEST_CASE("a discriminator with BatchNorm is refused with its place, when the edge is made") {
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<afd::CrossEntropy, Penalised<Adversarial<>>>{}, a, b};
  CHECK_THROWS_WITH_AS(
      distiller.step(tiny_batch()),
      doctest::Contains("edge 0 -> 1, term adversarial: a gradient penalty is of each sample by itself, "
                        "but the discriminator's module \"norm\" is a BatchNorm"),
      afd::ConfigError);
  CHECK_FALSE(distiller.is_built());
  const Penalised<Mine> normalised{{.normalised = true}, {}};
  CHECK_THROWS_WITH_AS(static_cast<void>(normalised.make_edge({3, {}}, {3, {}})), doctest::Contains("\"last\""),
                       afd::ConfigError);
  CHECK_NOTHROW(static_cast<void>(Penalised<>{}.make_edge({3, {4, 4}}, {3, {4, 4}})));
}

TEST_CASE("a weight that cannot be is refused with its place") {
  auto a = tiny_network(), b = tiny_network();
  const Penalised<Game> term{{}, {.weight = -1}};
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, term}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()),
                       doctest::Contains("edge 0 -> 1, term adversarial: the weight of a gradient penalty"),
                       afd::ConfigError);
}

TEST_CASE("the recipe has the numbers of the game and of the penalty") {
  auto a = tiny_network(), b = tiny_network();
  const Penalised term{Game{.discriminator = {.width = 6}, .weight = 0.25}, InterpolatedSlopes{.weight = 7}};
  static_assert(std::is_same_v<decltype(term), const Penalised<Game, InterpolatedSlopes>>);
  const afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, term}, a, b};
  const afd::Recipe recipe = distiller.recipe();
  CHECK(recipe.at("term adversarial.game.discriminator.width") == "6");
  CHECK(recipe.at("term adversarial.game.weight") == "0.25");
  CHECK(recipe.at("term adversarial.penalty.weight") == "7");
  CHECK(recipe.at("term adversarial").find("InterpolatedSlopes") != std::string::npos);
}

TEST_SUITE_END();
