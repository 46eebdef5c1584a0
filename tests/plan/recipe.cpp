// SPDX-License-Identifier: MIT
#include <afd/plan/recipe.hpp>
//
#include <cstdint>
#include <functional>
#include <string>

#include <torch/nn.h>

#include <afd/plan/plan.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/distiller.hpp>
#include <afd/step/options.hpp>
#include <afd/strategy/against.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

namespace recipe_test {

struct Found {
  torch::Tensor boxes;
  torch::Tensor masks;
};
struct Truth {
  torch::Tensor labels;
  torch::Tensor boxes;
};
struct Net : torch::nn::Module {};

}  // namespace recipe_test

TEST_SUITE_BEGIN("plan");

using namespace recipe_test;

namespace {

using afd::AttentionTransfer;
using afd::CrossEntropy;
using afd::MutualKL;

/// Of one term, among three networks in a circle.
template <class Member>
afd::Recipe recipe_with(const Member& member = {}) {
  using Handle = std::reference_wrapper<Net>;
  using Plan = afd::detail::Plan<afd::topology::Cycle<3>, afd::Strategy<Member>, Handle, Handle, Handle>;
  return afd::detail::recipe_of<Plan>(afd::Strategy<Member>(member), afd::DistillerOptions<>{});
}

/// How the recipe with A differs from that with B.
template <class A, class B>
std::string differences_of() {
  return afd::differences(recipe_with<A>(), recipe_with<B>());
}

}  // namespace

TEST_CASE("a recipe names topology, terms, optimizers, policies and their numbers") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  const afd::Distiller distiller{
      afd::topology::OneWay{},
      afd::Strategy{CrossEntropy{}, MutualKL{.temperature = 2.5, .weight = 0.5}, afd::Every<4, afd::FeatureL1>{}},
      afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.03}, .order = afd::DiscriminatorFirst{}}, afd::frozen(a), b};
  const afd::Recipe recipe = distiller.recipe();
  CHECK(recipe.at("network 0") == "frozen");
  CHECK(recipe.at("network 1") == "trained");
  CHECK(recipe.at("term 0 is for") == "1");
  CHECK(recipe.at("term 0 reads") == "afd::Logits");
  CHECK(recipe.at("term 0 is given") == "afd::WholeTargets");
  CHECK_FALSE(recipe.contains("term 0 edges"));
  CHECK(recipe.at("term 1") == "afd::MutualKL");
  CHECK(recipe.at("term 1 is called") == "mutual_kl");
  CHECK(recipe.at("term 1.0") == "2.5");
  CHECK(recipe.at("term 1.1") == "0.5");
  CHECK(recipe.at("term 1 edges") == "0 -> 1");
  CHECK_FALSE(recipe.contains("term 1 is for"));
  CHECK(recipe.at("term 2 reads") == "afd::Features");
  CHECK(recipe.at("term 2 is computed") == "every 4 step(s)");
  CHECK(recipe.at("logit optimizer") == "afd::Sgd");
  CHECK(recipe.at("logit optimizer.0") == "0.03");
  CHECK(recipe.at("order") == "afd::DiscriminatorFirst");
}

TEST_CASE("the place that a term reads is part of the recipe") {
  using afd::At;
  using afd::Ends;
  CHECK(differences_of<At<1, AttentionTransfer>, At<1, AttentionTransfer>>().empty());
  CHECK(differences_of<At<1, AttentionTransfer>, At<0, AttentionTransfer>>() ==
        "\n  term 0 is called: attention_transfer_at_1 in the file, attention_transfer_at_0 here"
        "\n  term 0 reads: afd::Tap<1> in the file, afd::Tap<0> here");
  CHECK(recipe_with<At<Ends{.teacher = 2, .student = 0}, AttentionTransfer>>().at("term 0 reads") ==
        "afd::Tap<2> of teachers, afd::Tap<0> of students");
  using Boxes = At<&Found::boxes, AttentionTransfer>;
  using Masks = At<&Found::masks, AttentionTransfer>;
  const std::string members = differences_of<Boxes, Masks>();
  CHECK(members.find("term 0 reads: afd::Member<") != std::string::npos);
  CHECK(members.find("masks") > members.find("boxes"));
  CHECK(members.find("is called") == std::string::npos);
}

