// SPDX-License-Identifier: MIT
#pragma once

// The comparison as a table. Torch-free.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/verdict.hpp>

namespace afd {

/// Rows of text, the first of which is the heading.
using TextTable = std::vector<std::vector<std::string>>;

namespace detail {

[[nodiscard]] inline std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  return p < 0.001 ? "< 0.001" : fixed(p, 3);
}

/// Characters that are seen, for UTF-8.
[[nodiscard]] inline std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (const char letter : text) width += (static_cast<unsigned char>(letter) & 0xc0U) != 0x80U ? 1 : 0;
  return width;
}

}  // namespace detail

/// A row for each recipe: seeds, and for each network the mean score, the difference to the first recipe with its 95 %
/// interval, and its corrected p-value; the ensemble's score where there are several networks; and how much longer a
/// step takes.
[[nodiscard]] inline TextTable table_of(const Comparison& comparison) {
  const int digits = detail::digits_for(comparison.score);
  const bool has_ensemble = comparison.has_ensemble();
  TextTable table{{"recipe", "seeds"}};
  for (const std::string& network : comparison.networks) {
    table[0].insert(table[0].end(), {network + ", " + comparison.score.label, "difference", "p"});
  }
  if (has_ensemble) table[0].push_back("ensemble");
  table[0].insert(table[0].end(), {"ms per step", "times"});
  for (const RecipeSummary& recipe : comparison.recipes) {
    std::vector<std::string> row{recipe.name, std::to_string(recipe.seeds)};
    for (const RecipeOutcome& outcome : recipe.networks) {
      row.push_back(detail::fixed(outcome.score.mean, digits));
      row.push_back(outcome.difference.count == 0 ? "-" : detail::interval_text(outcome.difference, digits, true));
      row.push_back(detail::p_text(outcome.p));
    }
    if (has_ensemble) row.push_back(detail::fixed(recipe.ensemble.mean, digits));
    row.push_back(recipe.seeds == 0 ? "-" : detail::fixed(1000 * recipe.seconds_per_step, 1));
    const double base = comparison.recipes.front().seconds_per_step;
    row.push_back(recipe.seeds == 0 || base == 0 ? "-" : detail::fixed(recipe.seconds_per_step / base));
    table.push_back(std::move(row));
  }
  return table;
}

/// With columns of equal width, which Markdown and people read.
[[nodiscard]] inline std::string markdown(const TextTable& table) {
  std::vector<std::size_t> widths(table.at(0).size(), 1);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], detail::width_of(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < table.size(); ++r) {
    for (std::size_t i = 0; i < table[r].size(); ++i) {
      const std::string padding(widths[i] - detail::width_of(table[r][i]), ' ');
      text +=
          i == 0 ? detail::concat("| ", table[r][i], padding, " |") : detail::concat(' ', padding, table[r][i], " |");
    }
    text += '\n';
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += i == 0 ? detail::concat('|', std::string(widths[i] + 2, '-'), '|')
                     : detail::concat(std::string(widths[i] + 1, '-'), ":|");
    }
    text += '\n';
  }
  return text;
}

/// Table and sentences, as a person reads them on a terminal or in a Markdown file.
[[nodiscard]] inline std::string report_text(const Comparison& comparison) {
  std::string text = markdown(table_of(comparison)) + '\n';
  for (std::size_t i = 1; i < comparison.recipes.size(); ++i) {
    text += detail::concat("- ", verdict_sentence(comparison, i), '\n');
  }
  for (const RecipeSummary& recipe : comparison.recipes) {
    for (const std::string& failure : recipe.failures) {
      text += detail::concat("- ", recipe.name, " failed with ", failure, '\n');
    }
  }
  return text;
}

}  // namespace afd
