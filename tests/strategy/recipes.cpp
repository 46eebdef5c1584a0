// SPDX-License-Identifier: MIT
#include <afd/strategy/recipes.hpp>
//
#include <string>
#include <type_traits>
#include <vector>

#include <afd/discriminator/mlp_discriminator.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

namespace {

template <class... Members>
std::vector<std::string> names(const afd::Strategy<Members...>&) {
  return {std::string(afd::detail::BoundTerm<Members, afd::topology::Pair>::name())...};
}

}  // namespace

TEST_CASE("each recipe lists the terms that its name promises") {
  using Names = std::vector<std::string>;
  CHECK(names(afd::Alone{}) == Names{"cross_entropy"});
  CHECK(names(afd::DeepMutualLearning{}) == Names{"cross_entropy", "mutual_kl"});
  CHECK(names(afd::KnowledgeDistillation{}) == Names{"cross_entropy", "mutual_kl"});
  CHECK(names(afd::AdversarialFeatureDistillation{}) == Names{"cross_entropy", "mutual_kl", "adversarial"});
  CHECK(names(afd::AdversarialFeaturesOnly{}) == Names{"cross_entropy", "adversarial"});
  CHECK(names(afd::DirectAlignment{}) == Names{"cross_entropy", "feature_l1"});
  CHECK(names(afd::DirectAlignmentL2{}) == Names{"cross_entropy", "feature_l2"});
  CHECK(names(afd::DirectAlignmentWithKL{}) == Names{"cross_entropy", "mutual_kl", "feature_l1"});
  CHECK(names(afd::AttentionDistillation{}) == Names{"cross_entropy", "attention_transfer"});
}

TEST_CASE("the adversarial recipe can be given other players") {
  using Other = afd::BasicAdversarialFeatureDistillation<afd::MlpDiscriminator, afd::Hinge, afd::BothSides>;
  CHECK(names(Other{}) == names(afd::AdversarialFeatureDistillation{}));
  static_assert(std::is_same_v<Other::Member<2>, afd::Adversarial<afd::MlpDiscriminator, afd::Hinge, afd::BothSides>>);
  static_assert(std::is_same_v<afd::AdversarialFeatureDistillation::Member<2>, afd::Adversarial<>>);
}

TEST_SUITE_END();
