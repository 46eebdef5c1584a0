// SPDX-License-Identifier: MIT
#include <afd/train/progress_line.hpp>
//
#include <algorithm>
#include <sstream>
#include <string>

#include <afd/data/loader.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

namespace {

std::string shown(bool live) {
  torch::manual_seed(0);
  afd_test::Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const std::vector<afd::Batch> batches{afd_test::tiny_batch(), afd_test::tiny_batch()};
  std::ostringstream out;
  afd::Trainer{distiller, {.epochs = 2}}.fit(
      batches, batches, afd::ProgressLine{out, {.label = "demo", .live = live, .every_seconds = 0}});
  return out.str();
}

}  // namespace

TEST_CASE("a log gets one line per epoch with epoch, speed, time left, every term's loss and the scores") {
  const std::string text = shown(false);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find('\r') == std::string::npos);
  for (const char* part : {"demo  epoch 1/2", "demo  epoch 2/2", "images/s", "ETA 00:0", "cross_entropy ", "mutual_kl ",
                           "adversarial ", "discriminator ", "top-1 %", "ensemble"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("a live line is rewritten at every step and blanked before the epoch's line") {
  const std::string text = shown(true);
  CHECK(text.find("step 1/2") != std::string::npos);
  CHECK(text.find("step 2/2") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(std::count(text.begin(), text.end(), '\r') >= 6);
}

TEST_SUITE_END();
