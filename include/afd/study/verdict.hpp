// SPDX-License-Identifier: MIT
#pragma once

// A plain sentence for each recipe: it helps, harms, or cannot be told. Torch-free.

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/estimate.hpp>

namespace afd {

/// helps, harms: the difference to the first recipe has a corrected p-value below 0.05; unclear: it has not, or there
/// are too few seeds for one; none: there is nothing to compare.
enum class Verdict { helps, harms, unclear, none };

[[nodiscard]] inline Verdict verdict_of(const RecipeOutcome& outcome, bool higher_is_better) {
  if (!outcome.is_trained || outcome.difference.count == 0) return Verdict::none;
  if (!(outcome.p < 0.05)) return Verdict::unclear;
  return (outcome.difference.mean > 0) == higher_is_better ? Verdict::helps : Verdict::harms;
}

namespace detail {

/// 1.234 with two digits behind the point: 1.23. A dash for what is not known.
[[nodiscard]] inline std::string fixed(double value, int digits = 2) {
  if (std::isnan(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}
[[nodiscard]] inline std::string with_sign(double value, int digits = 2) {
  return concat(value >= 0 ? "+" : "", fixed(value, digits));
}

/// Digits behind the point that show a number of this size to three figures at least.
[[nodiscard]] inline int digits_for(const ComparedScore& score) {
  return score.factor >= 10 ? 2 : 4;
}

/// "+0.52 ± 0.31", or the difference alone for one seed.
[[nodiscard]] inline std::string interval_text(const Estimate& estimate, int digits, bool sign) {
  const std::string mean = sign ? with_sign(estimate.mean, digits) : fixed(estimate.mean, digits);
  return std::isnan(estimate.half_width) ? mean : concat(mean, " ± ", fixed(estimate.half_width, digits));
}

[[nodiscard]] inline std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

/// How many seeds it would take to tell a difference that could not be told, beside so many others.
[[nodiscard]] inline std::string what_it_takes(const Estimate& difference, std::size_t differences) {
  if (difference.count < 2) return "one seed tells nothing";
  if (difference.deviation == 0) return "all seeds gave the same";
  const std::optional<std::size_t> needed =
      values_needed(difference.mean, difference.deviation, 0.05 / static_cast<double>(differences));
  if (!needed) return "no number of seeds that anybody would train can tell it";
  if (*needed <= difference.count) return "more seeds, or fewer recipes beside it, may tell it";
  return concat("about ", *needed, " seeds would tell a difference of that size");
}

}  // namespace detail

/// "afd helps small (+0.81 ± 0.40 top-1 %); cannot be told for large (-0.10 ± 0.72: about 400 seeds would tell a
/// difference of that size)." Differences are means over seeds with 95 % intervals.
[[nodiscard]] inline std::string verdict_sentence(const Comparison& comparison, std::size_t recipe) {
  const RecipeSummary& row = comparison.recipes.at(recipe);
  const int digits = detail::digits_for(comparison.score);
  const std::string unit = comparison.score.label;
  std::vector<std::string> helped, harmed, unclear;
  for (std::size_t k = 0; k < row.networks.size(); ++k) {
    const RecipeOutcome& outcome = row.networks[k];
    const std::string difference = detail::interval_text(outcome.difference, digits, true);
    const std::string told = detail::concat(comparison.networks.at(k), " (", difference, ' ', unit, ")");
    switch (verdict_of(outcome, comparison.score.higher_is_better)) {
      case Verdict::helps:
        helped.push_back(told);
        break;
      case Verdict::harms:
        harmed.push_back(told);
        break;
      case Verdict::unclear:
        unclear.push_back(comparison.networks.at(k) + " (" + difference + ": " +
                          detail::what_it_takes(outcome.difference, comparison.differences) + ")");
        break;
      case Verdict::none:
        break;
    }
  }
  const std::string& base = comparison.recipes.front().name;
  std::vector<std::string> parts;
  if (!helped.empty()) parts.push_back(detail::concat("helps ", detail::listed(helped)));
  if (!harmed.empty()) parts.push_back(detail::concat("harms ", detail::listed(harmed)));
  if (!unclear.empty()) parts.push_back(detail::concat("cannot be told from ", base, " for ", detail::listed(unclear)));
  if (recipe == 0) return row.name + " is what the others are compared with.";
  if (parts.empty()) return row.name + " has no seed in common with " + base + " yet.";
  std::string text = row.name + ' ';
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : "; ") + parts[i];
  return text + '.';
}

}  // namespace afd
