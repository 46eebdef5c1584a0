// SPDX-License-Identifier: MIT
#include <afd/train/options.hpp>
//
#include <type_traits>

#include <torch/optim.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

TEST_CASE("the defaults are SGD for logits, slow Adam for features and discriminators, all at once, checked") {
  const afd::DistillerOptions<> options;
  static_assert(std::is_same_v<decltype(options.order), afd::Simultaneous>);
  static_assert(std::is_same_v<decltype(options.non_finite), afd::ThrowNonFinite>);
  CHECK(options.logit.lr == 0.1);
  CHECK(options.logit.momentum == 0.9);
  CHECK(options.logit.weight_decay == 1e-4);
  CHECK(options.feature.lr == 2e-5);
  CHECK(options.feature.weight_decay == 0.1);
  CHECK(options.discriminator.lr == 2e-5);
}

TEST_CASE("types follow the values; what is not given keeps its default") {
  using RmsProp = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
  const afd::DistillerOptions options{.feature = RmsProp{torch::optim::RMSpropOptions(1e-3)},
                                      .non_finite = afd::SkipNonFinite{.limit = 5}};
  static_assert(
      std::is_same_v<decltype(options),
                     const afd::DistillerOptions<afd::Sgd, RmsProp, afd::Adam, afd::Simultaneous, afd::SkipNonFinite>>);
  static_assert(afd::detail::is_distiller_options<std::remove_const_t<decltype(options)>>);
  static_assert(!afd::detail::is_distiller_options<afd::Sgd>);
  CHECK(options.non_finite.limit == 5);
  CHECK(options.logit.lr == 0.1);
}

TEST_SUITE_END();
