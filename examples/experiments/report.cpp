// SPDX-License-Identifier: MIT

// Reads finished cells and writes README.md with tables and pictures: experiments_report results.jsonl... --out folder

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <afd/detail/atomic_file.hpp>
#include <afd/error.hpp>

#include "cell.hpp"
#include "results_file.hpp"
#include "statistics.hpp"

namespace {

using namespace experiments;

/// The results of one comparison: same networks, same settings; by method, then by seed.
struct Group {
  std::string title;
  std::string file;  ///< stem of its pictures
  Settings settings;
  std::vector<std::string> networks;
  std::map<std::string, std::map<std::uint64_t, Result>> methods;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " + ") + name;
  return text;
}

std::vector<Group> grouped(const std::vector<Result>& results) {
  std::map<std::string, Group> groups;
  for (const Result& result : results) {
    const std::string key = nlohmann::json(result.settings).dump() + joined(result.cell.networks);
    Group& group = groups[key];
    if (group.methods.empty()) {
      group.settings = result.settings;
      group.networks = result.cell.networks;
      const std::string images =
          result.settings.images > 0 ? fmt::format("{} images", result.settings.images) : "all images";
      group.title = fmt::format("{}, {}, {}", joined(group.networks), result.settings.data, images);
      group.file = fmt::format("group{}", groups.size());
    }
    group.methods[result.cell.method].insert_or_assign(result.cell.seed, result);
  }
  std::vector<Group> sorted;
  for (auto& [key, group] : groups) sorted.push_back(std::move(group));
  return sorted;
}

/// Which of a network's figures; by seed.
using Value = double (*)(const NetworkResult&);
double last_of(const NetworkResult& network) {
  return network.last;
}
double best_of(const NetworkResult& network) {
  return network.best;
}

std::vector<double> values(const Group& group, const std::string& method, std::size_t network, Value value) {
  std::vector<double> all;
  const auto found = group.methods.find(method);
  if (found == group.methods.end()) return all;
  for (const auto& [seed, result] : found->second) all.push_back(value(result.networks.at(network)));
  return all;
}

/// Of the seeds that both methods have.
Estimate difference(const Group& group, const std::string& method, const std::string& base, std::size_t network) {
  std::vector<double> a, b;
  const auto ours = group.methods.find(method), theirs = group.methods.find(base);
  if (ours != group.methods.end() && theirs != group.methods.end()) {
    for (const auto& [seed, result] : ours->second) {
      const auto same = theirs->second.find(seed);
      if (same == theirs->second.end()) continue;
      a.push_back(result.networks.at(network).last);
      b.push_back(same->second.networks.at(network).last);
    }
  }
  return paired_difference(a, b);
}

std::string with_deviation(const Estimate& estimate) {
  if (estimate.count == 0) return "";
  if (estimate.count == 1) return fmt::format("{:.2f}", estimate.mean);
  return fmt::format("{:.2f} ± {:.2f}", estimate.mean, estimate.deviation);
}

std::string with_interval(const Estimate& estimate) {
  if (estimate.count == 0) return "";
  if (estimate.count == 1) return fmt::format("{:+.2f}", estimate.mean);
  const bool is_clear = std::abs(estimate.mean) > estimate.half_width;
  return fmt::format("{}{:+.2f} ± {:.2f}{}", is_clear ? "**" : "", estimate.mean, estimate.half_width,
                     is_clear ? "**" : "");
}

/// Whether this method trains that network; an offline teacher stays as it is.
bool is_trained(const std::string& method, std::size_t network) {
  return network == 0 || !method.ends_with("-offline");
}

