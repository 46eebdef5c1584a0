// SPDX-License-Identifier: MIT
#pragma once

// What a study comes to, and the files that say so: table, sentences, pictures and page. Torch-free; POSIX.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/say.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/gnuplot.hpp>
#include <afd/study/page.hpp>
#include <afd/study/pictures.hpp>
#include <afd/study/study_options.hpp>
#include <afd/study/table.hpp>

namespace afd {

struct StudyResult {
  std::vector<Cell> cells;   ///< that are finished
  Comparison comparison;     ///< of them
  bool is_finished = false;  ///< all cells are; else a signal came, and the same call goes on

  /// The table, and a sentence for each recipe.
  [[nodiscard]] std::string text() const { return report_text(comparison); }
};

namespace detail {

/// Draws the pictures of a study into its folder, and reads them in; one that cannot be drawn is told.
[[nodiscard]] inline std::vector<std::string> draw_study(const StudyResult& result, const StudyOptions& options) {
  std::vector<std::string> all;
  const auto add = [&](const std::string& name, const auto& script) {
    const std::filesystem::path picture = options.folder / (name + ".svg");
    const std::string text = script(picture.string());
    if (text.empty()) return;
    if (!draw(text, options.folder / (name + ".gp"))) {
      return tell(options.say, name + ".svg was not drawn: is gnuplot installed?");
    }
    std::ifstream file(picture);
    const std::string svg{std::istreambuf_iterator<char>(file), {}};
    const std::size_t begin = svg.find("<svg");
    if (begin != std::string::npos) all.push_back(svg.substr(begin));
  };
  add("differences", [&](const std::string& to) { return differences_script(result.comparison, to); });
  for (std::size_t k = 0; k < result.comparison.networks.size(); ++k) {
    add(concat("curves-", k),
        [&](const std::string& to) { return curves_script(result.cells, result.comparison, k, to); });
  }
  return all;
}

}  // namespace detail

/// Writes report.md, the pictures and index.html into the study's folder. `recipes`: what each consists of. Throws
/// FileError.
inline void write_study_report(const StudyResult& result, StudyEntries recipes, const StudyOptions& options) {
  detail::write_file_atomically(options.folder / "report.md", result.text());
  StudyPage page{
      .title = options.title, .pictures = detail::draw_study(result, options), .recipes = std::move(recipes)};
  if (!result.is_finished) page.notes.push_back("The study is not finished; this is what there is.");
  std::vector<std::string> machines;
  for (const Cell& cell : result.cells) {
    if (std::find(machines.begin(), machines.end(), cell.machine) == machines.end()) machines.push_back(cell.machine);
  }
  for (const std::string& machine : machines) page.notes.push_back(detail::concat("Computed with ", machine, '.'));
  detail::write_file_atomically(options.folder / "index.html", html_page(result.comparison, page));
}

}  // namespace afd
