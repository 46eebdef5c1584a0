// SPDX-License-Identifier: MIT
#pragma once

// Pictures of a comparison, as scripts for gnuplot. Torch-free.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/verdict.hpp>

namespace afd::detail {

/// Colours that stay apart on white, for most who see fewer colours, too.
[[nodiscard]] inline std::string_view picture_colour(std::size_t place) {
  constexpr std::array<std::string_view, 8> all{"#08519c", "#d94801", "#238b45", "#6a51a3",
                                                "#525252", "#c51b8a", "#8c6d31", "#2b8cbe"};
  return all[place % all.size()];
}

/// As gnuplot reads it.
[[nodiscard]] inline std::string script_text(std::string_view text) {
  std::string result = "'";
  for (const char letter : text) {
    if (letter == '\'') result += letter;
    result += letter == '\n' ? ' ' : letter;
  }
  return result + '\'';
}

[[nodiscard]] inline std::string picture_head(std::string_view output, int width, int height) {
  return concat("set encoding utf8\nset term svg size ", width, ",", height,
                " font 'sans,13' noenhanced background '#ffffff'\nset output ", script_text(output),
                "\nset border 3\nset tics nomirror\n");
}

/// Where a picture's script puts each point of a recipe and a network: downwards, the networks of a recipe together.
[[nodiscard]] inline double row_of(std::size_t recipe, std::size_t network, std::size_t networks) {
  return -static_cast<double>(recipe) -
         0.6 * (static_cast<double>(network) - (static_cast<double>(networks) - 1) / 2) / static_cast<double>(networks);
}

/// Differences to the first recipe: mean and 95 % interval, and every seed as a small point. Full where it can be told
/// from zero, open where not.
[[nodiscard]] inline std::string differences_script(const Comparison& comparison, std::string_view output) {
  const std::size_t rows = comparison.recipes.size(), networks = comparison.networks.size();
  std::string script =
      picture_head(output, 900, static_cast<int>(120 + (rows * std::max<std::size_t>(2, networks) + networks) * 20));
  std::string tics, data, plots;
  for (std::size_t r = 1; r < rows; ++r) {
    tics += concat(r == 1 ? "" : ", ", script_text(comparison.recipes[r].name), " ", row_of(r, 0, 1));
  }
  script += concat("set label ",
                   script_text("difference to " + comparison.recipes.at(0).name + ", " + comparison.score.label +
                               " (mean, 95 % interval; full: told from 0; small: seeds)"),
                   " at screen 0.5, screen 1 center offset 0, -1.2\nset tmargin 3\nset ytics (", tics,
                   ")\nset yrange [", -static_cast<double>(rows) + 0.4,
                   ":-0.5]\nset grid xtics lc rgb '#dddddd'\nset key outside bottom center vertical maxcols 1\n",
                   "set arrow from 0, graph 0 to 0, graph 1 nohead lw 1 lc rgb '#000000'\n",
                   "set xrange [*<0:0<*]\nset offsets graph 0.03, graph 0.03, 0, 0\n");
  const auto add = [&](const std::string& plot, const std::string& points) {
    plots += concat(plots.empty() ? "plot " : ", ", plot);
    data += points + "e\n";
  };
  for (std::size_t k = 0; k < networks; ++k) {
    std::string told, unclear, seeds;
    for (std::size_t r = 1; r < rows; ++r) {
      const RecipeOutcome& outcome = comparison.recipes[r].networks[k];
      const double row = row_of(r, k, networks);
      for (const auto& [seed, value] : outcome.differences) seeds += concat(value, ' ', row, '\n');
      if (outcome.difference.count == 0) continue;
      const double half = std::isnan(outcome.difference.half_width) ? 0 : outcome.difference.half_width;
      const Verdict verdict = verdict_of(outcome, comparison.score.higher_is_better);
      (verdict == Verdict::unclear ? unclear : told) += concat(outcome.difference.mean, ' ', row, ' ', half, '\n');
    }
    if (told.empty() && unclear.empty()) continue;
    const std::string colour(picture_colour(k));
    if (!seeds.empty()) add("'-' using 1:2 with points pt 7 ps 0.3 lc rgb '" + colour + "' notitle", seeds);
    if (!told.empty()) add("'-' using 1:2:3 with xerrorbars pt 7 ps 1 lw 2 lc rgb '" + colour + "' notitle", told);
    if (!unclear.empty()) {
      add("'-' using 1:2:3 with xerrorbars pt 6 ps 1 lw 2 lc rgb '" + colour + "' notitle", unclear);
    }
    plots += concat(plots.empty() ? "plot " : ", ", "NaN with points pt 7 lc rgb '", colour, "' title ",
                    script_text(comparison.networks[k]));
  }
  return plots.empty() ? std::string() : script + plots + "\n" + data;
}

/// The watched number on the validation source over epochs: a curve for each recipe, averaged over its seeds, and over
/// networks that share the name.
[[nodiscard]] inline std::string curves_script(const std::vector<Cell>& cells, const Comparison& comparison,
                                               std::size_t network, std::string_view output) {
  std::string script = picture_head(output, 900, 460), plots, data;
  script += concat("set title ",
                   script_text(comparison.networks.at(network) + ": " + comparison.score.label +
                               " on the validation source (mean over seeds)"),
                   "\nset xlabel 'epoch'\nset grid ytics lc rgb '#dddddd'\nset key outside right\n");
  for (std::size_t r = 0; r < comparison.recipes.size(); ++r) {
    std::map<std::int64_t, std::pair<double, int>> sums;
    for (const Cell& cell : cells) {
      if (cell.recipe != comparison.recipes[r].name) continue;
      for (const std::size_t k : comparison.places.at(network)) {
        if (k >= cell.networks.size() || !cell.networks[k].is_trained) continue;
        const std::vector<double>& curve = cell.networks[k].curve;
        for (std::size_t i = 0; i < std::min(curve.size(), cell.epochs.size()); ++i) {
          sums[cell.epochs[i]].first += comparison.score.factor * curve[i];
          ++sums[cell.epochs[i]].second;
        }
      }
    }
    if (sums.empty()) continue;
    plots += concat(plots.empty() ? "plot " : ", ", "'-' using 1:2 with lines lw 2 lc rgb '", picture_colour(r),
                    "' dt ", 1 + r / 8, " title ", script_text(comparison.recipes[r].name));
    for (const auto& [epoch, sum] : sums) data += concat(epoch, ' ', sum.first / sum.second, '\n');
    data += "e\n";
  }
  return plots.empty() ? std::string() : script + plots + "\n" + data;
}

}  // namespace afd::detail
