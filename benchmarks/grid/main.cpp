// SPDX-License-Identifier: MIT
// The grid: the same step by the library, by hand and in PyTorch, each in a process of its own, in turn: A B C A B C
// ... On a shared machine times drift; the ratio of neighbours does much less. Writes one CSV line per cell and side.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "grid/child.hpp"
#include "grid/spread.hpp"

namespace {

using grid::Child;
using grid::spread;
using grid::Spread;
using Words = std::vector<std::string>;

struct Settings {
  std::string folder;  ///< of the workers
  std::string python = "/usr/bin/python3";
  std::string script;
  std::string output;
  int rounds = 7;
  double turn_seconds = 0.2;
  bool smoke = false;
  bool compile = false;
  bool append = false;
  std::string device = "cpu";
};

struct Cell {
  std::string part;  ///< sizes, tiny, peers, recipes or convolutions
  std::string recipe;
  std::string topology;
  Words networks;
  int batch;
  int threads;
  Words sides;
  int image_side = 32;
};

/// What is measured, by name. The first side of a cell is what the others are compared with.
Words command(const Settings& settings, const Cell& cell, const std::string& side) {
  const bool python = side.starts_with("pytorch") || side == "naive";
  Words words;
  if (python) {
    words = {settings.python, settings.script, "--kind", side == "naive" ? "naive" : "eager"};
    if (side.ends_with("channels_last")) words.emplace_back("--channels-last");
    if (side.starts_with("pytorch compile")) {
      words.insert(words.end(), {"--compile", side.ends_with("max-autotune") ? "max-autotune" : "default"});
    }
  } else {
    const bool best = side.starts_with("afd best") || side == "convolutions channels_last";
    words = {settings.folder + (best ? "/bench_worker_jemalloc" : "/bench_worker")};
    if (side.starts_with("afd deferred")) words.emplace_back("--defer");
    if (side.starts_with("convolutions")) words.insert(words.end(), {"--kind", "conv"});
    if (side == "hand") words.insert(words.end(), {"--kind", "hand"});
    if (best || side.ends_with(" channels_last")) words.insert(words.end(), {"--layout", "last"});
    if (side.starts_with("afd best") && side != "afd best, in turn" && cell.threads > 1) words.emplace_back("--peers");
    if (side == "afd best, bfloat16") words.emplace_back("--bfloat16");
  }
  const std::string recipe = side == "afd best, joint"     ? "afd-joint"
                             : side == "afd best, every 4" ? "afd-every-4"
                                                           : cell.recipe;
  words.insert(words.end(),
               {"--recipe", recipe, "--topology", cell.topology, "--batch", std::to_string(cell.batch), "--threads",
                std::to_string(cell.threads), "--side", std::to_string(cell.image_side), "--networks"});
  words.insert(words.end(), cell.networks.begin(), cell.networks.end());
  words.insert(words.end(), {"--device", settings.device});
  return words;
}

std::string joined(const Words& words) {
  std::map<std::string, int> counts;
  std::string text;
  for (const std::string& word : words) ++counts[word];
  for (const auto& [word, count] : counts) text += (text.empty() ? "" : " + ") + fmt::format("{} {}", count, word);
  return text;
}

std::vector<Cell> cells(const Settings& settings) {
  std::vector<Cell> all;
  const auto of = [](const std::string& name, std::size_t count) { return Words(count, name); };
  if (settings.smoke) {
    all.push_back({"sizes", "afd", "pair", of("resnet8", 2), 4, 2, {"afd best", "pytorch"}});
    all.push_back({"peers", "dml", "all-pairs", of("resnet8", 3), 4, 1, {"afd best", "afd plain", "naive"}});
    return all;
  }
  if (settings.device == "cuda") {
    const Words everyone{"afd deferred channels_last", "afd plain channels_last", "afd deferred", "hand", "pytorch",
                         "pytorch channels_last"};
    for (const Words& networks : {of("resnet20", 2), of("wrn16-2", 2)}) {
      for (const int batch : {128, 1024}) all.push_back({"card", "afd", "cycle", networks, batch, 1, everyone});
    }
    // A compiler takes a minute for each of them.
    if (settings.compile) all.front().sides.emplace_back("pytorch compile");
    return all;
  }
  const Words everyone = settings.compile ? Words{"afd best", "pytorch", "pytorch channels_last", "pytorch compile",
                                                  "pytorch compile channels_last"}
                                          : Words{"afd best", "pytorch", "pytorch channels_last", "afd plain", "hand"};
  for (const int threads : {1, 2}) {
    for (const Words& networks :
         {of("resnet8", 2), of("resnet20", 2), of("resnet32", 2), of("wrn16-2", 2), Words{"resnet8", "resnet32"}}) {
      for (const int batch : {8, 32, 128}) {
        all.push_back({"sizes", "afd", "pair", networks, batch, threads, everyone});
        // A compiler takes a minute for each, and this one tries several products of matrices besides.
        if (settings.compile && batch == 32) all.back().sides.emplace_back("pytorch compile max-autotune");
      }
    }
    all.push_back({"tiny", "afd", "pair", of("resnet8", 2), 8, threads, everyone, 8});
    all.push_back({"tiny", "dml", "pair", of("resnet8", 2), 8, threads, everyone, 8});
    for (const std::size_t count : {2U, 3U, 4U, 8U}) {
      const Words networks = of("resnet8", count);
      all.push_back({"peers", "afd", "cycle", networks, 32, threads, {"afd best", "pytorch", "pytorch channels_last"}});
      all.push_back(
          {"peers", "afd", "all-pairs", networks, 32, threads, {"afd best", "pytorch", "pytorch channels_last"}});
      all.push_back({"peers",
                     "dml",
                     "all-pairs",
                     networks,
                     32,
                     threads,
                     {"afd best", "pytorch", "pytorch channels_last", "naive"}});
    }
    for (const char* recipe : {"dml", "l1", "kd"}) {
      all.push_back({"recipes", recipe, "pair", of("resnet20", 2), 32, threads, {"afd best", "afd plain", "hand"}});
    }
    all.push_back({"recipes", "afd", "cycle", of("resnet20", 3), 32, threads, {"afd best", "afd plain", "hand"}});
    all.push_back({"recipes",
                   "afd",
                   "pair",
                   of("resnet20", 2),
                   32,
                   threads,
                   {"afd best", "afd best, in turn", "afd best, joint", "afd best, every 4", "afd best, bfloat16"}});
    for (const int batch : {32, 128}) {
      all.push_back({"convolutions",
                     "afd",
                     "pair",
                     of("resnet32", 2),
                     batch,
                     threads,
                     {"afd best", "convolutions", "convolutions channels_last"}});
    }
  }
  return all;
}

void measure(const Settings& settings, const Cell& cell, std::FILE* output) {
  std::vector<std::unique_ptr<Child>> children;
  for (const std::string& side : cell.sides) children.push_back(std::make_unique<Child>(command(settings, cell, side)));
  for (auto& child : children) child->wait();
  // Steps to warm up, all at once, then as many per turn as fill it. A compiler may look twice.
  for (auto& child : children) child->begin(settings.compile ? 3 : 1);
  for (auto& child : children) child->end();
  int steps = 1;
  for (auto& child : children) {
    const double one = child->run(1);
    steps = std::max(steps, static_cast<int>(settings.turn_seconds / one));
  }
  std::vector<std::vector<double>> seconds(children.size());
  for (int round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = 0; i < children.size(); ++i) {
      const std::size_t side = (i + static_cast<std::size_t>(round)) % children.size();
      seconds[side].push_back(children[side]->run(steps) / steps);
    }
  }
  for (std::size_t side = 0; side < children.size(); ++side) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < seconds[side].size(); ++i) ratios.push_back(seconds[side][i] / seconds[0][i]);
    const Spread time = spread(seconds[side]), ratio = spread(ratios);
    fmt::print(output, "{},{},{},{},{},{},{},\"{}\",{:.3f},{:.3f},{:.3f},{:.4f},{:.4f},{:.4f},{:.0f}\n", cell.part,
               cell.recipe, cell.topology, joined(cell.networks), cell.networks.size(), cell.batch, cell.threads,
               cell.sides[side], 1e3 * time.median, 1e3 * time.low, 1e3 * time.high, ratio.median, ratio.low,
               ratio.high, children[side]->memory());
    fmt::print(stderr, "    {:24} {:9.2f} ms  x {:.3f}\n", cell.sides[side], 1e3 * time.median, ratio.median);
  }
  std::fflush(output);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  Words parts;
  std::vector<int> threads;
  CLI::App app{"The step by the library, by hand and in PyTorch, timed in turn."};
  app.add_option("--workers", settings.folder, "Folder of the worker programs")->required();
  app.add_option("--script", settings.script, "The PyTorch peer")->required();
  app.add_option("--output", settings.output, "CSV file")->required();
  app.add_option("--python", settings.python, "Python with PyTorch")->capture_default_str();
  app.add_option("--rounds", settings.rounds, "Turns of each side")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--part", parts, "Only these parts, with commas: sizes, tiny, peers, recipes, convolutions")
      ->delimiter(',')
      ->check(CLI::IsMember({"sizes", "tiny", "peers", "recipes", "convolutions"}));
  app.add_option("--threads", threads, "Only cells with these numbers of threads, with commas: 1, 2")
      ->delimiter(',')
      ->check(CLI::IsMember({1, 2}));
  app.add_flag("--append", settings.append, "Write behind what the CSV file holds, as other cells of one grid");
  app.add_option("--device", settings.device, "cpu, or cuda for the cells that are worth a card")
      ->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_flag("--smoke", settings.smoke, "Two small cells");
  app.add_flag("--compile", settings.compile,
               "In sizes and tiny: torch.compile in place of the plain sides; on a card in the first cell (PyTorch 2)");
  CLI11_PARSE(app, argc, argv);
  if (settings.device == "cuda") settings.turn_seconds = 1;  // a turn ends with a wait for the card
  std::FILE* output = std::fopen(settings.output.c_str(), settings.append ? "a" : "w");
  if (output == nullptr) {
    fmt::print(stderr, "grid: cannot write {}\n", settings.output);
    return 1;
  }
  int failures = 0;
  if (!settings.append) {
    fmt::print(output,
               "part,recipe,topology,networks,count,batch,threads,side,ms,ms_low,ms_high,ratio,ratio_low,ratio_high,"
               "peak_mib\n");
  }
  std::vector<Cell> all = cells(settings);
  if (!parts.empty()) {
    std::erase_if(all, [&](const Cell& cell) { return std::ranges::find(parts, cell.part) == parts.end(); });
  }
  if (!threads.empty()) {
    std::erase_if(all, [&](const Cell& cell) { return std::ranges::find(threads, cell.threads) == threads.end(); });
  }
  if (all.empty()) {
    fmt::print(stderr,
               "grid: nothing is left to measure: these parts have no cell on this device with so many threads\n");
    return 1;
  }
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Cell& cell = all[i];
    const double so_far = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double left = i == 0 ? 0 : so_far / static_cast<double>(i) * static_cast<double>(all.size() - i);
    fmt::print(stderr, "[{}/{}] {} {} {}, {}, batch {}, {} thread(s); about {:.0f} min left\n", i + 1, all.size(),
               cell.part, cell.recipe, cell.topology, joined(cell.networks), cell.batch, cell.threads, left / 60);
    try {
      measure(settings, cell, output);
    } catch (const std::exception& error) {
      fmt::print(stderr, "    {}\n", error.what());
      ++failures;
    }
  }
  std::fclose(output);
  return failures == 0 ? 0 : 1;
}
