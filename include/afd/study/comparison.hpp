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

/// What one recipe did for one network, or for the mean of those that share a name. Numbers are as people are shown
/// them; a positive difference is a higher number, whether that is better or not.
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
  std::vector<std::string> networks = {};             ///< what they are called; those of one name are compared as one
  std::vector<std::vector<std::size_t>> places = {};  ///< which networks of a cell each of those is
  std::vector<RecipeSummary> recipes = {};            ///< the first is what the others are compared with
  std::size_t differences = 0;                        ///< how many are looked at together

  [[nodiscard]] bool has_ensemble() const {
    return networks.size() > 1 || (!places.empty() && places.front().size() > 1);
  }
};

namespace detail {

/// What networks came to, by their place in the cell: those that were trained.
using ScoresByPlace = std::map<std::size_t, double>;

/// Seed by seed, of a recipe's networks at these places.
[[nodiscard]] inline std::map<std::uint64_t, ScoresByPlace> scores_by_seed(const std::vector<Cell>& cells,
                                                                           const std::string& recipe,
                                                                           const std::vector<std::size_t>& places,
                                                                           const Comparison& of) {
  std::map<std::uint64_t, ScoresByPlace> all;
  for (const Cell& cell : cells) {
    if (cell.recipe != recipe || !cell.failure.empty()) continue;
    for (const std::size_t k : places) {
      if (k >= cell.networks.size() || !cell.networks[k].is_trained) continue;
      const CellNetwork& network = cell.networks[k];
      const CellScores& scores = of.weights == ComparedWeights::last ? network.last : network.best;
      if (const auto found = scores.find(of.score.column); found != scores.end()) {
        all[cell.seed][k] = of.score.factor * found->second;
      }
    }
  }
  return all;
}

[[nodiscard]] inline double mean(const ScoresByPlace& scores) {
  double sum = 0;
  for (const auto& [place, value] : scores) sum += value;
  return sum / static_cast<double>(scores.size());
}

/// What remains of the first without the second, at the places that both have.
[[nodiscard]] inline ScoresByPlace difference(const ScoresByPlace& scores, const ScoresByPlace& others) {
  ScoresByPlace all;
  for (const auto& [place, value] : scores) {
    if (const auto other = others.find(place); other != others.end()) all[place] = value - other->second;
  }
  return all;
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
    const auto scores = scores_by_seed(cells, recipe, of.places[k], of);
    const auto others = scores_by_seed(cells, base, of.places[k], of);
    std::vector<double> means, differences;
    for (const auto& [seed, values] : scores) {
      means.push_back(mean(values));
      const auto other = others.find(seed);
      if (recipe == base || other == others.end()) continue;
      const ScoresByPlace rest = difference(values, other->second);
      if (rest.empty()) continue;
      outcome.differences.emplace_back(seed, mean(rest));
      differences.push_back(mean(rest));
    }
    outcome.is_trained = !scores.empty();
    outcome.score = estimate(means);
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

/// Recipes in this order, the first being what the others are compared with. `networks`: what those of a cell are
/// called; where several share a name, their mean is compared, seed by seed, over those that both recipes trained.
[[nodiscard]] inline Comparison compare_cells(const std::vector<Cell>& cells, const std::vector<std::string>& recipes,
                                              const std::vector<std::string>& networks, ComparedScore score = {},
                                              ComparedWeights weights = ComparedWeights::last) {
  Comparison comparison{.score = std::move(score), .weights = weights};
  for (std::size_t k = 0; k < networks.size(); ++k) {
    const auto found = std::find(comparison.networks.begin(), comparison.networks.end(), networks[k]);
    const auto group = static_cast<std::size_t>(found - comparison.networks.begin());
    if (found == comparison.networks.end()) {
      comparison.networks.push_back(networks[k]);
      comparison.places.emplace_back();
    }
    comparison.places[group].push_back(k);
  }
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