std::string table(const Group& group, std::size_t network) {
  const auto& any = group.methods.begin()->second.begin()->second.networks.at(network);
  std::string text = fmt::format(
      "### Network {}: {}\n{} parameters, {:.1f} million multiply-adds.\n\n| method | seeds | last | best | over alone "
      "| "
      "over dml | ms per step |\n|---|---|---|---|---|---|---|\n",
      network, group.networks[network], any.parameters, static_cast<double>(any.multiply_adds) / 1e6);
  for (const auto& [method, results] : group.methods) {
    if (!is_trained(method, network)) continue;
    std::vector<double> milliseconds;
    for (const auto& [seed, result] : results) milliseconds.push_back(1e3 * result.seconds_per_step);
    const auto over = [&](const char* base) {
      return method == base ? std::string() : with_interval(difference(group, method, base, network));
    };
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {:.1f} |\n", method, results.size(),
                        with_deviation(estimate(values(group, method, network, last_of))),
                        with_deviation(estimate(values(group, method, network, best_of))), over("alone"), over("dml"),
                        estimate(milliseconds).mean);
  }
  return text + "\n";
}

/// Edges whose discriminator was nearly always, or never, right at the end, in how many seeds.
std::string health(const Group& group) {
  std::string text;
  for (const auto& [method, results] : group.methods) {
    std::map<std::string, int> saturated;
    for (const auto& [seed, result] : results) {
      for (const GameResult& game : result.games) {
        if (!game.real.empty() && game.real.back() > 0.98 && game.fake.back() > 0.98) ++saturated[game.edge];
      }
    }
    for (const auto& [edge, count] : saturated) {
      text += fmt::format("- {}: the discriminator of {} was nearly always right in the end in {} of {} seeds\n",
                          method, edge, count, results.size());
    }
  }
  return text.empty() ? "" : "Games that were won by a discriminator:\n\n" + text + "\n";
}

void gnuplot(const std::string& script, const std::filesystem::path& picture) {
  std::FILE* pipe = ::popen("gnuplot", "w");
  if (pipe == nullptr) throw afd::FileError("cannot start gnuplot");
  std::fwrite(script.data(), 1, script.size(), pipe);
  if (::pclose(pipe) != 0) {
    throw afd::FileError(fmt::format("gnuplot did not draw {} (is gnuplot-nox installed?)", picture.string()));
  }
}

std::string header(const std::filesystem::path& picture, int width, int height) {
  return fmt::format(
      "set encoding utf8\nset term pngcairo size {},{} font 'sans,11' noenhanced\nset output '{}'\n"
      "set grid ytics lc rgb '#dddddd'\nset border 3\nset tics nomirror\n",
      width, height, picture.string());
}

/// Last test accuracy by method: mean and 95 % interval of the mean, each network in a colour of its own.
void draw_accuracy(const Group& group, const std::filesystem::path& picture) {
  std::string script = header(picture, 1100, 560), plots, data;
  script +=
      fmt::format("set title '{}: last test accuracy (mean, 95 % interval)'\nset ylabel 'top-1 %'\n", group.title) +
      "set key outside right\nset offsets 0.5, 0.5, graph 0.05, graph 0.05\nset xtics rotate by -35 (";
  std::size_t place = 0;
  for (const auto& [method, results] : group.methods) {
    script += fmt::format("{}'{}' {}", place == 0 ? "" : ", ", method, place);
    ++place;
  }
  script += ")\n";
  const std::vector<std::string> colours{"#08519c", "#d94801", "#238b45", "#6a51a3"};
  for (std::size_t k = 0; k < group.networks.size(); ++k) {
    plots += fmt::format("{}'-' using 1:2:3 with yerrorbars pt 7 lw 2 lc rgb '{}' title 'network {}: {}'",
                         k == 0 ? "plot " : ", ", colours[k % colours.size()], k, group.networks[k]);
    place = 0;
    for (const auto& [method, results] : group.methods) {
      const Estimate last = estimate(values(group, method, k, last_of));
      if (is_trained(method, k)) {
        data += fmt::format("{} {} {}\n", static_cast<double>(place) + 0.12 * static_cast<double>(k), last.mean,
                            std::isnan(last.half_width) ? 0 : last.half_width);
      }
      ++place;
    }
    data += "e\n";
  }
  gnuplot(script + plots + "\n" + data, picture);
}

