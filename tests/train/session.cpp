// SPDX-License-Identifier: MIT
#include <afd/train/session.hpp>
//
#include <filesystem>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer_options.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

using D = decltype(afd::Distiller{afd::topology::Pair{}, afd::Alone{}, std::declval<afd::PlainCnn&>(),
                                  std::declval<afd::PlainCnn&>()});
using Options = afd::TrainerOptions<>;
using Session = afd::detail::Session<D, Options, afd::Classification>;

}  // namespace

TEST_CASE("schedules are part of what is compared") {
  const auto constant = afd::detail::recipe_of_schedules(afd::TrainerOptions{});
  const auto steps = afd::detail::recipe_of_schedules(afd::TrainerOptions{.logit_schedule = afd::MultiStep{}});
  CHECK(constant.size() < steps.size());
  CHECK(afd::differences(constant, steps).find("logit schedule") != std::string::npos);
}

TEST_CASE("without a folder nothing is written and nobody listens to signals") {
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  D distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  const Options options;
  Session session(distiller, options, 1);
  CHECK(session.signals() == nullptr);
  CHECK_FALSE(session.is_signalled());
  CHECK(session.state.result.history.columns().size() > 4);
  session.state.steps = 1;
  session.save_last();
  CHECK(session.seconds() >= 0);
}

TEST_CASE("a session goes on where the last one in its folder ended, with random numbers as after the last step") {
  const afd_test::TempFolder folder;
  afd_test::Quiet quiet;
  const Options options{.epochs = 5, .checkpoint = quiet.options(folder.path())};
  torch::Tensor drawn;
  {
    auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
    D distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
    Session session(distiller, options, 1);
    CHECK(session.signals() != nullptr);
    distiller.step(afd_test::tiny_batch());
    session.state.step = session.state.steps = 1;
    session.note_drawn();
    drawn = torch::randn({3});  // by a batch that fails
    session.save_after_error();
  }
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  D distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  Session session(distiller, options, 1);
  CHECK(session.state.steps == 1);
  CHECK(distiller.is_built());
  CHECK(torch::equal(torch::randn({3}), drawn));
  REQUIRE(!quiet.said.empty());
  CHECK(quiet.said.back().find("after step 1 of it") != std::string::npos);
}

TEST_CASE("another source or another schedule is refused") {
  const afd_test::TempFolder folder;
  afd_test::Quiet quiet;
  const Options options{.epochs = 5, .checkpoint = quiet.options(folder.path())};
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network();
  D distiller{afd::topology::Pair{}, afd::Alone{}, a, b};
  {
    Session session(distiller, options, 1);
    distiller.step(afd_test::tiny_batch());
    session.state.step = session.state.steps = 1;
    session.save_last();
  }
  CHECK_THROWS_WITH_AS(Session(distiller, options, 2), doctest::Contains("fingerprint of the source"),
                       afd::FormatError);
  const afd::TrainerOptions other{.epochs = 5, .logit_schedule = afd::MultiStep{}, .checkpoint = options.checkpoint};
  using Other = Session;
  CHECK_THROWS_WITH_AS(Other(distiller, other, 1), doctest::Contains("other schedules"), afd::ConfigError);
}

TEST_SUITE_END();
