// SPDX-License-Identifier: MIT
#pragma once

// What is asked of a study: differences of two of its recipes, settled before it was run.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/say.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/estimate.hpp>
#include <afd/study/gnuplot.hpp>
#include <afd/study/pictures.hpp>
#include <afd/study/study_report.hpp>
#include <afd/study/table.hpp>

namespace experiments {

struct Question {
  const char* what;     ///< a network learns from
  const char* with;     ///< the recipe that has it
  const char* without;  ///< and the one that has not
};

inline constexpr Question all_questions[] = {
    {"a peer's probabilities", "dml", "alone"},
    {"its probabilities and maps: the method", "afd", "alone"},
    {"its maps, beside probabilities", "afd", "dml"},
    {"its maps only", "afd-maps", "alone"},
    {"its maps only, rather than from a loss of weight 0", "afd-maps", "afd-maps-weight-0"},
    {"its maps as a distribution rather than place by place", "afd", "l1-kl"},
    {"a frozen teacher's probabilities", "kd-offline", "alone"},
    {"a peer's probabilities, slowly more", "dml-ramp", "dml"},
    {"maps that both sides transfer", "afd-both-sides", "afd"},
    {"maps after the logit update rather than with it", "afd-logit-first", "afd"},
    {"the network before it in a cycle", "afd-cycle", "alone"},
    {"the network before it rather than all others' probabilities", "afd-cycle", "dml"},
    {"maps of the network before it, beside all others' probabilities", "afd-cycle-dml", "dml"},
};

[[nodiscard]] inline std::string name_of(const Question& question) {
  return fmt::format("{} − {}", question.with, question.without);
}

/// The row that answers a question; nullptr if there is none.
[[nodiscard]] inline const afd::RecipeSummary* row_of(const afd::Comparison& all, const Question& question) {
  for (const afd::RecipeSummary& row : all.recipes) {
    if (row.name == name_of(question)) return &row;
  }
  return nullptr;
}

/// Those whose recipes a study has, as a comparison: a row for each, whose p-values are corrected for all of them.
[[nodiscard]] inline afd::Comparison answers(const afd::StudyResult& result, const std::vector<std::string>& networks) {
  afd::Comparison all{.score = result.comparison.score,
                      .weights = result.comparison.weights,
                      .networks = result.comparison.networks,
                      .places = result.comparison.places};
  all.recipes.push_back({.name = "the recipe without it"});
  std::vector<double> p;
  for (const Question& question : all_questions) {
    const afd::Comparison two =
        afd::compare_cells(result.cells, {question.without, question.with}, networks, all.score, all.weights);
    if (two.differences == 0) continue;
    all.recipes.push_back(two.recipes[1]);
    all.recipes.back().name = name_of(question);
    all.differences += two.differences;
    for (const afd::RecipeOutcome& outcome : two.recipes[1].networks) p.push_back(outcome.difference.p);
  }
  const std::vector<double> corrected = afd::holm(p);
  std::size_t place = 0;
  for (std::size_t r = 1; r < all.recipes.size(); ++r) {
    for (afd::RecipeOutcome& outcome : all.recipes[r].networks) outcome.p = corrected[place++];
  }
  return all;
}

/// The same as a table: a row for each question.
[[nodiscard]] inline afd::TextTable question_table(const afd::Comparison& all) {
  afd::TextTable table{{"what a network learns from", "difference"}};
  for (const std::string& network : all.networks) {
    table[0].insert(table[0].end(), {network + ", " + all.score.label, "p", "corrected"});
  }
  for (const Question& question : all_questions) {
    const afd::RecipeSummary* row = row_of(all, question);
    if (row == nullptr) continue;
    table.push_back({question.what, row->name});
    for (const afd::RecipeOutcome& outcome : row->networks) {
      const bool is_known = outcome.difference.count > 0;
      table.back().push_back(is_known ? afd::detail::interval_text(outcome.difference, 2, true) : "-");
      table.back().push_back(is_known ? afd::detail::p_text(outcome.difference.p) : "-");
      table.back().push_back(is_known ? afd::detail::p_text(outcome.p) : "-");
    }
  }
  return table;
}

/// Draws differences into <folder>/<name>.svg, where there are any.
inline void draw_differences(const afd::Comparison& all, const std::string& name, const std::filesystem::path& folder,
                             const afd::Say& say) {
  const std::string script = afd::detail::differences_script(all, (folder / (name + ".svg")).string());
  if (!script.empty() && !afd::detail::draw(script, folder / (name + ".gp"))) {
    afd::detail::tell(say, name + ".svg was not drawn: is gnuplot installed?");
  }
}

/// Writes <folder>/questions.md and questions.svg.
inline void answer_questions(const afd::StudyResult& result, const afd::StudyOptions& options) {
  const afd::Comparison all = answers(result, options.networks);
  afd::detail::write_file_atomically(options.folder / "questions.md", afd::markdown(question_table(all)));
  draw_differences(all, "questions", options.folder, options.say);
}

}  // namespace experiments
