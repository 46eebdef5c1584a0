// SPDX-License-Identifier: MIT
#include <afd/train/together.hpp>
//
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/lone_exchange.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"

TEST_SUITE_BEGIN("train");

using afd::StateDict;
using afd::StopReason;

namespace {

struct Alone {
  static constexpr bool exchanges = false;
};
struct WithOthers {
  static constexpr bool exchanges = true;
  afd_test::LoneExchange own;
  [[nodiscard]] const afd_test::LoneExchange& exchange() const { return own; }
};

StateDict state_of(double weight) {
  StateDict state;
  state.set("network 0/w", torch::full({2}, weight));
  state.set("random numbers", torch::full({4}, weight, torch::kUInt8));
  return state;
}

}  // namespace

TEST_CASE("alone everything is as it is here") {
  const Alone alone;
  const afd::detail::Together together(alone);
  CHECK(together.is_first());
  CHECK(together.agreed(StopReason::callback) == StopReason::callback);
  CHECK_FALSE(together.as_first(false));
  const StateDict joined = together.joined(state_of(1));
  CHECK(joined.values().size() == 2);
  CHECK(together.fail_together(std::make_exception_ptr(std::runtime_error("x"))));
}

TEST_CASE("one that wants to stop stops all, and only what fails in all is saved after") {
  const WithOthers several;
  const afd::detail::Together together(several);
  CHECK(together.agreed(StopReason::finished) == StopReason::finished);
  several.own.log->others = {std::to_string(static_cast<int>(StopReason::signal))};
  CHECK(together.agreed(StopReason::finished) == StopReason::signal);
  CHECK(together.fail_together(std::make_exception_ptr(afd::NonFiniteError("x"))));
  CHECK_FALSE(together.fail_together(std::make_exception_ptr(std::runtime_error("x"))));
}

TEST_CASE("a state has what is each process's own; those that have drifted apart are an error") {
  const WithOthers several;
  const afd::detail::Together together(several);
  const auto word = [](const StateDict& state) {
    const afd::Bytes own = afd::detail::own_part(state).to_bytes();
    return afd::detail::shared_fingerprint(state) + '\0' + std::string(own.begin(), own.end());
  };
  StateDict other = state_of(1);
  several.own.log->others = {word(other)};
  const StateDict joined = together.joined(state_of(1));
  CHECK(joined.get<std::int64_t>("processes") == 2);
  CHECK(joined.contains("process 1/random numbers"));
  several.own.log->others = {word(state_of(2))};
  CHECK_THROWS_WITH_AS(static_cast<void>(together.joined(state_of(1))),
                       doctest::Contains("process 1 has other weights than process 0"), afd::ConfigError);
}

TEST_CASE("what several processes have saved one alone goes on with") {
  const afd_test::TempFolder folder;
  afd_test::Quiet quiet;
  const auto train = [&](const auto& exchange, int stop_after) {
    torch::manual_seed(1);
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                             afd::DistillerOptions{.exchange = exchange}, a, b};
    afd::Trainer trainer{distiller, afd::TrainerOptions{.epochs = 2, .checkpoint = quiet.options(folder.path())}};
    const auto result = trainer.fit(afd_test::train_source(), afd_test::test_source(), afd_test::StopAfter{stop_after});
    return std::pair(result.epochs, a->parameters()[0].sum().template item<double>());
  };
  afd_test::LoneExchange exchange;
  CHECK(train(exchange, 3).first == 0);
  CHECK(exchange.log->wants_to_stop == 2);  // told by the step after
  const auto [epochs, sum] = train(afd::NoExchange{}, 0);
  CHECK(epochs == 2);
  torch::manual_seed(1);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  afd::Trainer{distiller, afd::TrainerOptions{.epochs = 2}}.fit(afd_test::train_source(), afd_test::test_source());
  CHECK(a->parameters()[0].sum().item<double>() == sum);
}

TEST_SUITE_END();
