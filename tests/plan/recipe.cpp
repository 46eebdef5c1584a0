// SPDX-License-Identifier: MIT
#include <afd/plan/recipe.hpp>
//
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <torch/torch.h>

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
#include <afd/strategy/scheduled.hpp>
#include <afd/strategy/weighted_edges.hpp>
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

/// A term of the user's, as it was in his first version, and as it is in the next one.
struct FirstHint {
  static constexpr std::string_view name = "hint";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return logits.mean();
  }
};
struct Hint : FirstHint {};
struct NextHint {
  static constexpr std::string_view name = "hint";
  static constexpr afd::Level level = afd::Level::logit;
  std::vector<double> margins{0.5, 1.5};
  std::optional<int> rank = std::nullopt;
  double weight = 1.0;
  torch::Tensor scale = torch::ones({2});
  std::function<double(double)> shape{};
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return logits.mean();
  }
};
/// Its only constructor takes a number.
struct WithoutDefault {
  static constexpr std::string_view name = "hint";
  static constexpr afd::Level level = afd::Level::logit;
  std::reference_wrapper<const int> rank;
  double weight = 1.0;
  [[nodiscard]] torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return logits.mean();
  }
};

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
  CHECK(recipe.at("terms") == "cross_entropy, mutual_kl, feature_l1");
  CHECK(recipe.at("term cross_entropy is for") == "1");
  CHECK(recipe.at("term cross_entropy reads") == "afd::Logits");
  CHECK(recipe.at("term cross_entropy is given") == "afd::WholeTargets");
  CHECK(recipe.at("term cross_entropy.class_weights") == "0 elements");
  CHECK_FALSE(recipe.contains("term cross_entropy edges"));
  CHECK(recipe.at("term mutual_kl") == "afd::MutualKL");
  CHECK(recipe.at("term mutual_kl.temperature") == "2.5");
  CHECK(recipe.at("term mutual_kl.weight") == "0.5");
  CHECK(recipe.at("term mutual_kl edges") == "0 -> 1");
  CHECK_FALSE(recipe.contains("term mutual_kl is for"));
  CHECK(recipe.at("term feature_l1 reads") == "afd::Features");
  CHECK(recipe.at("term feature_l1 is computed") == "every 4 step(s)");
  CHECK(recipe.at("logit optimizer") == "afd::Sgd");
  CHECK(recipe.at("logit optimizer.lr") == "0.03");
  CHECK(recipe.at("order") == "afd::DiscriminatorFirst");
}

TEST_CASE("the place that a term reads is part of the recipe") {
  using afd::At;
  using afd::Ends;
  using afd::Named;
  CHECK(differences_of<At<1, AttentionTransfer>, At<1, AttentionTransfer>>().empty());
  const std::string other_name = differences_of<At<1, AttentionTransfer>, At<0, AttentionTransfer>>();
  CHECK(other_name.find("term attention_transfer_at_1: afd::AttentionTransfer in the file, nothing here") !=
        std::string::npos);
  CHECK(differences_of<Named<"hint", At<1, AttentionTransfer>>, Named<"hint", At<0, AttentionTransfer>>>() ==
        "\n  term hint reads: afd::Tap<1> in the file, afd::Tap<0> here");
  CHECK(recipe_with<At<Ends{.teacher = 2, .student = 0}, AttentionTransfer>>().at(
            "term attention_transfer_at_2_0 reads") == "afd::Tap<2> of teachers, afd::Tap<0> of students");
  using Boxes = At<&Found::boxes, AttentionTransfer>;
  using Masks = At<&Found::masks, AttentionTransfer>;
  const std::string members = differences_of<Boxes, Masks>();
  CHECK(members.find("term attention_transfer reads: afd::Member<") != std::string::npos);
  CHECK(members.find("masks") > members.find("boxes"));
}

