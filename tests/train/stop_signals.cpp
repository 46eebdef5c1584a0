// SPDX-License-Identifier: MIT
#include <afd/train/stop_signals.hpp>
//
#include <csignal>
#include <initializer_list>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

namespace {

int handled = 0;
void note(int signal) {
  handled = signal;
}

}  // namespace

TEST_CASE("the first signal is noted, the second goes to whoever was there before, whichever of the two it is") {
  for (const int second : {SIGTERM, SIGINT}) {
    const auto old_terminate = std::signal(SIGTERM, note), old_interrupt = std::signal(SIGINT, note);
    {
      const afd::StopSignals signals;
      CHECK(signals.signal() == 0);
      handled = 0;
      std::raise(SIGTERM);
      CHECK(signals.signal() == SIGTERM);
      CHECK(handled == 0);
      std::raise(second);
      CHECK(handled == second);
    }
    CHECK((std::signal(SIGTERM, old_terminate) == note));
    CHECK((std::signal(SIGINT, old_interrupt) == note));
    const afd::StopSignals again;
    CHECK(again.signal() == 0);
  }
}

TEST_CASE("several at a time hear of the same signal") {
  const auto old = std::signal(SIGTERM, note);
  {
    const afd::StopSignals outer;
    {
      const afd::StopSignals inner;
      std::raise(SIGTERM);
      CHECK(inner.signal() == SIGTERM);
    }
    CHECK(outer.signal() == SIGTERM);
  }
  CHECK((std::signal(SIGTERM, old) == note));
}

TEST_CASE("signals that are ignored stay so") {
  const auto old = std::signal(SIGINT, SIG_IGN);
  {
    const afd::StopSignals signals;
    std::raise(SIGINT);
    CHECK(signals.signal() == 0);
  }
  CHECK((std::signal(SIGINT, old) == SIG_IGN));
}

TEST_SUITE_END();
