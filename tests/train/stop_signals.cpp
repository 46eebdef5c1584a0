// SPDX-License-Identifier: MIT
#include <afd/train/stop_signals.hpp>
//
#include "support/doctest.hpp"

TEST_SUITE_BEGIN("train");

TEST_CASE("a signal is noted once, and the handlers before are put back") {
  const auto old = std::signal(SIGTERM, SIG_IGN);
  {
    const afd::StopSignals signals;
    CHECK(signals.signal() == 0);
    std::raise(SIGTERM);
    CHECK(signals.signal() == SIGTERM);
    // The second one would end the process: the default is in place.
    struct sigaction now{};
    sigaction(SIGTERM, nullptr, &now);
    CHECK((now.sa_handler == SIG_DFL));
  }
  CHECK((std::signal(SIGTERM, old) == SIG_IGN));
  const afd::StopSignals again;
  CHECK(again.signal() == 0);
}

TEST_SUITE_END();
