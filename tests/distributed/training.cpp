// SPDX-License-Identifier: MIT
#include <afd/afd.hpp>
//
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/distributed/data_parallel.hpp>
#include <afd/distributed/peer_parallel.hpp>

#include "support/doctest.hpp"
#include "support/runs.hpp"
#include "support/temp_folder.hpp"
#include "support/world_of_processes.hpp"

// Whole trainings of several processes. What a scenario is to do it reads from variables of the environment.

namespace {

using afd_test::EndedProcess, afd_test::Scenario, afd_test::TempFolder, afd_test::WorldOfProcesses;
using namespace std::chrono_literals;

std::string variable(const char* name, const char* otherwise = "") {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}
int number(const char* name) {
  return std::stoi(variable(name, "0"));
}

/// Does something in one process at one step.
struct At {
  std::int64_t rank;
  int left = number("AFD_TEST_STEP");
  std::string what = variable("AFD_TEST_WHAT");

  template <class D>
  bool on_step(const afd::StepEvent<D>& /*event*/) {
    if (--left != 0 || what.empty()) return true;
    if (what == "all stop") return false;
    if (rank != number("AFD_TEST_RANK")) return true;
    if (what == "stop") return false;
    if (what == "signal") std::raise(SIGTERM);
    if (what == "kill") std::raise(SIGKILL);
    if (what == "throw") throw std::runtime_error("the disk is full");
    return true;
  }
};

afd::Norms norms_called(const std::string& how) {
  return how == "apart" ? afd::Norms::apart : how == "averaged" ? afd::Norms::averaged : afd::Norms::synchronised;
}

std::string text_of(const torch::nn::Module& module) {
  double sum = 0;
  for (const torch::Tensor& tensor : afd_test::state_of(module))
    sum += tensor.to(torch::kDouble).abs().sum().item<double>();
  return afd::detail::exact_text(sum);
}

/// `part` of the training's samples, `judged` of those that it is judged by.
template <class Exchange>
void train_with(afd::World& world, const Exchange& exchange, int accumulate, afd::Shard part, afd::Shard judged) {
  torch::manual_seed(static_cast<std::uint64_t>(1 + world.rank()));
  auto a = afd_test::tiny_network(), b = afd_test::tiny_network({4, 5});
  const afd::DistillerOptions options{
      .logit =
          afd::Sgd{
              .lr = world.rank() == number("AFD_TEST_RANK") && variable("AFD_TEST_WHAT") == "other rate" ? 0.2 : 0.05,
              .accumulate = accumulate},
      .exchange = exchange};
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  afd::Trainer trainer{distiller, afd::TrainerOptions{.epochs = 3,
                                                      .logit_schedule = afd::MultiStep{},
                                                      .checkpoint = {.folder = variable("AFD_TEST_FOLDER"),
                                                                     .every_steps = number("AFD_TEST_EVERY")}}};
  const std::int64_t images = 22 + (variable("AFD_TEST_WHAT") == "other data" ? world.rank() : 0);
  afd::BatchLoader train(afd_test::images(images),
                         {.batch_size = 6,
                          .seed = 4,
                          .min_batch = 1,  // the same batches for any number of processes
                          .shard = part},
                         afd::Compose{afd::PadCrop{2}, afd_test::ToDouble{}});
  afd::BatchLoader test(afd_test::images(9), {.batch_size = 5, .shuffle = false, .shard = judged},
                        afd_test::ToDouble{});
  const auto result = trainer.fit(train, test, At{world.rank()});
  std::cout << "stop " << static_cast<int>(result.stop) << " epochs " << result.epochs << " weights " << text_of(*a)
            << ' ' << text_of(*b) << " top1 " << result.last[0].scores.top1 << " of " << result.last[0].scores.samples
            << " loss " << afd::detail::exact_text(result.last[0].scores.loss);
  if (result.epochs > 0) {
    std::cout << " first loss " << afd::detail::exact_text(result.history.column("train_cross_entropy_0")[0])
              << " game " << afd::detail::exact_text(distiller.game_health(test)[0].real);
  }
  std::cout << std::endl;
}

const Scenario trains("trains", [] {
  afd::World world({.timeout = 20s, .grace = 2s});
  const std::string what = variable("AFD_TEST_WHAT"), norms = variable("AFD_TEST_NORMS");
  if (norms == "peers") {
    train_with(world, afd::PeerParallel{world}, 1, what == "part of data" ? world.shard() : afd::Shard{}, {});
  } else {
    train_with(world, afd::DataParallel{world, {.norms = norms_called(norms)}}, 3,
               what == "whole data" ? afd::Shard{} : world.shard(), world.shard());
  }
});

/// The last line of each process.
struct Outcome {
  std::vector<EndedProcess> processes;

