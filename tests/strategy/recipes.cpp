// SPDX-License-Identifier: MIT
#include <afd/strategy/recipes.hpp>
//
#include <string>
#include <vector>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

namespace {

template <class... Members>
std::vector<std::string> names(const afd::Strategy<Members...>&) {
  return {std::string(Members::name)...};
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

TEST_SUITE_END();
