// SPDX-License-Identifier: MIT
#include <afd/distributed/roll_call.hpp>
//
#include <chrono>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include "support/doctest.hpp"

namespace {

using namespace std::chrono_literals;
using afd::detail::RollCall;

/// Two of three processes, each a thread here.
struct Present {
  afd::detail::StorePointer store = c10::make_intrusive<c10d::HashStore>();
  RollCall first{store, 0, 3, 1000ms}, second{store, 1, 3, 1000ms};
};

/// What require_all_go_on() throws within some time; empty if it does not.
std::string end_seen_by(RollCall& process) {
  for (int i = 0; i < 50; ++i) {
    try {
      process.require_all_go_on();
    } catch (const std::exception& error) {
      return error.what();
    }
    std::this_thread::sleep_for(2ms);
  }
  return {};
}

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("a roll call waits for all words, and says when they do not come") {
  Present present;
  RollCall third(present.store, 2, 3, 1000ms);
  present.first.set("here/0");
  present.second.set("here/1");
  CHECK_THROWS_AS(present.first.require_words("here/", 30ms), std::runtime_error);
  std::future<void> late = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(20ms);
    third.set("here/2", "word");
  });
  present.first.require_words("here/", 10s);
  CHECK(present.second.get("here/2") == "word");
  late.get();
  present.first.remove("here/2");
  CHECK_THROWS_AS(present.first.require_words("here/", 0ms), std::runtime_error);
}

TEST_CASE("who is gone is what the first says that has found out") {
  Present present;
  CHECK(end_seen_by(present.second).empty());
  std::future<std::string> first = std::async(std::launch::async, [&] { return present.first.blame("no answer"); });
  // The other one waits for something else, and hears of it.
  while (!present.store->check({"over"})) std::this_thread::sleep_for(1ms);
  CHECK(end_seen_by(present.second) == "another process has given up");
  CHECK_THROWS_AS(present.second.require_words("here/", 10s), std::runtime_error);
  CHECK(present.second.blame("closed") == "process 2 is gone, stopped, cut off or too slow (no answer)");
  CHECK(first.get() == "process 2 is gone, stopped, cut off or too slow (no answer)");
}

TEST_CASE("a process that leaves says why") {
  Present present;
  present.second.leave("no such file");
  CHECK(end_seen_by(present.first) == "another process has given up");
  CHECK(present.first.blame("closed") == "process 1 says: no such file");
}

TEST_CASE("process 0, which has the store, stays until others have read why it left, and no longer than the grace") {
  Present present;
  present.first.leave("no such file");
  std::future<void> left = std::async(std::launch::async, [&] { present.first.let_others_read(); });
  CHECK(present.second.blame("closed") == "process 0 says: no such file");
  CHECK(left.wait_for(10s) == std::future_status::ready);
  Present alone;
  alone.first.leave("no such file");
  alone.first.let_others_read();  // nobody comes
}

TEST_CASE("nobody is blamed if all processes are there") {
  Present present;
  RollCall third(present.store, 2, 3, 1000ms);
  std::future<std::string> second = std::async(std::launch::async, [&] { return present.second.blame("a"); });
  std::future<std::string> last = std::async(std::launch::async, [&] { return third.blame("b"); });
  const std::string first = present.first.blame("c");
  CHECK(first.find("all processes are there, but ") == 0);
  CHECK(second.get() == first);
  CHECK(last.get() == first);
}

TEST_SUITE_END();
