// SPDX-License-Identifier: MIT
#include <afd/train/stoppable_source.hpp>
//
#include <csignal>
#include <vector>

#include <torch/torch.h>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("train");

using afd::detail::StoppableSource;
static_assert(afd::BatchSource<StoppableSource<std::vector<afd::Batch>>>);

TEST_CASE("all batches, until a signal comes") {
  std::vector<afd::Batch> batches{afd_test::tiny_batch(2), afd_test::tiny_batch(3), afd_test::tiny_batch(4)};
  const auto walk = [&](const afd::StopSignals* signals, std::size_t raise_at) {
    std::vector<std::int64_t> sizes;
    StoppableSource source(batches, signals);
    for (const afd::Batch& batch : source) {
      sizes.push_back(batch.targets.size(0));
      if (sizes.size() == raise_at) std::raise(SIGTERM);
    }
    return sizes;
  };
  CHECK(walk(nullptr, 0) == std::vector<std::int64_t>{2, 3, 4});
  const afd::StopSignals signals;
  CHECK(walk(&signals, 0) == std::vector<std::int64_t>{2, 3, 4});
  CHECK_THROWS_AS(walk(&signals, 2), afd::detail::StoppedWalk);
}

TEST_SUITE_END();
