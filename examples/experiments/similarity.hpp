// SPDX-License-Identifier: MIT
#pragma once

// A picture of how alike networks' maps become over training, for some recipes.

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <afd/detail/say.hpp>
#include <afd/study/gnuplot.hpp>
#include <afd/study/pictures.hpp>
#include <afd/study/study_report.hpp>

namespace experiments {

namespace similarity_details {

using Curve = std::map<double, std::pair<double, int>>;  ///< by epoch: a sum, and of how many values

/// Of all cells of a recipe and all two networks, what `measure` was over epochs. Empty if it could not be said.
[[nodiscard]] inline Curve curve_of(const afd::StudyResult& result, const std::string& recipe,
                                    const std::string& measure) {
  Curve curve;
  for (const afd::Cell& cell : result.cells) {
    if (cell.recipe != recipe || !cell.observed.contains("similarity")) continue;
    const nlohmann::json& columns = cell.observed.at("similarity");
    for (const auto& [name, values] : columns.items()) {
      if (!name.starts_with(measure + " of ")) continue;
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i].is_null()) continue;
        auto& [sum, count] = curve[columns.at("epoch")[i].get<double>() + 1];
        sum += values[i].get<double>();
        ++count;
      }
    }
  }
  return curve;
}

}  // namespace similarity_details

/// Writes <folder>/similarity.svg, and the script that draws it.
inline void draw_similarities(const afd::StudyResult& result, const afd::StudyOptions& options) {
  using namespace similarity_details;
  const std::pair<const char*, const char*> measures[] = {
      {"l1", "mean absolute difference"},
      {"l2", "mean squared difference"},
      {"cosine", "cosine"},
      {"cka", "linear centred kernel alignment"},
  };
  const std::filesystem::path picture = options.folder / "similarity.svg";
  std::string script = afd::detail::picture_head(picture.string(), 1000, 640);
  script +=
      "set multiplot layout 2,2 margins 0.07,0.82,0.09,0.94 spacing 0.08,0.15\n"
      "set grid ytics lc rgb '#dddddd'\nset xlabel 'epoch'\nset key at screen 0.99, screen 0.94 right top\n";
  bool is_empty = true;
  for (const auto& [measure, title] : measures) {
    std::string plots, data;
    std::size_t place = 0;
    for (const char* name : {"alone", "dml", "l1", "l1-kl", "afd-maps", "afd", "dml-cycle", "afd-cycle"}) {
      const Curve curve = curve_of(result, name, measure);
      const std::string_view colour = afd::detail::picture_colour(place++);
      if (curve.empty()) continue;
      plots += fmt::format("{}'-' using 1:2 with lines lw 2 lc rgb '{}' title {}", plots.empty() ? "plot " : ", ",
                           colour, afd::detail::script_text(name));
      for (const auto& [epoch, sum] : curve) data += fmt::format("{} {}\n", epoch, sum.first / sum.second);
      data += "e\n";
    }
    if (plots.empty()) continue;
    is_empty = false;
    script += fmt::format("set title {}\n{}\n{}unset key\n", afd::detail::script_text(title), plots, data);
  }
  if (is_empty) return;
  if (!afd::detail::draw(script + "unset multiplot\n", options.folder / "similarity.gp")) {
    afd::detail::tell(options.say, "similarity.svg was not drawn: is gnuplot installed?");
  }
}

}  // namespace experiments
