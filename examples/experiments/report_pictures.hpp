// SPDX-License-Identifier: MIT
#pragma once

// Pictures, drawn by gnuplot.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <afd/error.hpp>

#include "report_groups.hpp"
#include "report_questions.hpp"

namespace experiments {

namespace report_details {

inline void gnuplot(const std::string& script, const std::filesystem::path& picture) {
  std::FILE* pipe = ::popen("gnuplot", "w");
  if (pipe == nullptr) throw afd::FileError("cannot start gnuplot");
  std::fwrite(script.data(), 1, script.size(), pipe);
  if (::pclose(pipe) != 0) {
    throw afd::FileError(fmt::format("gnuplot did not draw {} (is gnuplot-nox installed?)", picture.string()));
  }
}

[[nodiscard]] inline std::string header(const std::filesystem::path& picture, int width, std::size_t height) {
  return fmt::format(
      "set encoding utf8\nset term pngcairo size {},{} font 'sans,11' noenhanced\nset output '{}'\n"
      "set border 3\nset tics nomirror\n",
      width, height, picture.string());
}

[[nodiscard]] inline double or_zero(double value) {
  return std::isnan(value) ? 0 : value;
}

/// Colours that stay apart on white, also for most who see fewer colours.
[[nodiscard]] inline const std::vector<std::string>& colours() {
  static const std::vector<std::string> all{"#08519c", "#d94801", "#238b45", "#6a51a3"};
  return all;
}

/// What an offline method is online.
[[nodiscard]] inline std::string online_twin(std::string method) {
  if (method == "kd-offline") return "dml";
  if (const auto end = method.find("-offline"); end != std::string::npos) method.erase(end);
  return method;
}

/// A colour for each method, the same in every picture; offline methods have that of their online twin.
[[nodiscard]] inline std::string colour_of(const std::string& method) {
  static const std::map<std::string, std::string> all{
      {"alone", "#000000"},        {"dml", "#3182bd"},       {"l1", "#fdae6b"},        {"l2", "#e6550d"},
      {"l1-kl", "#8c6d31"},        {"at", "#7f7f7f"},        {"afd-maps", "#31a354"},  {"afd", "#d6278a"},
      {"ensemble", "#756bb1"},     {"dml-cycle", "#8c6d31"}, {"afd-cycle", "#31a354"}, {"afd-cycle-dml", "#d6278a"},
      {"afd-all-pairs", "#e6550d"}};
  const auto found = all.find(online_twin(method));
  return found == all.end() ? "#bcbcbc" : found->second;
}

/// How a method's curve looks. Variants are too many for colours of their own: `place` in a picture gives colour and
/// dashes.
[[nodiscard]] inline std::string line_of(const std::string& method, bool is_among_variants, std::size_t place) {
  if (!is_among_variants) {
    return fmt::format("dt {} lc rgb '{}'", method.ends_with("-offline") ? 2 : 1, colour_of(method));
  }
  static const std::vector<std::string> all{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728",
                                            "#9467bd", "#8c564b", "#e377c2"};
  return fmt::format("dt {} lc rgb '{}'", 1 + place / all.size(), all[place % all.size()]);
}

/// Methods with the least to learn from first, offline ones last.
[[nodiscard]] inline std::vector<std::string> methods_in_order(const Group& group, bool variants) {
  static const std::vector<std::string> order{"alone", "dml",      "dml-cycle", "l1",  "l2",        "l1-kl",
                                              "at",    "afd-maps", "ensemble",  "afd", "afd-cycle", "afd-cycle-dml"};
  std::vector<std::string> methods;
  for (const auto& [method, results] : group.methods) {
    const bool is_base = method == "afd" || method == "dml" || method == "afd-cycle-dml";
    if (is_variant(method) == variants || (variants && is_base)) methods.push_back(method);
  }
  const auto rank = [&](const std::string& method) {
    const auto place = std::find(order.begin(), order.end(), online_twin(method)) - order.begin();
    return std::pair(method.ends_with("-offline"), place);
  };
  std::stable_sort(methods.begin(), methods.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return methods;
}

}  // namespace report_details

/// Last accuracy by method: mean and 95 % interval of the mean, each network in a colour of its own.
inline void draw_accuracy(const Group& group, bool variants, const std::filesystem::path& picture) {
  using namespace report_details;
  const std::vector<std::string> methods = methods_in_order(group, variants);
  std::string script = header(picture, 1100, 560), plots, data;
  script += fmt::format("set title '{}: last {} accuracy (mean, 95 % interval)'\nset ylabel 'top-1 %'\n", group.title,
                        group.settings.score_on);
  script += "set grid ytics lc rgb '#dddddd'\nset key outside right\nset offsets 0.5, 0.5, graph 0.05, graph 0.05\n";
  script += "set xtics rotate by -35 (";
  for (std::size_t i = 0; i < methods.size(); ++i)
    script += fmt::format("{}'{}' {}", i == 0 ? "" : ", ", methods[i], i);
  script += ")\n";
  for (std::size_t k = 0; k < group.networks.size(); ++k) {
    plots += fmt::format("{}'-' using 1:2:3 with yerrorbars pt 7 lw 2 lc rgb '{}' title 'network {}: {}'",
                         k == 0 ? "plot " : ", ", colours()[k % colours().size()], k, group.networks[k]);
    for (std::size_t i = 0; i < methods.size(); ++i) {
      if (!is_trained(methods[i], k)) continue;
      const Estimate last = estimate(accuracies(group, methods[i], k, When::last));
      data += fmt::format("{} {} {}\n", static_cast<double>(i) + 0.12 * static_cast<double>(k), last.mean,
                          or_zero(last.half_width));
    }
    data += "e\n";
  }
  gnuplot(script + plots + "\n" + data, picture);
}

/// A curve per method or variant, averaged over seeds, of whatever `series` takes from a result.
template <class Series>
void draw_curves(const Group& group, bool variants, const std::filesystem::path& picture, const std::string& title,
                 const std::string& ylabel, const std::string& more, const Series& series) {
  using namespace report_details;
  std::string script = header(picture, 1000, 560), plots, data;
  script += fmt::format("set title '{}: {}'\nset xlabel 'epoch'\nset ylabel '{}'\nset key outside right\n{}",
                        group.title, title, ylabel, more);
  script += "set grid ytics lc rgb '#dddddd'\n";
  std::size_t curves = 0;
  for (const std::string& method : methods_in_order(group, variants)) {
    const auto& results = group.methods.at(method);
    std::vector<double> sums;
    for (const auto& [seed, result] : results) {
      const std::vector<double> one = series(result);
      sums.resize(std::max(sums.size(), one.size()), 0.0);
      for (std::size_t i = 0; i < one.size(); ++i) sums[i] += one[i] / static_cast<double>(results.size());
    }
    if (sums.empty()) continue;
    plots += fmt::format("{}'-' using 1:2 with lines lw 2 {} title '{}'", plots.empty() ? "plot " : ", ",
                         line_of(method, variants, curves++), method);
    const auto& epochs = results.begin()->second.epochs;
    for (std::size_t i = 0; i < sums.size(); ++i) data += fmt::format("{} {}\n", epochs.at(i), sums[i]);
    data += "e\n";
  }
  if (!plots.empty()) gnuplot(script + plots + "\n" + data, picture);
}

/// Every difference of a question with its interval, under a heading for each comparison, and where zero is.
inline void draw_question(const Question& question, const std::filesystem::path& picture) {
  using namespace report_details;
  std::string tics, lines, data, heading;
  double least = 0, most = 0;
  int row = 0;  // downwards
  const auto label = [&](const std::string& text) {
    tics += fmt::format("{}'{}' {}", tics.empty() ? "" : ", ", text, --row);
  };
  for (const auto& [where, what, difference] : question.contrasts) {
    if (where != heading) {
      if (row < 0) lines += fmt::format("set arrow from graph 0, first {0} to graph 1, first {0} nohead dt 3\n", --row);
      heading = where;
      label(where + ":");
    }
    label(what);
    const bool is_clear = std::abs(difference.mean) > difference.half_width;
    data += fmt::format("{} {} {} {}\n", difference.mean, row, or_zero(difference.half_width),
                        !is_clear             ? "0x888888"
                        : difference.mean > 0 ? "0x238b45"
                                              : "0xd94801");
    least = std::min(least, difference.mean - or_zero(difference.half_width));
    most = std::max(most, difference.mean + or_zero(difference.half_width));
  }
  const double margin = 0.05 * (most - least) + 0.01;
  std::string script = header(picture, 1000, 110 + 20 * static_cast<std::size_t>(-row));
  script += fmt::format(
      "set tmargin 3\nset label '{}' at screen 0.5, graph 1 center offset 0, 1.2\n"
      "set xlabel 'difference of top-1, points (mean, 95 % interval)'\n"
      "set grid xtics lc rgb '#dddddd'\nset key off\nset xrange [{}:{}]\nset yrange [{}.4:-0.4]\nset ytics ({})\n",
      question.title, least - margin, most + margin, row, tics);
  script += "set arrow from first 0, graph 0 to first 0, graph 1 nohead lc rgb '#555555' lw 1.5\n" + lines;
  gnuplot(script + "plot '-' using 1:2:3:4 with xerrorbars pt 7 lw 2 lc rgb variable\n" + data + "e\n", picture);
}

}  // namespace experiments
