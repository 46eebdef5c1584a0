// SPDX-License-Identifier: MIT
// Does steps of one cell when told to. After "ready" it reads lines from its standard input:
//     <n>       does n steps and answers with the seconds they took
//     memory    answers with the process's peak resident memory in KiB
//     profile   does three steps and answers with a table of where the time went, by operator
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>
#include <CLI/CLI.hpp>

#ifdef AFD_BENCH_JEMALLOC
#include <afd/compute/jemalloc.hpp>
#endif

#include "support/operator_times.hpp"
#include "worker/cell.hpp"

namespace {

worker::Step step_of(const worker::Cell& cell) {
  if (cell.kind == "hand") return worker::handwritten_step(cell);
  if (cell.kind == "conv") return worker::convolution_step(cell);
  if (cell.recipe == "dml") return worker::dml_step(cell);
  if (cell.recipe == "afd") {
    return cell.topology == "all-pairs" ? worker::afd_all_pairs_step(cell) : worker::afd_cycle_step(cell);
  }
  return worker::pair_step(cell);
}

std::string peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word)
    if (word == "VmHWM:" && status >> word) return word;
  return "0";
}

/// Operators by the time spent in themselves, of this thread; the smallest together.
void print_profile(const worker::Step& step) {
  const std::map<std::string, double> seconds = afd_bench::operator_seconds([&] {
    for (int i = 0; i < 3; ++i) step();
  });
  std::vector<std::pair<double, std::string>> sorted;
  double total = 0, small = 0;
  for (const auto& [name, time] : seconds) {
    sorted.emplace_back(time, name);
    total += time;
  }
  std::sort(sorted.rbegin(), sorted.rend());
  std::printf("| operator | share |\n|---|---|\n");
  for (const auto& [time, name] : sorted) {
    if (time < 0.01 * total) {
      small += time;
    } else {
      std::printf("| %s | %.1f %% |\n", name.c_str(), 100 * time / total);
    }
  }
  std::printf("| all others | %.1f %% |\n", 100 * small / total);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  worker::Cell cell;
  CLI::App app{"Steps of one cell, timed by whoever starts this."};
  app.add_option("--kind", cell.kind)->check(CLI::IsMember({"afd", "hand", "conv"}));
  app.add_option("--recipe", cell.recipe);
  app.add_option("--topology", cell.topology);
  app.add_option("--networks", cell.networks)->required();
  app.add_option("--batch", cell.batch);
  app.add_option("--side", cell.side);
  app.add_option("--threads", cell.threads);
  app.add_flag("--peers", cell.peers);
  app.add_option("--layout", cell.layout)
      ->transform(CLI::CheckedTransformer(std::map<std::string, afd::Layout>{{"given", afd::Layout::as_given},
                                                                             {"last", afd::Layout::channels_last},
                                                                             {"measured", afd::Layout::measured}}));
  bool half = false;
  app.add_flag("--bfloat16", half);
  std::string device = "cpu";
  app.add_option("--device", device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_flag("--defer", cell.defer);
  CLI11_PARSE(app, argc, argv);
  cell.device = torch::Device(device);
  // A card is still at work when the host has asked for everything.
  const auto finish = [&] {
    if (cell.device.is_cuda()) torch::cuda::synchronize();
  };
  if (half) cell.precision = afd::Precision::bfloat16;
  torch::set_num_threads(cell.peers ? 1 : cell.threads);
  try {
    const worker::Step step = step_of(cell);
    if (!step) throw std::invalid_argument("this recipe is not compiled for these networks");
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      if (line == "memory") {
        std::cout << peak_memory() << std::endl;
        continue;
      }
      if (line == "profile") {
        print_profile(step);
        continue;
      }
      finish();
      const auto start = std::chrono::steady_clock::now();
      for (int i = std::stoi(line); i > 0; --i) step();
      finish();
      std::cout << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << "worker: " << error.what() << '\n';
    return 1;
  }
}
