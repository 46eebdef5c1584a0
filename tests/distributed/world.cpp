// SPDX-License-Identifier: MIT
#include <afd/distributed/world.hpp>
//
#include <csignal>
#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/doctest.hpp"
#include "support/world_of_processes.hpp"

namespace {

using afd_test::Scenario, afd_test::WorldOfProcesses;
using namespace std::chrono_literals;

void require(bool is_so, const char* what) {
  if (!is_so) throw std::logic_error(what);
}

const Scenario exchanges("exchanges", [] {
  afd::World world;
  const auto rank = static_cast<double>(world.rank());
  torch::Tensor numbers = torch::full({1000}, rank + 1);
  world.all_reduce(numbers);
  require(numbers.eq(6).all().item<bool>(), "the sum of 1, 2 and 3 is 6");
  world.broadcast(numbers = torch::full({3}, rank), 2);
  require(numbers.eq(2).all().item<bool>(), "process 2 has broadcast");
  torch::Tensor first = torch::full({5}, rank), second = torch::full({7}, rank);
  auto of_first = world.start_all_reduce(first), of_second = world.start_all_reduce(second);
  of_second.wait();
  of_first.wait();
  require(first.eq(3).all().item<bool>() && second.eq(3).all().item<bool>(), "two at a time");
  torch::Tensor sent = torch::full({4}, rank), got = torch::empty({4});
  const auto next = (world.rank() + 1) % 3, before = (world.rank() + 2) % 3;
  auto sending = world.start_send(sent, next, 1), receiving = world.start_receive(got, before, 1);
  sending.wait();
  receiving.wait();
  require(got.eq(static_cast<double>(before)).all().item<bool>(), "from the one before");
  const auto words = world.gather("I am " + std::to_string(world.rank()));
  require(words == std::vector<std::string>{"I am 0", "I am 1", "I am 2"}, "all have said it");
  world.barrier();
  require(world.bytes_given() == 4000 + 12 + 20 + 28 + 16, "bytes");
});

/// Exchanges until something happens.
void exchange_on(afd::World& world) {
  std::cout << "they meet" << std::endl;
  while (true) {
    torch::Tensor numbers = torch::ones({1000});
    world.all_reduce(numbers);
    std::this_thread::sleep_for(1ms);
  }
}

const Scenario goes_on("goes on", [] {
  afd::World world({.timeout = 3s, .grace = 2s});
  try {
    exchange_on(world);
  } catch (const afd::PeerError&) {
    try {
      world.barrier();
    } catch (const afd::PeerError&) {
      std::cout << "and so does what follows: ";
    }
    throw;
  }
});

/// Process 2 waits for process 0, which waits for process 1.
void wait_in_a_row(afd::World& world, bool for_message) {
  std::cout << "they meet" << std::endl;
  torch::Tensor numbers = torch::ones({1000});
  if (world.rank() == 0) world.start_receive(numbers, 1, 1).wait();
  if (world.rank() == 1) std::this_thread::sleep_for(60s);
  if (for_message) {
    world.start_receive(numbers, 0, 2).wait();
  } else {
    world.broadcast(numbers, 0);
  }
}

const Scenario broadcast_in_a_row("broadcast in a row", [] {
  afd::World world({.timeout = 30s, .grace = 2s});
  wait_in_a_row(world, /*for_message=*/false);
});

const Scenario message_in_a_row("message in a row", [] {
  afd::World world({.timeout = 30s, .grace = 2s});
  wait_in_a_row(world, /*for_message=*/true);
});

const Scenario one_leaves("one leaves", [] {
  afd::World world({.timeout = 20s, .grace = 1000ms});
  if (world.rank() == 1) throw std::runtime_error("no such file");
  exchange_on(world);
});

const Scenario one_says_why("one says why", [] {
  afd::World world({.timeout = 20s, .grace = 1000ms});
  if (world.rank() == 0) {
    world.leave("no such file");
    return;
  }
  exchange_on(world);
});

const Scenario one_is_slow("one is slow", [] {
  afd::World world({.timeout = 3s, .grace = 2s});
  torch::Tensor numbers = torch::ones({10});
  if (world.rank() == 2) std::this_thread::sleep_for(7s);
  world.all_reduce(numbers);
});

const Scenario meet("meet", [] { const afd::World world({.meeting = 8s, .grace = 2s}); });

void says(const afd_test::EndedProcess& process, const char* text) {
  CHECK(process.code == 1);
  INFO(process.output);
  CHECK(process.output.find(text) != std::string::npos);
}

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("one process is a world of its own") {
  afd::World world({.launch = {}});
  torch::Tensor numbers = torch::ones({3});
  world.all_reduce(numbers);
  world.broadcast(numbers);
  CHECK(numbers.eq(1).all().item<bool>());
  CHECK(world.gather("word") == std::vector<std::string>{"word"});
  CHECK(world.bytes_given() == 0);
}

TEST_CASE("sums, broadcasts, messages and words") {
  WorldOfProcesses world(3, "exchanges");
  for (const int rank : {0, 1, 2}) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
  }
}

