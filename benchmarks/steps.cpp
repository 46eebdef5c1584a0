// SPDX-License-Identifier: MIT

// Whole steps of the library against the same steps written by hand, in turn, on the same LibTorch.

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>
#include <CLI/CLI.hpp>

#include <afd/afd.hpp>

#include "handwritten/step.hpp"
#include "support/paired.hpp"

namespace {

using afd_bench::Paired;

struct Options {
  std::vector<std::int64_t> depths = {8, 20};
  std::vector<std::int64_t> batches = {8, 32, 128};
  std::int64_t side = 32;
  std::int64_t width = 16;
  int pairs = 20;
  int threads = 2;
};

/// One size of network and batch; every recipe gets networks of its own, from the same seed.
class Cell {
 public:
  Cell(const Options& options, std::int64_t depth, std::int64_t batch)
      : options_(options), depth_(depth), batch_(batch) {
    torch::manual_seed(1);
    inputs_ = torch::randn({batch, 3, options.side, options.side});
    targets_ = torch::randint(10, {batch}, torch::kInt64);
  }

  void run() const {
    const afd::DistillerOptions checked;
    const afd::DistillerOptions unchecked{.non_finite = afd::UncheckedLosses{}};
    measure("DML pair", checked, unchecked, afd::topology::Pair{}, afd::DeepMutualLearning{},
            handwritten::DmlPair(network(1), network(2)), network(1), network(2));
    measure("AFD pair", checked, unchecked, afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
            handwritten::AfdPair(network(1), network(2), 4 * options_.width, (options_.side + 3) / 4), network(1),
            network(2));
    measure("L1 pair", checked, unchecked, afd::topology::Pair{}, afd::DirectAlignment{},
            handwritten::L1Pair(network(1), network(2)), network(1), network(2));
    measure("offline KD", checked, unchecked, afd::topology::OneWay{}, afd::KnowledgeDistillation{},
            handwritten::OfflineKd(network(1), network(2)), afd::frozen(network(1)), network(2));
    measure("AFD cycle of 3", checked, unchecked, afd::topology::Cycle<3>{}, afd::AdversarialFeatureDistillation{},
            handwritten::AfdCycle3<afd::ResNet>({network(1), network(2), network(3)}, 4 * options_.width,
                                                (options_.side + 3) / 4),
            network(1), network(2), network(3));
  }

 private:
  afd::ResNet network(std::uint64_t seed) const {
    torch::manual_seed(seed);
    return afd::ResNet(afd::ResNetOptions{.depth = depth_, .width = options_.width});
  }

  template <class Checked, class Unchecked, class Topology, class Strategy, class Hand, class... Networks>
  void measure(const std::string& recipe, const Checked& checked, const Unchecked& unchecked, Topology topology,
               const Strategy& strategy, Hand hand, Networks... networks) const {
    const afd::Batch batch{inputs_, targets_};
    const auto by_hand = [&] { hand.step(inputs_, targets_); };
    {
      afd::Distiller distiller{topology, strategy, checked, networks...};
      print(recipe, "checked", afd_bench::paired([&] { distiller.step(batch); }, by_hand, options_.pairs, 3));
    }
    {
      afd::Distiller distiller{topology, strategy, unchecked, networks...};
      print(recipe, "unchecked", afd_bench::paired([&] { distiller.step(batch); }, by_hand, options_.pairs, 1));
    }
    const afd::DistillerOptions threaded{.execution = afd::PeerThreads{}};
    afd::Distiller distiller{topology, strategy, threaded, networks...};
    print(recipe, "checked, peers on threads",
          afd_bench::paired([&] { distiller.step(batch); }, by_hand, options_.pairs, 1));
  }

  void print(const std::string& recipe, const char* losses, const Paired& result) const {
    fmt::print("| ResNet-{} | {} | {} | {} | {:.2f} | {:.2f} | {:.3f} ({:.3f} to {:.3f}) |\n", depth_, batch_, recipe,
               losses, 1e3 * result.a_seconds.median, 1e3 * result.b_seconds.median, result.ratio.median,
               result.ratio.low, result.ratio.high);
    std::fflush(stdout);
  }

  Options options_;
  std::int64_t depth_;
  std::int64_t batch_;
  torch::Tensor inputs_;
  torch::Tensor targets_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Steps of the library against steps written by hand, timed in turn."};
  app.add_option("--depths", options.depths, "Depths of the ResNets (6n + 2)")->capture_default_str();
  app.add_option("--batches", options.batches, "Batch sizes")->capture_default_str();
  app.add_option("--side", options.side, "Height and width of the images")->capture_default_str();
  app.add_option("--width", options.width, "Channels of the first group")->capture_default_str();
  app.add_option("--pairs", options.pairs, "Timed steps of each")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--threads", options.threads, "Threads of LibTorch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  bool keep_memory = false;
  app.add_flag("--keep-memory", keep_memory, "Keep freed memory in the process, for both");
  CLI11_PARSE(app, argc, argv);
  torch::set_num_threads(options.threads);
  if (keep_memory) afd::keep_freed_memory();
  try {
    fmt::print("LibTorch {}, {} threads, images of {}x{}, width {}, {} pairs of steps\n\n", TORCH_VERSION,
               options.threads, options.side, options.side, options.width, options.pairs);
    fmt::print("| networks | batch | recipe | our step | ours, ms | by hand, ms | by hand / ours (quartiles) |\n");
    fmt::print("|---|---|---|---|---|---|---|\n");
    for (const std::int64_t depth : options.depths)
      for (const std::int64_t batch : options.batches) Cell(options, depth, batch).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "steps: {}\n", error.what());
    return 1;
  }
}
