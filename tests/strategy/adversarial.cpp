// SPDX-License-Identifier: MIT
#include <afd/strategy/adversarial.hpp>
//
#include <cstdint>
#include <type_traits>
#include <vector>

#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::Tokens;
using torch::Tensor;

static_assert(afd::AdversarialTerm<afd::Adversarial<>> && afd::EdgeTerm<afd::Adversarial<>>);
static_assert(afd::Adversarial<>::level == afd::Level::feature);
static_assert(afd::AdversarialTerm<afd::Adversarial<afd::PatchDiscriminator, afd::NonSaturating>>);
static_assert(afd::AdversarialTerm<afd::Adversarial<afd::SpectralMlpDiscriminator, afd::Hinge, afd::IdentityTransfer>>);
static_assert(std::is_same_v<afd::TermReads<afd::Adversarial<>>, afd::Features>);
static_assert(afd::PlaysGame<afd::Adversarial<>, Tokens, Tokens> && afd::PlaysGame<afd::Adversarial<>, Tensor, Tensor>);
static_assert(!afd::PlaysGame<afd::Adversarial<>, afd::Outputs, Tensor>);
static_assert(afd::TermViews<afd::Adversarial<>, Tokens> && !afd::TermViews<afd::Adversarial<>, std::vector<Tensor>>);

TEST_CASE_TEMPLATE("both losses at once are the same as each by itself", Gan, afd::LeastSquares, afd::NonSaturating,
                   afd::Hinge) {
  torch::manual_seed(0);
  const afd::Adversarial<afd::LinearDiscriminator, Gan> term;
  auto edge = term.make_edge({3, {4, 4}}, {5, {2, 2}});
  const Tensor student = torch::randn({6, 3, 4, 4}), teacher = torch::randn({6, 5, 2, 2});
  const Tensor fake = term.fake(edge, student), real = term.real(edge, teacher);
  CHECK(fake.sizes() == torch::IntArrayRef({6, 5, 2, 2}));
  CHECK(real.sizes() == fake.sizes());
  const afd::GameLosses both = term.losses(edge, real, fake);
  CHECK(torch::equal(both.generator, term.generator_loss(edge, fake)));
  CHECK(torch::equal(both.discriminator, term.discriminator_loss(edge, real, fake)));
  CHECK(torch::equal(both.generator, Gan{}.generator(edge.discriminator->forward(fake))));
}

TEST_CASE("with least squares the losses are those that are written there") {
  torch::manual_seed(1);
  const afd::Adversarial<afd::LinearDiscriminator> term;
  auto edge = term.make_edge({3, {2, 2}}, {3, {2, 2}});
  const Tensor fake = torch::randn({6, 3, 2, 2}), real = torch::randn({6, 3, 2, 2});
  const Tensor of_fake = torch::sigmoid(edge.discriminator->forward(fake)),
               of_real = torch::sigmoid(edge.discriminator->forward(real));
  const afd::GameLosses losses = term.losses(edge, real, fake);
  CHECK(losses.generator.item<double>() == doctest::Approx((1 - of_fake).square().mean().item<double>()));
  CHECK(losses.discriminator.item<double>() ==
        doctest::Approx(((1 - of_real).square().mean() + of_fake.square().mean()).item<double>()));
}

TEST_CASE("options reach the discriminator and the transfer layers") {
  const afd::Adversarial<> term{.discriminator = {.width = 7}, .transfer = {.kernel_size = 3}};
  auto edge = term.make_edge({3, {4, 4}}, {5, {4, 4}});
  CHECK(edge.discriminator->named_parameters()["conv.weight"].sizes() == torch::IntArrayRef({7, 5, 3, 3}));
  CHECK(edge.transfer->parameters()[0].sizes() == torch::IntArrayRef({5, 3, 3, 3}));
}

TEST_CASE("features are looked at as they are") {
  const afd::Adversarial<> term;
  const Tensor vectors = torch::randn({2, 3});
  CHECK(term.view(vectors).is_same(vectors));
  const Tokens tokens = term.view(Tokens{torch::randn({2, 6, 3}), 2, 3});
  CHECK(tokens.height == 2);
  CHECK(tokens.width == 3);
}

TEST_CASE("vectors, sequences and volumes play the same game") {
  torch::manual_seed(2);
  const auto scores = [](const auto& term, const Tensor& student, const Tensor& teacher) {
    auto edge = term.make_edge(afd::feature_shape(student), afd::feature_shape(teacher));
    const Tensor fake = term.fake(edge, student), real = term.real(edge, teacher);
    CHECK(fake.sizes() == real.sizes());
    const afd::GameLosses game = term.losses(edge, real, fake);
    CHECK(game.generator.item<float>() > 0);
    return edge.discriminator->forward(real).sizes().vec();
  };
  const std::vector<std::int64_t> one_each{6};
  const afd::Adversarial<> flat;
  CHECK(scores(flat, torch::randn({6, 3}), torch::randn({6, 5})) == one_each);
  CHECK(scores(flat, torch::randn({6, 3}), torch::randn({6, 5, 4, 4})) == one_each);
  CHECK(scores(flat, torch::randn({6, 3, 8}), torch::randn({6, 5, 4})) == one_each);
  const afd::Adversarial<afd::VolumeConvDiscriminator> deep;
  CHECK(scores(deep, torch::randn({6, 3, 4, 4, 4}), torch::randn({6, 5, 2, 2, 2})) == one_each);
}

TEST_CASE("tokens are the places of a map, row by row, on either side") {
  torch::manual_seed(3);
  const afd::Adversarial<afd::LinearDiscriminator> term;
  const Tensor map = torch::randn({6, 3, 2, 4}), other = torch::randn({6, 5, 2, 4});
  const auto as_tokens = [](const Tensor& of) { return Tokens{of.flatten(2).transpose(1, 2), 2, 4}; };
  auto edge = term.make_edge(afd::feature_shape(as_tokens(map)), {5, {2, 4}});
  CHECK(term.fake(edge, as_tokens(map)).allclose(term.fake(edge, map)));
  CHECK(term.fake(edge, map).sizes() == other.sizes());
  auto back = term.make_edge({5, {2, 4}}, afd::feature_shape(as_tokens(map)));
  CHECK(term.real(back, as_tokens(map)).equal(term.real(back, map)));
  CHECK(term.real(back, as_tokens(map)).equal(map));
  CHECK(term.fake(back, other).sizes() == map.sizes());
}

TEST_CASE("a transfer that cannot reconcile the maps says so when the edge is made") {
  const afd::Adversarial<afd::ConvDiscriminator, afd::LeastSquares, afd::IdentityTransfer> term;
  CHECK_THROWS_WITH_AS(static_cast<void>(term.make_edge({3, {4, 4}}, {5, {4, 4}})), doctest::Contains("StudentConv"),
                       afd::ShapeError);
}

TEST_SUITE_END();