/// A curve per method, averaged over seeds, of whatever `series` takes from a result.
template <class Series>
void draw_curves(const Group& group, const std::filesystem::path& picture, const std::string& title,
                 const std::string& ylabel, const Series& series) {
  std::string script = header(picture, 1000, 560), plots, data;
  script += fmt::format("set title '{}: {}'\nset xlabel 'epoch'\nset ylabel '{}'\nset key outside right\n", group.title,
                        title, ylabel);
  for (const auto& [method, results] : group.methods) {
    std::vector<double> sums;
    for (const auto& [seed, result] : results) {
      const std::vector<double> one = series(result);
      sums.resize(std::max(sums.size(), one.size()), 0.0);
      for (std::size_t i = 0; i < one.size(); ++i) sums[i] += one[i] / static_cast<double>(results.size());
    }
    if (sums.empty()) continue;
    plots += fmt::format("{}'-' using 1:2 with lines lw 2 title '{}'", plots.empty() ? "plot " : ", ", method);
    for (std::size_t i = 0; i < sums.size(); ++i) data += fmt::format("{} {}\n", i + 1, sums[i]);
    data += "e\n";
  }
  if (!plots.empty()) gnuplot(script + plots + "\n" + data, picture);
}

std::string section(const Group& group, const std::filesystem::path& folder) {
  draw_accuracy(group, folder / (group.file + "_accuracy.png"));
  draw_curves(group, folder / (group.file + "_curves.png"), "network 0 on validation images", "top-1 %",
              [](const Result& result) { return result.curves.at(0); });
  const bool has_games = std::any_of(group.methods.begin(), group.methods.end(),
                                     [](const auto& method) { return !method.second.begin()->second.games.empty(); });
  if (has_games) {
    draw_curves(group, folder / (group.file + "_games.png"), "how often discriminators are right",
                "share of validation maps", [](const Result& result) {
                  std::vector<double> mean;
                  for (const GameResult& game : result.games) {
                    mean.resize(game.real.size(), 0.0);
                    for (std::size_t i = 0; i < game.real.size(); ++i) {
                      mean[i] += (game.real[i] + game.fake[i]) / 2 / static_cast<double>(result.games.size());
                    }
                  }
                  return mean;
                });
  }
  std::string text = fmt::format("## {}\n", group.title);
  text += fmt::format("`{}`\n\n![accuracy by method]({}_accuracy.png)\n\n", nlohmann::json(group.settings).dump(),
                      group.file);
  for (std::size_t k = 0; k < group.networks.size(); ++k) text += table(group, k);
  text += fmt::format("![learning curves]({}_curves.png)\n\n", group.file);
  if (has_games) text += fmt::format("![discriminators]({}_games.png)\n\n", group.file) + health(group);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  std::filesystem::path folder;
  CLI::App app{"Tables and pictures of finished cells."};
  app.add_option("results", files, "results.jsonl of one or more grids")->required();
  app.add_option("--out", folder, "Folder for README.md and pictures")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    std::vector<Result> results;
    for (const auto& file : files) {
      for (Result& result : read_results(file)) results.push_back(std::move(result));
    }
    if (results.empty()) throw afd::DataError("there is no finished cell in these files");
    std::filesystem::create_directories(folder);
    std::string text =
        "<!-- written by experiments_report -->\n# Figures\n\nTest accuracy, top-1 %. \"last\" is after the last "
        "epoch, "
        "\"best\" with the weights of the epoch that was best on validation images: mean ± standard deviation over "
        "seeds. "
        "\"over\" is the paired difference of \"last\", same seed, initial weights and batches: mean ± half-width of "
        "its "
        "95 % confidence interval (Student's t), bold where it does not reach 0; with this many comparisons one in "
        "twenty "
        "is bold by chance.\n\n";
    for (const Group& group : grouped(results)) text += section(group, folder);
    afd::detail::write_file_atomically(folder / "README.md", text);
  } catch (const std::exception& error) {
    fmt::print(stderr, "experiments_report: {}\n", error.what());
    return 1;
  }
}