TEST_CASE("so are the targets that it is given") {
  using afd::Against;
  const std::string whole = differences_of<CrossEntropy, Against<1, CrossEntropy>>();
  CHECK(whole.starts_with("\n  term cross_entropy is given: afd::WholeTargets in the file, "));
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
  CHECK(recipe_with<CrossEntropy>().at("term cross_entropy is for") == "0, 1, 2");
  CHECK(differences_of<CrossEntropy, Over<Networks<2, 0>, CrossEntropy>>() ==
        "\n  term cross_entropy is for: 0, 1, 2 in the file, 0, 2 here");
  CHECK(differences_of<Over<Networks<0, 1, 2>, CrossEntropy>, CrossEntropy>().empty());  // which says the same
  CHECK(differences_of<MutualKL, Over<afd::topology::Graph<3, afd::Edge{2, 0}>, MutualKL>>() ==
        "\n  term mutual_kl edges: 0 -> 1, 1 -> 2, 2 -> 0 in the file, 2 -> 0 here");
  const std::string renamed = differences_of<MutualKL, afd::Named<"warm", MutualKL>>();
  CHECK(renamed.find("terms: mutual_kl in the file, warm here") != std::string::npos);
  CHECK(renamed.find("term mutual_kl: afd::MutualKL in the file, nothing here") != std::string::npos);
  CHECK(renamed.find("term warm: nothing in the file, afd::MutualKL here") != std::string::npos);
  CHECK(differences_of<MutualKL, afd::Every<2, MutualKL>>() ==
        "\n  term mutual_kl is computed: every 1 step(s) in the file, every 2 step(s) here");
  CHECK(recipe_with<afd::EnsembleKL>().at("term ensemble_kl edges") == "0 -> 1, 1 -> 2, 2 -> 0");
}

TEST_CASE("so is the order of terms, in which losses are summed") {
  using Handle = std::reference_wrapper<Net>;
  const auto recipe_of = []<class Strategy>(const Strategy& strategy) {
    using Plan = afd::detail::Plan<afd::topology::Cycle<2>, Strategy, Handle, Handle>;
    return afd::detail::recipe_of<Plan>(strategy, afd::DistillerOptions<>{});
  };
  CHECK(afd::differences(recipe_of(afd::Strategy{CrossEntropy{}, MutualKL{}}),
                         recipe_of(afd::Strategy{MutualKL{}, CrossEntropy{}})) ==
        "\n  terms: cross_entropy, mutual_kl in the file, mutual_kl, cross_entropy here");
}

TEST_CASE("so are the schedules of its numbers and the weights of its edges") {
  using Scheduled = afd::Scheduled<MutualKL>;
  const Scheduled slow{.term = {}, .weight = afd::LinearWarmup<>{.epochs = 50}, .temperature = {}};
  const Scheduled fast{.term = {}, .weight = afd::LinearWarmup<>{.epochs = 25}, .temperature = {}};
  CHECK(afd::differences(recipe_with(slow), recipe_with(slow)).empty());
  CHECK(afd::differences(recipe_with(slow), recipe_with(fast))
            .starts_with("\n  term mutual_kl, weight at epoch 0.5 of 100: 0.01 in the file, 0.02 here"));
  CHECK(differences_of<MutualKL, Scheduled>().empty());  // without a schedule
  using Weighted = afd::WeightedEdges<3, MutualKL>;
  CHECK(afd::differences(recipe_with<MutualKL>(), recipe_with(Weighted{.weights = {1, 0.5, 1}, .term = {}})) ==
        "\n  term mutual_kl edges have the weights: 1 each in the file, 1, 0.5, 1 here");
  CHECK(differences_of<MutualKL, Weighted>().empty());  // of 1 each
}

TEST_CASE("the order of wrappers is not, and numbers in them are found") {
  using A = afd::Every<2, afd::Named<"warm", afd::At<1, MutualKL>>>;
  using B = afd::At<1, afd::Every<2, afd::Named<"warm", MutualKL>>>;
  CHECK(differences_of<A, B>().empty());
  B warm;
  warm.term.term.term.temperature = 8;
  CHECK(afd::differences(recipe_with<A>(), recipe_with(warm)) == "\n  term warm.temperature: 3 in the file, 8 here");
}

TEST_CASE("differences are named, and only they") {
  const afd::Recipe file{{"a", "1"}, {"b", "2"}, {"c", "3"}}, here{{"a", "1"}, {"b", "5"}, {"d", "4"}};
  CHECK(afd::differences(file, file).empty());
  CHECK(afd::differences(file, here) ==
        "\n  b: 2 in the file, 5 here\n  c: 3 in the file, nothing here\n  d: nothing in the file, 4 here");
}