TEST_CASE("so are the targets that it is given") {
  using afd::Against;
  const std::string whole = differences_of<CrossEntropy, Against<1, CrossEntropy>>();
  CHECK(whole.starts_with("\n  term 0 is given: afd::WholeTargets in the file, "));
  CHECK(whole.ends_with("TargetElement<1> here"));
  const std::string elements = differences_of<Against<0, CrossEntropy>, Against<1, CrossEntropy>>();
  CHECK(elements.find("TargetElement<0> in the file, ") != std::string::npos);
  CHECK(elements.ends_with("TargetElement<1> here"));
  const std::string members =
      differences_of<Against<&Truth::labels, CrossEntropy>, Against<&Truth::boxes, CrossEntropy>>();
  CHECK(members.find("labels") < members.find("boxes"));
  CHECK(members.find("boxes") != std::string::npos);
}

TEST_CASE("so are its networks or edges, its name and how often it is computed") {
  using afd::Over;
  using afd::topology::Networks;
  CHECK(recipe_with<CrossEntropy>().at("term 0 is for") == "0, 1, 2");
  CHECK(differences_of<CrossEntropy, Over<Networks<2, 0>, CrossEntropy>>() ==
        "\n  term 0 is for: 0, 1, 2 in the file, 0, 2 here");
  CHECK(differences_of<Over<Networks<0, 1, 2>, CrossEntropy>, CrossEntropy>().empty());  // which says the same
  CHECK(differences_of<MutualKL, Over<afd::topology::Graph<3, afd::Edge{2, 0}>, MutualKL>>() ==
        "\n  term 0 edges: 0 -> 1, 1 -> 2, 2 -> 0 in the file, 2 -> 0 here");
  CHECK(differences_of<MutualKL, afd::Named<"warm", MutualKL>>() ==
        "\n  term 0 is called: mutual_kl in the file, warm here");
  CHECK(differences_of<MutualKL, afd::Every<2, MutualKL>>() ==
        "\n  term 0 is computed: every 1 step(s) in the file, every 2 step(s) here");
  CHECK(recipe_with<afd::EnsembleKL>().at("term 0 edges") == "0 -> 1, 1 -> 2, 2 -> 0");
}

TEST_CASE("the order of wrappers is not, and numbers in them are found") {
  using A = afd::Every<2, afd::Named<"warm", afd::At<1, MutualKL>>>;
  using B = afd::At<1, afd::Every<2, afd::Named<"warm", MutualKL>>>;
  CHECK(differences_of<A, B>().empty());
  B warm;
  warm.term.term.term.temperature = 8;
  CHECK(afd::differences(recipe_with<A>(), recipe_with(warm)) == "\n  term 0.0: 3 in the file, 8 here");
}

TEST_CASE("differences are named, and only they") {
  const afd::Recipe file{{"a", "1"}, {"b", "2"}, {"c", "3"}}, here{{"a", "1"}, {"b", "5"}, {"d", "4"}};
  CHECK(afd::differences(file, file).empty());
  CHECK(afd::differences(file, here) ==
        "\n  b: 2 in the file, 5 here\n  c: 3 in the file, nothing here\n  d: nothing in the file, 4 here");
}

TEST_CASE("the recipe of a state is what was saved under its prefix, texts only") {
  afd::StateDict state;
  state.set("recipe/term 0", std::string("afd::MutualKL"));
  state.set("recipe/number", std::int64_t{3});
  state.set("other/term 0", std::string("x"));
  CHECK(afd::detail::saved_recipe(state) == afd::Recipe{{"term 0", "afd::MutualKL"}});
  CHECK(afd::detail::saved_recipe(state, "other/") == afd::Recipe{{"term 0", "x"}});
}

TEST_SUITE_END();
