// SPDX-License-Identifier: MIT
#include <afd/compute/execution.hpp>
//
#include <array>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/compute/blas_threads.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("compute");

using afd::detail::NetworkRunner;

namespace {

/// A thread; but after so many, none can be started.
struct ScarceThread {
  static inline int left = 0;
  static inline int joined = 0;

  template <class Body>
  explicit ScarceThread(Body body) {
    if (left-- <= 0) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    thread = std::thread(std::move(body));
  }
  void join() {
    thread.join();
    ++joined;
  }

  std::thread thread;  // ends the process if nobody joins it
};

/// All weights after some steps of three unequal networks around a cycle.
template <class Options>
std::vector<torch::Tensor> trained(const Options& options) {
  torch::manual_seed(4);
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 6}, 2), c = afd_test::tiny_network({2, 2, 3});
  afd::Distiller distiller{afd::topology::Cycle<3>{}, afd::AdversarialFeatureDistillation{}, options, a, b, c};
  for (int i = 0; i < 5; ++i) distiller.step(afd_test::tiny_batch());
  std::vector<torch::Tensor> all;
  for (const auto& network : {a, b, c})
    for (const auto& tensor : afd_test::state_of(*network)) all.push_back(tensor);
  for (const auto& module : distiller.cohort().edges().modules())
    for (const auto& tensor : afd_test::state_of(*module)) all.push_back(tensor);
  return all;
}

}  // namespace

TEST_CASE("peers on threads of their own give the same bits") {
  torch::set_num_threads(1);
  const auto one = trained(afd::DistillerOptions{});
  const auto many = trained(afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 3}});
  const auto first = trained(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}});
  const auto many_first =
      trained(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .execution = afd::PeerThreads{.threads = 2}});
  REQUIRE(one.size() == many.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(torch::equal(one[i], many[i]));
    CHECK(torch::equal(first[i], many_first[i]));
  }
}

TEST_CASE("each network has its thread, with the caller's grad mode and its own number of LibTorch threads") {
  torch::set_num_threads(2);
  NetworkRunner<3, afd::PeerThreads> runner(afd::PeerThreads{.threads = 4}, {1, 1, 2});
  CHECK(torch::get_num_threads() == 2);
  std::array<std::thread::id, 3> ids;
  std::array<int, 3> threads{};
  std::array<bool, 3> grad{};
  {
    const torch::NoGradGuard no_grad;
    runner.run([&](auto k) {
      ids[k] = std::this_thread::get_id();
      threads[k] = torch::get_num_threads();
      grad[k] = torch::GradMode::is_enabled();
    });
  }
  CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 3);
  CHECK(threads == std::array<int, 3>{1, 1, 2});  // the costly one gets the fourth
  CHECK(grad == std::array<bool, 3>{false, false, false});
  const auto before = ids;
  runner.run([&](auto k) { ids[k] = std::this_thread::get_id(); });
  CHECK(ids == before);  // the threads are kept
  torch::set_num_threads(1);
}

TEST_CASE("with fewer cores than networks they take turns, the costly ones first") {
  NetworkRunner<4, afd::PeerThreads> one(afd::PeerThreads{.threads = 1}, {2, 1, 4, 3});
  std::vector<std::size_t> order;
  one.run([&](auto k) { order.push_back(k); });
  CHECK(order == std::vector<std::size_t>{2, 3, 0, 1});

  NetworkRunner<4, afd::PeerThreads> two(afd::PeerThreads{.threads = 2}, {1, 1, 1, 1});
  for (int round = 0; round < 50; ++round) {
    std::array<std::thread::id, 4> ids;
    std::array<int, 4> threads{};
    two.run([&](auto k) {
      ids[k] = std::this_thread::get_id();
      threads[k] = torch::get_num_threads();
    });
    CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() <= 2);
    CHECK(threads == std::array<int, 4>{1, 1, 1, 1});
  }
}

TEST_CASE("an OpenBLAS with threads of its own has no more of them than a network, and all again afterwards") {
  static_cast<void>(torch::mm(torch::ones({2, 2}), torch::ones({2, 2})));
  const afd::detail::OpenBlas blas = afd::detail::OpenBlas::find();
  if (!blas.is_there()) {
    MESSAGE("LibTorch computes with another BLAS here, or one on OpenMP's threads");
    return;
  }
  const int before = blas.threads();
  blas.set_threads(2);
  NetworkRunner<2, afd::PeerThreads> runner(afd::PeerThreads{.threads = 2}, {1, 1});
  std::array<int, 2> threads{};
  runner.run([&](auto k) { threads[k] = blas.threads(); });
  CHECK(threads == std::array<int, 2>{1, 1});
  CHECK(blas.threads() == 2);
  CHECK_THROWS_AS(runner.run([](auto) { throw std::runtime_error("a network's"); }), std::runtime_error);
  CHECK(blas.threads() == 2);
  blas.set_threads(before);
}

TEST_CASE("an exception reaches the caller, the first network's if there are several, and the threads live on") {
  for (const int cores : {1, 2, 3}) {
    CAPTURE(cores);
    NetworkRunner<3, afd::PeerThreads> runner(afd::PeerThreads{.threads = cores}, {1, 1, 1});
    for (int round = 0; round < 20; ++round) {
      CHECK_THROWS_WITH_AS(runner.run([](auto k) {
        if (k > 0) throw std::runtime_error("network " + std::to_string(k.value));
      }),
                           "network 1", std::runtime_error);
    }
    std::array<bool, 3> ran{};
    runner.run([&](auto k) { ran[k] = true; });
    CHECK(ran == std::array<bool, 3>{true, true, true});
  }
}

TEST_CASE("a thread that cannot be started is an error with a way out, and those before it have ended") {
  torch::set_num_threads(2);
  using Runner = NetworkRunner<3, afd::PeerThreads, ScarceThread>;
  const auto make = [](int threads, int cores) {
    ScarceThread::left = threads;
    ScarceThread::joined = 0;
    Runner runner(afd::PeerThreads{.threads = cores}, {1, 1, 1});
    std::array<bool, 3> ran{};
    runner.run([&](auto k) { ran[k] = true; });
    CHECK(ran == std::array<bool, 3>{true, true, true});
  };
  CHECK_THROWS_WITH_AS(make(2, 3),
                       doctest::Contains("PeerThreads needs 3 threads of its own, but thread 3 cannot be started"),
                       afd::ConfigError);
  CHECK(ScarceThread::joined == 2);
  CHECK(torch::get_num_threads() == 2);
  CHECK_THROWS_WITH_AS(make(2, 3), doctest::Contains("PeerThreads{.threads = 2}"), afd::ConfigError);
  CHECK_THROWS_WITH_AS(make(0, 1), doctest::Contains("thread 1 cannot be started"), afd::ConfigError);
  CHECK(ScarceThread::joined == 0);
  make(2, 2);  // as many as the plan has use for
  CHECK(ScarceThread::joined > 0);
  torch::set_num_threads(1);
}

TEST_CASE("errors of a step come through, and change nothing") {
  afd_test::Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.execution = afd::PeerThreads{}}, a, b};
  distiller.step(afd_test::tiny_batch());
  const auto before = afd_test::state_of(*a);
  const afd::Batch good = afd_test::tiny_batch();
  CHECK_THROWS_WITH_AS(distiller.step(afd::Batch{good.inputs.to(torch::kFloat32), good.targets}),
                       doctest::Contains("network 0: LibTorch says"), afd::ShapeError);
  CHECK(afd_test::same_state(*a, before));
}

TEST_SUITE_END();
