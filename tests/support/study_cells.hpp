// SPDX-License-Identifier: MIT
#pragma once

// Cells of a study that nobody trained. Torch-free.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <afd/study/cell.hpp>

namespace afd_test {

/// With these test scores, as shares; NaN: that network was not trained.
inline afd::Cell study_cell(const std::string& recipe, std::uint64_t seed, const std::vector<double>& scores) {
  afd::Cell cell{.recipe = recipe, .seed = seed, .machine = "a machine"};
  for (const double score : scores) {
    afd::CellNetwork network{.is_trained = !std::isnan(score)};
    network.last["top1"] = score;
    network.best["top1"] = score + 0.01;
    network.curve = {score / 2, score};
    cell.networks.push_back(network);
  }
  cell.epochs = {1, 2};
  cell.ensemble["top1"] = 0.5;
  cell.seconds_per_step = 0.1;
  return cell;
}

/// "alone" and "dml" with three seeds, two networks: the first gains 2 points for sure, the second cannot be told.
inline std::vector<afd::Cell> study_cells() {
  std::vector<afd::Cell> cells;
  const double noise[] = {0.000, 0.001, -0.001};
  for (std::size_t i = 0; i < 3; ++i) {
    const double base = 0.30 + 0.01 * static_cast<double>(i);
    cells.push_back(study_cell("alone", i + 1, {base, base + 0.1}));
    cells.push_back(study_cell("dml", i + 1, {base + 0.02 + noise[i] / 10, base + 0.1 + 5 * noise[i] + 0.001}));
    cells.back().seconds_per_step = 0.15;
  }
  return cells;
}

}  // namespace afd_test
