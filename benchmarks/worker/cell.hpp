// SPDX-License-Identifier: MIT
#pragma once

// One cell of the grid: what is trained, on what, and how.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/data/batch.hpp>
#include <afd/network/any_network.hpp>

namespace worker {

struct Cell {
  std::string kind = "afd";       ///< afd: the library; hand: a step written by hand; conv: convolutions alone
  std::string recipe = "afd";     ///< afd, afd-joint, afd-every-4, dml, l1 or kd
  std::string topology = "pair";  ///< pair, cycle or all-pairs
  std::vector<std::string> networks;
  std::int64_t batch = 32;
  std::int64_t side = 32;
  int threads = 1;
  bool peers = false;
  afd::Layout layout = afd::Layout::as_given;
  afd::Precision precision = afd::Precision::full;
  torch::Device device = torch::kCPU;
  bool defer = false;  ///< DeferNonFinite in place of checks that the host waits for; for afd around a cycle of two

  [[nodiscard]] afd::Batch make_batch() const {
    torch::manual_seed(1);
    return {torch::randn({batch, 3, side, side}).to(device), torch::randint(10, {batch}, torch::kInt64).to(device)};
  }
};

/// Number `k` of a cell, by its name: resnet8, resnet20, ..., wrn16-2.
[[nodiscard]] afd::AnyNetwork make_network(const Cell& cell, std::size_t k);

/// A step of the cell with everything it needs; nothing if the recipe is not among those compiled here.
using Step = std::function<void()>;
[[nodiscard]] Step dml_step(const Cell& cell);
[[nodiscard]] Step afd_cycle_step(const Cell& cell);
[[nodiscard]] Step afd_all_pairs_step(const Cell& cell);
[[nodiscard]] Step pair_step(const Cell& cell);
[[nodiscard]] Step handwritten_step(const Cell& cell);
[[nodiscard]] Step convolution_step(const Cell& cell);

}  // namespace worker
