// SPDX-License-Identifier: MIT
#include <afd/strategy/adversarial.hpp>
//
#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/discriminator/patch_discriminator.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

using torch::Tensor;

static_assert(afd::AdversarialTerm<afd::Adversarial<>> && afd::EdgeTerm<afd::Adversarial<>>);
static_assert(afd::Adversarial<>::level == afd::Level::feature);
static_assert(afd::AdversarialTerm<afd::Adversarial<afd::PatchDiscriminator, afd::NonSaturating>>);
static_assert(afd::AdversarialTerm<afd::Adversarial<afd::SpectralMlpDiscriminator, afd::Hinge, afd::IdentityTransfer>>);

TEST_CASE_TEMPLATE("both losses at once are the same as each by itself", Gan, afd::LeastSquares, afd::NonSaturating,
                   afd::Hinge) {
  torch::manual_seed(0);
  const afd::Adversarial<afd::LinearDiscriminator, Gan> term;
  auto edge = term.make_edge({3, 4, 4}, {5, 2, 2});
  const Tensor student = torch::randn({6, 3, 4, 4}), teacher = torch::randn({6, 5, 2, 2});
  const Tensor fake = term.fake(edge, student), real = term.real(edge, teacher);
  CHECK(fake.sizes() == torch::IntArrayRef({6, 5, 2, 2}));
  CHECK(real.sizes() == fake.sizes());
  const afd::GameLosses both = term.losses(edge, real, fake);
  CHECK(torch::equal(both.generator, term.generator_loss(edge, fake)));
  CHECK(torch::equal(both.discriminator, term.discriminator_loss(edge, real, fake)));
  CHECK(torch::equal(both.generator, Gan{}.generator(edge.discriminator->forward(fake))));
}

TEST_CASE("options reach the discriminator and the transfer layers; vectors count as 1x1 maps") {
  const afd::Adversarial<> term{.discriminator = {.width = 7}, .transfer = {.kernel_size = 3}};
  auto edge = term.make_edge({3, 4, 4}, {5, 4, 4});
  CHECK(edge.discriminator->named_parameters()["conv.weight"].sizes() == torch::IntArrayRef({7, 5, 3, 3}));
  CHECK(edge.transfer->parameters()[0].sizes() == torch::IntArrayRef({5, 3, 3, 3}));
  CHECK(term.view({torch::zeros({2, 3}), {}}).sizes() == torch::IntArrayRef({2, 3, 1, 1}));
}

TEST_CASE("a transfer that cannot reconcile the maps says so when the edge is made") {
  const afd::Adversarial<afd::ConvDiscriminator, afd::LeastSquares, afd::IdentityTransfer> term;
  CHECK_THROWS_WITH_AS(static_cast<void>(term.make_edge({3, 4, 4}, {5, 4, 4})), doctest::Contains("StudentConv"),
                       afd::ShapeError);
}

TEST_SUITE_END();
