// SPDX-License-Identifier: MIT
#pragma once

// A study as one HTML file that needs no other. Torch-free.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <afd/detail/concat.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/table.hpp>
#include <afd/study/verdict.hpp>

namespace afd {

/// What recipes consist of, by name: keys and values.
using StudyEntries = std::vector<std::pair<std::string, std::map<std::string, std::string>>>;

/// What a page shows beside the comparison.
struct StudyPage {
  std::string title = "study";
  std::vector<std::string> pictures{};  ///< each a whole <svg> element
  StudyEntries recipes{};
  std::vector<std::string> notes{};  ///< sentences at the end
};

namespace detail {

[[nodiscard]] inline std::string html(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += letter;
    }
  }
  return result;
}

[[nodiscard]] inline std::string html(const TextTable& table) {
  std::string text = "<table>\n";
  for (std::size_t r = 0; r < table.size(); ++r) {
    const char* cell = r == 0 ? "th" : "td";
    text += "<tr>";
    for (const std::string& entry : table[r]) text += concat('<', cell, '>', html(entry), "</", cell, '>');
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

/// The differences of each seed.
[[nodiscard]] inline TextTable seeds_table(const Comparison& comparison) {
  TextTable table{{"recipe", "network"}};
  std::set<std::uint64_t> seeds;
  for (const RecipeSummary& recipe : comparison.recipes) {
    for (const RecipeOutcome& outcome : recipe.networks) {
      for (const auto& [seed, value] : outcome.differences) seeds.insert(seed);
    }
  }
  for (const std::uint64_t seed : seeds) table[0].push_back(concat("seed ", seed));
  for (const RecipeSummary& recipe : comparison.recipes) {
    for (std::size_t k = 0; k < recipe.networks.size(); ++k) {
      const auto& all = recipe.networks[k].differences;
      if (all.empty()) continue;
      const std::map<std::uint64_t, double> by_seed(all.begin(), all.end());
      std::vector<std::string> row{recipe.name, comparison.networks[k]};
      for (const std::uint64_t seed : seeds) {
        const auto found = by_seed.find(seed);
        row.push_back(found == by_seed.end() ? "-" : with_sign(found->second, digits_for(comparison.score)));
      }
      table.push_back(std::move(row));
    }
  }
  return table;
}

/// A row for each key in which recipes differ; what all have is not shown.
[[nodiscard]] inline TextTable recipes_table(const StudyEntries& recipes) {
  TextTable table{{""}};
  std::set<std::string> keys;
  for (const auto& [name, entries] : recipes) {
    table[0].push_back(name);
    for (const auto& [key, value] : entries) keys.insert(key);
  }
  for (const std::string& key : keys) {
    std::vector<std::string> row{key};
    std::set<std::string> values;
    for (const auto& [name, entries] : recipes) {
      const auto found = entries.find(key);
      row.push_back(found == entries.end() ? "" : found->second);
      values.insert(row.back());
    }
    if (values.size() > 1) table.push_back(std::move(row));
  }
  return table;
}

inline constexpr std::string_view page_style =
    "body{font:16px/1.5 sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#111;background:#fff}"
    "table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}"
    "td,th{padding:.25em .7em;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}"
    "td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}"
    "li{margin:.3em 0}summary{cursor:pointer}";

}  // namespace detail

/// Sentences first, then the table, pictures, every seed, and what the recipes are.
[[nodiscard]] inline std::string html_page(const Comparison& comparison, const StudyPage& page) {
  std::string text = detail::concat("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>",
                                    detail::html(page.title), "</title>\n<style>", detail::page_style,
                                    "</style></head><body>\n<h1>", detail::html(page.title), "</h1>\n<ul>\n");
  for (std::size_t i = 1; i < comparison.recipes.size(); ++i) {
    text += detail::concat("<li>", detail::html(verdict_sentence(comparison, i)), "</li>\n");
  }
  for (const RecipeSummary& recipe : comparison.recipes) {
    for (const std::string& failure : recipe.failures) {
      text += detail::concat("<li>", detail::html(recipe.name + " failed with " + failure), "</li>\n");
    }
  }
  text += detail::concat("</ul>\n", detail::html(table_of(comparison)));
  text += detail::concat("<p>Scores are means over seeds ",
                         comparison.weights == ComparedWeights::last
                             ? "after the last epoch"
                             : "with the weights of the epoch that was best on the validation source",
                         ", on the test source. Differences to ", detail::html(comparison.recipes.at(0).name),
                         " are taken seed by seed, with 95 % intervals; p-values are corrected for all of them "
                         "(Holm).</p>\n");
  for (const std::string& picture : page.pictures) text += picture + '\n';
  text += detail::concat("<h2>Every seed</h2>\n", detail::html(detail::seeds_table(comparison)));
  if (!page.recipes.empty()) {
    text += detail::concat("<details><summary>What recipes differ in</summary>\n",
                           detail::html(detail::recipes_table(page.recipes)), "</details>\n");
  }
  for (const std::string& note : page.notes) text += detail::concat("<p>", detail::html(note), "</p>\n");
  return text + "</body></html>\n";
}

}  // namespace afd
