// SPDX-License-Identifier: MIT
#pragma once

// Draws the learning curves with gnuplot.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <afd/error.hpp>
#include <afd/observe/history.hpp>

namespace example {

struct Curve {
  std::string title;
  std::string column;  ///< of the history, a share from 0 to 1
  std::string style;   ///< of a gnuplot line
};

/// A PNG with top-1 in per cent over epochs. Throws afd::FileError if gnuplot is not there or fails.
inline void draw_learning_curves(const afd::History& history, const std::vector<Curve>& curves,
                                 const std::filesystem::path& picture) {
  std::string script = fmt::format(
      "set terminal pngcairo size 1000,640 font 'sans,13' noenhanced\n"
      "set output '{}'\n"
      "set title 'Fashion-MNIST: two networks alone and as a pair'\n"
      "set xlabel 'epoch'\nset ylabel 'test accuracy, top-1 %'\n"
      "set key outside right top\nset grid lc rgb '#dddddd'\nset border 3\nset tics nomirror\n"
      "set xtics {}\nset xrange [0.5:{}.5]\nset offsets 0, 0, graph 0.05, graph 0.05\n",
      picture.string(), std::max<std::size_t>(1, history.rows().size() / 10), history.rows().size());
  std::string plot, data;
  for (const Curve& curve : curves) {
    plot += fmt::format("{}'-' using 1:2 with linespoints {} title '{}'", plot.empty() ? "plot " : ", ", curve.style,
                        curve.title);
    double epoch = 0;
    for (const double value : history.column(curve.column)) {
      ++epoch;
      if (!std::isnan(value)) data += fmt::format("{} {}\n", epoch, 100 * value);
    }
    data += "e\n";
  }
  script += plot + "\n" + data;
  std::FILE* gnuplot = ::popen("gnuplot", "w");
  if (gnuplot == nullptr) throw afd::FileError("cannot start gnuplot");
  std::fwrite(script.data(), 1, script.size(), gnuplot);
  if (::pclose(gnuplot) != 0) {
    throw afd::FileError(fmt::format("gnuplot did not draw {} (is gnuplot-nox installed?)", picture.string()));
  }
}

}  // namespace example
