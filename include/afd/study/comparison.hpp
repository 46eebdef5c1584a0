// SPDX-License-Identifier: MIT
#pragma once

// What the cells of a study come to: means, and differences to the first recipe, seed by seed. Torch-free.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/estimate.hpp>

namespace afd {

/// The number that recipes are compared by: a column of the score, and what people are shown of it.
struct ComparedScore {
  std::string column = "top1";
  std::string label = "top-1 %";
  double factor = 100;
  bool higher_is_better = true;
};

/// Which weights are compared: after the last epoch, or of the epoch that was best on the validation source.
enum class ComparedWeights { last, best };

/// What one recipe did for one network. Numbers are as people are shown them; a positive difference is a higher number,
/// whether that is better or not.
struct RecipeOutcome {
  bool is_trained = false;   ///< else there is nothing to compare
  Estimate score = {};       ///< over all seeds that finished
  Estimate difference = {};  ///< to the first recipe, over the seeds that both have
  double p = 0;              ///< of the difference, corrected for all that are looked at here (Holm)
  std::vector<std::pair<std::uint64_t, double>> differences = {};  ///< seed by seed
};

/// One row of the comparison.
struct RecipeSummary {
  std::string name = {};
  std::vector<RecipeOutcome> networks = {};
  Estimate ensemble = {};                  ///< score of the trained networks together
  double seconds_per_step = 0;             ///< median over cells
  double step_multiply_adds = 0;           ///< forwards of a step, per sample
  std::size_t seeds = 0;                   ///< that finished
  std::vector<std::string> failures = {};  ///< "seed 3: ..."
};

struct Comparison {
  ComparedScore score = {};
  ComparedWeights weights = ComparedWeights::last;
  std::vector<std::string> networks = {};   ///< what they are called
  std::vector<RecipeSummary> recipes = {};  ///< the first is what the others are compared with
  std::size_t differences = 0;              ///< how many are looked at together
};

namespace detail {

/// Seed by seed, what network k of a recipe came to.
[[nodiscard]] inline std::map<std::uint64_t, double> scores_by_seed(const std::vector<Cell>& cells,
                                                                    const std::string& recipe, std::size_t k,
                                                                    const ComparedScore& score,
                                                                    ComparedWeights weights) {
  std::map<std::uint64_t, double> all;
  for (const Cell& cell : cells) {
    if (cell.recipe != recipe || !cell.failure.empty() || k >= cell.networks.size()) continue;
    const CellNetwork& network = cell.networks[k];
    if (!network.is_trained) continue;
    const CellScores& scores = weights == ComparedWeights::last ? network.last : network.best;
    if (const auto found = scores.find(score.column); found != scores.end()) {
      all[cell.seed] = score.factor * found->second;
    }
  }
  return all;
}

[[nodiscard]] inline std::vector<double> values_of(const std::map<std::uint64_t, double>& by_seed) {
  std::vector<double> values;
  for (const auto& [seed, value] : by_seed) values.push_back(value);
  return values;
}

[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

[[nodiscard]] inline RecipeSummary summary_of(const std::vector<Cell>& cells, const std::string& recipe,
                                              const std::string& base, const Comparison& of) {
  RecipeSummary summary{.name = recipe, .networks = std::vector<RecipeOutcome>(of.networks.size())};
  for (std::size_t k = 0; k < of.networks.size(); ++k) {
    RecipeOutcome& outcome = summary.networks[k];
    const auto scores = scores_by_seed(cells, recipe, k, of.score, of.weights);
    outcome.is_trained = !scores.empty();
    outcome.score = estimate(values_of(scores));
    const auto others = scores_by_seed(cells, base, k, of.score, of.weights);
    std::vector<double> differences;
    for (const auto& [seed, value] : scores) {
      const auto other = others.find(seed);
      if (recipe == base || other == others.end()) continue;
      outcome.differences.emplace_back(seed, value - other->second);
      differences.push_back(value - other->second);
    }
    outcome.difference = estimate(differences);
  }
  std::vector<double> ensembles, times;
  for (const Cell& cell : cells) {
    if (cell.recipe != recipe) continue;
    if (!cell.failure.empty()) {
      summary.failures.push_back(concat("seed ", cell.seed, ": ", cell.failure));
      continue;
    }
    ++summary.seeds;
    times.push_back(cell.seconds_per_step);
    summary.step_multiply_adds = cell.step_multiply_adds;
    if (const auto found = cell.ensemble.find(of.score.column); found != cell.ensemble.end()) {
      ensembles.push_back(of.score.factor * found->second);
    }
  }
  summary.ensemble = estimate(ensembles);
  summary.seconds_per_step = median(times);
  return summary;
}

}  // namespace detail

/// Recipes in this order, the first being what the others are compared with; networks are called so.
[[nodiscard]] inline Comparison compare_cells(const std::vector<Cell>& cells, const std::vector<std::string>& recipes,
                                              std::vector<std::string> networks, ComparedScore score = {},
                                              ComparedWeights weights = ComparedWeights::last) {
  Comparison comparison{std::move(score), weights, std::move(networks), {}, 0};
  std::vector<double> p;
  for (const std::string& recipe : recipes) {
    comparison.recipes.push_back(detail::summary_of(cells, recipe, recipes.front(), comparison));
    for (const RecipeOutcome& outcome : comparison.recipes.back().networks) {
      p.push_back(outcome.difference.p);
      if (outcome.difference.count > 0) ++comparison.differences;
    }
  }
  const std::vector<double> corrected = holm(p);
  std::size_t place = 0;
  for (RecipeSummary& recipe : comparison.recipes) {
    for (RecipeOutcome& outcome : recipe.networks) outcome.p = corrected[place++];
  }
  return comparison;
}

}  // namespace afd