TEST_CASE("a process that is killed is named by all others, at once") {
  for (const int victim : {0, 1, 2}) {
    WorldOfProcesses world(3, "goes on");
    for (const int rank : {0, 1, 2}) world.wait_for(rank, "they meet");
    world.signal(victim, SIGKILL);
    CHECK(world.end_of(victim).code == 128 + SIGKILL);
    for (const int rank : {0, 1, 2}) {
      if (rank == victim) continue;
      const auto process = world.end_of(rank);
      says(process, ("process " + std::to_string(victim) + " is gone").c_str());
      says(process, "and so does what follows");
    }
  }
}

TEST_CASE("a process that is killed is named by those that do not wait for it, too") {
  for (const char* scenario : {"broadcast in a row", "message in a row"}) {
    WorldOfProcesses world(3, scenario);
    for (const int rank : {0, 1, 2}) world.wait_for(rank, "they meet");
    world.signal(1, SIGKILL);
    for (const int rank : {0, 2}) {
      const auto process = world.end_of(rank);
      says(process, "process 1 is gone");
      CHECK(process.seconds < 20);  // less than the timeout
    }
  }
}

TEST_CASE("a process that is stopped is named within the timeout") {
  for (const int victim : {0, 1}) {
    WorldOfProcesses world(3, "goes on");
    for (const int rank : {0, 1, 2}) world.wait_for(rank, "they meet");
    world.signal(victim, SIGSTOP);
    for (const int rank : {0, 1, 2}) {
      if (rank == victim) continue;
      says(world.end_of(rank), ("process " + std::to_string(victim) + " is gone").c_str());
    }
    world.signal(victim, SIGKILL);
  }
}

TEST_CASE("a process that fails by itself tells the others") {
  WorldOfProcesses world(3, "one leaves");
  says(world.end_of(1), "no such file");
  for (const int rank : {0, 2}) says(world.end_of(rank), "process 1 says: an error ended it");
  WorldOfProcesses other(2, "one says why");
  CHECK(other.end_of(0).code == 0);
  says(other.end_of(1), "process 0 says: no such file");
}

TEST_CASE("a process that is too slow is named, and is told so when it comes") {
  WorldOfProcesses world(3, "one is slow");
  for (const int rank : {0, 1}) says(world.end_of(rank), "process 2 is gone, stopped, cut off or too slow");
  CHECK(world.end_of(2).code == 1);
}

TEST_CASE("who does not come to the meeting is named") {
  WorldOfProcesses without_last(3, "meet", {0, 1});
  for (const int rank : {0, 1}) says(without_last.end_of(rank), "process 2 is gone");
  WorldOfProcesses without_first(2, "meet", {1});
  says(without_first.end_of(1), "process 1 of 2 does not find process 0");
}

TEST_SUITE_END();