  [[nodiscard]] std::string line(std::size_t rank = 0) const {
    const std::string& text = processes.at(rank).output;
    const std::size_t at = text.rfind("stop ");
    return at == std::string::npos ? text : text.substr(at);
  }
  /// The numbers in it, by the word before them.
  [[nodiscard]] std::map<std::string, double> numbers(std::size_t rank = 0) const {
    std::map<std::string, double> all;
    std::istringstream words(line(rank));
    std::string name;
    for (std::string word; words >> word;) {
      try {
        all[name + (all.contains(name) ? " 2" : "")] = std::stod(word);
      } catch (const std::invalid_argument&) {
        name = word;
      }
    }
    return all;
  }
  void check_all_ended_well() const {
    for (const EndedProcess& process : processes) {
      INFO(process.output);
      CHECK(process.code == 0);
    }
    for (std::size_t rank = 1; rank < processes.size(); ++rank) CHECK(line(rank) == line());
  }
};

Outcome run(int size, const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string> all{{"AFD_TEST_FOLDER", ""}, {"AFD_TEST_STEP", "0"}, {"AFD_TEST_WHAT", ""},
                                         {"AFD_TEST_RANK", "1"},  {"AFD_TEST_NORMS", ""}, {"AFD_TEST_EVERY", "0"}};
  for (const auto& [name, value] : variables) all.at(name) = value;
  for (const auto& [name, value] : all) ::setenv(name.c_str(), value.c_str(), 1);
  WorldOfProcesses world(size, "trains");
  Outcome outcome;
  for (int rank = 0; rank < size; ++rank) outcome.processes.push_back(world.end_of(rank));
  return outcome;
}

bool close(const Outcome& one, const Outcome& other) {
  const auto all = one.numbers(), others = other.numbers();
  bool same = all.size() == others.size() && all.size() > 5;
  for (const auto& [name, value] : all)
    same = same && others.contains(name) && std::abs(value - others.at(name)) < 1e-7;
  return same;
}

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("a training of several processes comes to what one process comes to, scores and games too") {
  const Outcome one = run(1, {});
  one.check_all_ended_well();
  for (const int size : {2, 3}) {
    const Outcome several = run(size, {});
    several.check_all_ended_well();
    INFO(one.line());
    INFO(several.line());
    CHECK(close(one, several));
  }
}

TEST_CASE("one that wants to stop stops all after the same step, and they go on to the same bits, or with others") {
  const Outcome whole = run(2, {{"AFD_TEST_NORMS", "averaged"}});
  whole.check_all_ended_well();
  const std::pair<const char*, const char*> ways[]{{"stop", "2"}, {"signal", "6"}};  // amid gathering; second epoch
  for (const auto& [what, step] : ways) {
    const TempFolder folder;
    std::map<std::string, std::string> variables{{"AFD_TEST_NORMS", "averaged"},
                                                 {"AFD_TEST_FOLDER", folder.path().string()},
                                                 {"AFD_TEST_WHAT", what},
                                                 {"AFD_TEST_STEP", step}};
    const Outcome stopped = run(2, variables);
    stopped.check_all_ended_well();
    CHECK(stopped.numbers()["stop"] == (what == std::string("stop") ? 2 : 3));
    variables.erase("AFD_TEST_WHAT");
    const Outcome resumed = run(2, variables);
    resumed.check_all_ended_well();
    INFO(resumed.line());
    INFO(whole.line());
    CHECK(resumed.line() == whole.line());
  }
  const Outcome one = run(1, {});
  for (const int size : {1, 3}) {
    const TempFolder folder;
    std::map<std::string, std::string> variables{
        {"AFD_TEST_FOLDER", folder.path().string()}, {"AFD_TEST_WHAT", "all stop"}, {"AFD_TEST_STEP", "2"}};
    run(2, variables).check_all_ended_well();
    variables.erase("AFD_TEST_WHAT");
    const Outcome resumed = run(size, variables);
    resumed.check_all_ended_well();
    INFO(one.line());
    INFO(resumed.line());
    CHECK(close(one, resumed));
  }
}

TEST_CASE("after a process was killed, or failed, all go on from the last checkpoint to the same bits") {
  const Outcome whole = run(2, {{"AFD_TEST_NORMS", "averaged"}, {"AFD_TEST_EVERY", "1"}});
  const std::pair<const char*, const char*> ways[]{{"kill", "0"}, {"kill", "1"}, {"throw", "1"}};
  for (const auto& [what, rank] : ways) {
    const TempFolder folder;
    std::map<std::string, std::string> variables{
        {"AFD_TEST_NORMS", "averaged"}, {"AFD_TEST_FOLDER", folder.path().string()},
        {"AFD_TEST_WHAT", what},        {"AFD_TEST_RANK", rank},
        {"AFD_TEST_EVERY", "1"},        {"AFD_TEST_STEP", "5"}};
    const Outcome failed = run(2, variables);
    const EndedProcess& other = failed.processes[rank == std::string("0") ? 1 : 0];
    INFO(other.output);
    CHECK(other.code == 1);
    const std::string culprit = std::string("process ") + rank;
    const std::string said = culprit + (what == std::string("kill") ? " is gone" : " says: the disk is full");
    CHECK(other.output.find(said) != std::string::npos);
    variables.erase("AFD_TEST_WHAT");
    const Outcome resumed = run(2, variables);
    resumed.check_all_ended_well();
    CHECK(resumed.line() == whole.line());
  }
}

TEST_CASE("networks in several processes are trained to the bits of one, and go on to them with any number") {
  const Outcome one = run(1, {{"AFD_TEST_NORMS", "peers"}}), whole = run(2, {{"AFD_TEST_NORMS", "peers"}});
  one.check_all_ended_well();
  whole.check_all_ended_well();
  CHECK(whole.line() == one.line());
  const std::pair<const char*, int> ways[]{{"signal", 2}, {"kill", 1}};  // and the number of processes afterwards
  for (const auto& [what, size] : ways) {
    const TempFolder folder;
    std::map<std::string, std::string> variables{{"AFD_TEST_NORMS", "peers"},
                                                 {"AFD_TEST_FOLDER", folder.path().string()},
                                                 {"AFD_TEST_WHAT", what},
                                                 {"AFD_TEST_EVERY", "2"},
                                                 {"AFD_TEST_STEP", "5"}};
    CHECK(run(2, variables).processes[1].code == (what == std::string("kill") ? 128 + SIGKILL : 0));
    variables.erase("AFD_TEST_WHAT");
    const Outcome resumed = run(size, variables);
    resumed.check_all_ended_well();
    CHECK(resumed.line() == one.line());
  }
}

TEST_CASE("running statistics that stay apart are those of process 0 in files, and no reason to refuse them") {
  const TempFolder folder;
  std::map<std::string, std::string> variables{
      {"AFD_TEST_NORMS", "apart"}, {"AFD_TEST_FOLDER", folder.path().string()}, {"AFD_TEST_EVERY", "1"}};
  const Outcome whole = run(2, variables);
  whole.check_all_ended_well();
  const TempFolder other;
  variables["AFD_TEST_FOLDER"] = other.path().string();
  variables["AFD_TEST_STEP"] = "5";
  variables["AFD_TEST_WHAT"] = "kill";
  CHECK(run(2, variables).processes[1].code == 128 + SIGKILL);
  variables.erase("AFD_TEST_WHAT");
  const Outcome resumed = run(2, variables);
  resumed.check_all_ended_well();
  CHECK(resumed.line() == whole.line());
}

TEST_CASE("processes that would not train the same are refused at the start, naming what differs") {
  const auto check = [](const char* what, const char* text, const char* norms = "") {
    const Outcome outcome = run(2, {{"AFD_TEST_WHAT", what}, {"AFD_TEST_NORMS", norms}});
    for (const EndedProcess& process : outcome.processes) {
      INFO(process.output);
      CHECK(process.code == 1);
      CHECK(process.output.find(text) != std::string::npos);
    }
  };
  check("other rate", "logit optimizer.lr: 0.2 in process 1, 0.05 in 0");
  check("other data", "fingerprint of the training source");
  check("whole data", "every process would train on all samples: give the loader .shard = world.shard()");
  check("part of data", "trains networks of its own on whole batches: give the loader no .shard", "peers");
}

TEST_SUITE_END();