TEST_CASE("a member that a file does not know is as it is by default") {
  const afd::Recipe file = recipe_with<FirstHint>();
  const auto differences = [&](const NextHint& hint) {
    std::string lines = afd::differences(file, recipe_with(hint));
    const std::string type = "\n  term hint: recipe_test::FirstHint in the file, recipe_test::NextHint here";
    CHECK(lines.starts_with(type));  // which they would share
    return lines.substr(std::min(lines.size(), type.size()));
  };
  CHECK(differences(NextHint{}).empty());
  CHECK(differences({.margins = {0.5}}) == "\n  term hint.margins: nothing in the file, 1 element here");
  CHECK(differences({.margins = {0.5, 2}}) == "\n  term hint.margins[1]: nothing in the file, 2 here");
  CHECK(differences({.rank = 3}) == "\n  term hint.rank: nothing in the file, 3 here");
  CHECK(differences({.weight = 2}) == "\n  term hint.weight: 1 in the file, 2 here");
  CHECK(differences({.scale = torch::zeros({2})}).starts_with("\n  term hint.scale: nothing in the file, Float [2] "));
  CHECK(differences({.shape = [](double x) { return x; }}) ==
        "\n  term hint.shape: nothing in the file, a std::function<double(double)>, which cannot be compared here");
}

TEST_CASE("a member that only the file knows is a difference, whatever its value") {
  const std::string lines = afd::differences(recipe_with<NextHint>(), recipe_with<FirstHint>());
  CHECK(lines.find("term hint.rank: none in the file, nothing here") != std::string::npos);
  CHECK(lines.find("term hint.margins: 2 elements in the file, nothing here") != std::string::npos);
}

TEST_CASE("of a policy that cannot be made by default every member must be in the file") {
  const int rank = 2;
  const std::string lines = afd::differences(recipe_with<FirstHint>(), recipe_with(WithoutDefault{.rank = rank}));
  CHECK(lines.find("term hint.rank: nothing in the file, a std::reference_wrapper<") != std::string::npos);
  CHECK(lines.find("term hint.weight") == std::string::npos);
}

TEST_CASE("another tensor in a policy is another recipe") {
  const NextHint ones{}, twos{.scale = torch::full({2}, 2.0)};
  CHECK(afd::differences(recipe_with(ones), recipe_with<NextHint>()).empty());
  const std::string lines = afd::differences(recipe_with(ones), recipe_with(twos));
  CHECK(lines.starts_with("\n  term hint.scale: Float [2] with key "));
}

TEST_CASE("a policy may have another name for its base class, and is not the same then") {
  CHECK(differences_of<FirstHint, Hint>() ==
        "\n  term hint: recipe_test::FirstHint in the file, recipe_test::Hint here");
  Hint hint;
  hint.weight = 3;
  CHECK(recipe_with(hint).at("term hint.weight") == "3");
}

TEST_CASE("what cannot be compared is told, with a way out") {
  CHECK(afd::not_compared(recipe_with<NextHint>()).empty());  // there is no function
  const auto sentences = afd::not_compared(recipe_with(NextHint{.shape = [](double x) { return 2 * x; }}));
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0].starts_with(
      "term hint.shape is a std::function<double(double)>, which cannot be compared when a training goes on: give"));
  CHECK(afd::not_compared(recipe_with<CrossEntropy>()).empty());
}

TEST_CASE("a recipe is compared by its entries, and says which of them are defaults") {
  afd::Recipe recipe{{"a", "1"}};
  recipe.set("b", "2", /*is_default=*/true);
  CHECK(recipe == afd::Recipe{{"a", "1"}, {"b", "2"}});
  CHECK(recipe.size() == 2);
  CHECK_FALSE(recipe.is_default("a"));
  CHECK(recipe.is_default("b"));
  CHECK(afd::differences({{"a", "1"}}, recipe).empty());
  CHECK(afd::differences({{"a", "1"}, {"b", "3"}}, recipe) == "\n  b: 3 in the file, 2 here");
  CHECK_THROWS_AS(static_cast<void>(recipe.at("c")), std::out_of_range);
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
