// SPDX-License-Identifier: MIT
#include <afd/step/objectives.hpp>
//
#include <string>
#include <vector>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd::Level;
using afd_test::Probe;
using afd_test::tiny_network;

namespace {

using Joint = decltype(afd::DistillerOptions{.updates = afd::JointUpdate{}});
template <class Recipe, class First, class Options = afd::DistillerOptions<>>
using Of = afd::detail::Objectives<afd::detail::Plan<afd::topology::OneWay, Recipe, First, Probe>, Options>;

}  // namespace

// A live teacher learns from labels; a frozen one has no objective; without a feature term nobody has one of features.
static_assert(Of<afd::DirectAlignment, Probe>::has(0, Level::logit));
static_assert(!Of<afd::DirectAlignment, Probe>::has(0, Level::feature));
static_assert(Of<afd::DirectAlignment, Probe>::has(1, Level::feature));
static_assert(!Of<afd::DirectAlignment, afd::Frozen<Probe>>::has(0, Level::logit));
static_assert(!Of<afd::KnowledgeDistillation, Probe>::has(1, Level::feature));
static_assert(Of<afd::Strategy<afd::FeatureL1>, afd::Frozen<Probe>, Joint>::has(1, Level::logit));
static_assert(!Of<afd::Strategy<afd::FeatureL1>, afd::Frozen<Probe>, Joint>::has(1, Level::feature));
static_assert(sizeof(Of<afd::KnowledgeDistillation, Probe>) < sizeof(Of<afd::DirectAlignment, Probe>));

TEST_CASE("transfer layers are of the feature objective of their student; with JointUpdate of the only one") {
  auto a = tiny_network(), b = tiny_network({4, 6});
  afd::Distiller separate{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  separate.build(afd_test::tiny_batch());
  auto& objectives = separate.cohort().objectives();
  const auto& transfer = separate.cohort().layers<2, 0>().transfer;
  CHECK(transfer->parameters().size() == 3);
  CHECK(objectives.logit<1>().parameters().size() == b->parameters().size());
  CHECK(objectives.feature<1>().parameters().size() == b->parameters().size() + 3);
  CHECK(objectives.feature<1>().place() == "network 1, feature");
  CHECK(objectives.discriminator(0).place() == "adversarial_0_to_1_discriminator");
  std::vector<std::string> own;
  objectives.each_own<1>([&](auto& objective) { own.push_back(objective.place()); });
  CHECK(own == std::vector<std::string>{"network 1, logit", "network 1, feature"});
  std::vector<std::string> judges;
  objectives.each_discriminator<1>([&](auto& objective, auto t, auto e) {
    CHECK(t == 2);
    CHECK(e == 0);
    judges.push_back(objective.place());
  });
  CHECK(judges == std::vector<std::string>{"adversarial_0_to_1_discriminator"});

  auto c = tiny_network(), d = tiny_network({4, 6});
  afd::Distiller joint{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, Joint{}, c, d};
  joint.build(afd_test::tiny_batch());
  CHECK(joint.cohort().objectives().logit<1>().parameters().size() == d->parameters().size() + 3);
}

TEST_CASE("rates are scaled by network and kind, those of discriminators with the student's") {
  Probe a, b;
  const afd_test::Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, notes.options(), a, b};
  distiller.build(afd_test::tiny_batch());
  distiller.cohort().objectives().scale_rates(
      {{{.logit = 9, .feature = 8, .discriminator = 7}, {.logit = 2, .feature = 3, .discriminator = 4}}});
  CHECK(notes.logit[1].rate_factor == 2);
  CHECK(notes.feature[1].rate_factor == 3);
  CHECK(notes.feature[0].rate_factor == 8);
  // Optimizers of discriminators are made edge by edge: the first is that of 0 -> 1.
  CHECK(notes.discriminator[0].rate_factor == 4);
  CHECK(notes.discriminator[1].rate_factor == 7);
}

TEST_SUITE_END();
