// SPDX-License-Identifier: MIT
#include <afd/step/exchange.hpp>
//
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/lone_exchange.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::LoneExchange;

TEST_CASE("a distiller without an exchange has room for none") {
  static_assert(std::is_empty_v<afd::NoExchange> && !afd::detail::exchanges<afd::NoExchange>);
  static_assert(afd::detail::exchanges<LoneExchange>);
  static_assert(!afd::Exchange<int>);
}

TEST_CASE("a step that exchanges with itself is the step without, to the bit") {
  const auto train = [](const auto& options) {
    torch::manual_seed(1);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    torch::manual_seed(2);
    std::vector<double> values;
    for (int i = 0; i < 5; ++i) {
      for (const double value : distiller.step(afd_test::tiny_batch()).values()) values.push_back(value);
    }
    distiller.finish_accumulation();
    std::vector<torch::Tensor> state = afd_test::state_of(*a), of_b = afd_test::state_of(*b);
    state.insert(state.end(), of_b.begin(), of_b.end());
    return std::pair(values, state);
  };
  const auto check = [&](const auto& alone, const auto& exchanging) {
    const auto [values, state] = train(alone);
    const auto [others, other_state] = train(exchanging);
    CHECK(values == others);
    for (std::size_t i = 0; i < state.size(); ++i) CHECK(torch::equal(state[i], other_state[i]));
  };
  const LoneExchange exchange;
  check(afd::DistillerOptions<>{}, afd::DistillerOptions{.exchange = exchange});
  const auto& calls = exchange.log->calls;
  CHECK(calls.front() == "begin");
  CHECK(std::count(calls.begin(), calls.end(), "begin") == 1);
  CHECK(std::count(calls.begin(), calls.end(), "add 6") == 5 * 6);  // logit, feature, discriminator of each network
  CHECK(std::count(calls.begin(), calls.end(), "settle") == 5);

  const LoneExchange of_gathered;
  const afd::Sgd gathers{.accumulate = 3};
  check(
      afd::DistillerOptions{.logit = gathers, .order = afd::DiscriminatorFirst{}, .updates = afd::LogitFirst{}},
      afd::DistillerOptions{
          .logit = gathers, .order = afd::DiscriminatorFirst{}, .updates = afd::LogitFirst{}, .exchange = of_gathered});
  const auto& others = of_gathered.log->calls;
  CHECK(std::count(others.begin(), others.end(), "add 18") == 2);  // the update of three steps
  CHECK(std::count(others.begin(), others.end(), "add 12") == 2);  // and what was left
  CHECK(std::count(others.begin(), others.end(), "watch") == 2 * 4);
  const bool has_statistics =
      std::any_of(others.begin(), others.end(), [](const std::string& call) { return call == "finish 0"; });
  CHECK(has_statistics);  // of the three finishes of a step only the last has some
}

TEST_CASE("errors are told to other processes, but for those that all have, or that come from others") {
  const LoneExchange exchange;
  const auto throws = [&](const auto& error) {
    exchange.log->left.clear();
    CHECK_THROWS(afd::detail::telling_others(exchange, [&] { throw error; }));
    return exchange.log->left;
  };
  CHECK(throws(std::runtime_error("disk full")) == "disk full");
  CHECK(throws(afd::DataError("no label")) == "no label");
  CHECK(throws(afd::NonFiniteError("nan")).empty());
  CHECK(throws(afd::PeerError("gone")).empty());
  CHECK(afd::detail::telling_others(exchange, [] { return 3; }) == 3);
  CHECK(afd::detail::telling_others(afd::NoExchange{}, [] { return 3; }) == 3);
}

TEST_SUITE_END();
