// SPDX-License-Identifier: MIT

// Reads finished cells and writes README.md with tables and pictures: experiments_report results.jsonl... --out folder

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <afd/detail/atomic_file.hpp>
#include <afd/error.hpp>
#include <afd/observe/game_health.hpp>

#include "cell.hpp"
#include "report_groups.hpp"
#include "report_pictures.hpp"
#include "report_questions.hpp"
#include "report_tuning.hpp"
#include "results_file.hpp"

namespace {

using namespace experiments;

constexpr const char* introduction = R"(<!-- written by experiments_report -->
# Figures

Accuracies are top-1 in per cent. "last" is after the last epoch, "best" with the weights of the epoch that was best on
validation images: mean ± standard deviation over seeds. Differences are of "last", paired: same seed, so the same
initial weights, images and batches. They are given as mean ± half-width of the 95 % confidence interval by Student's t,
bold where it does not reach 0. With this many of them, one in twenty is bold by chance alone; "p, Holm" is corrected
for all differences of its question. Where a difference is not of one network or of an offline method's student, it is
averaged over the networks that train. "mean of comparisons": averaged over them seed by seed, then as above; seeds are
the sample, the comparisons are not.

)";

std::string with_deviation(const Estimate& estimate) {
  if (estimate.count == 0) return "";
  if (estimate.count == 1) return fmt::format("{:.2f}", estimate.mean);
  return fmt::format("{:.2f} ± {:.2f}", estimate.mean, estimate.deviation);
}

std::string with_interval(const Estimate& estimate) {
  if (estimate.count == 0) return "";
  if (estimate.count == 1) return fmt::format("{:+.2f}", estimate.mean);
  const char* bold = std::abs(estimate.mean) > estimate.half_width ? "**" : "";
  return fmt::format("{}{:+.2f} ± {:.2f}{}", bold, estimate.mean, estimate.half_width, bold);
}

std::string table(const Group& group, std::size_t network) {
  const auto& any = group.methods.begin()->second.begin()->second.networks.at(network);
  std::string text = fmt::format(
      "### Network {}: {}\n{} parameters, {:.2f} million multiply-adds for an image.\n\n| method | seeds | last | best "
      "| over alone | over dml |\n|---|---|---|---|---|---|\n",
      network, group.networks[network], any.parameters, static_cast<double>(any.multiply_adds) / 1e6);
  for (const auto& [method, results] : group.methods) {
    if (!is_trained(method, network)) continue;
    const auto over = [&](const char* base) {
      return method == base ? std::string() : with_interval(contrast(gains(group, method, base, {network})));
    };
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", method, results.size(),
                        with_deviation(estimate(accuracies(group, method, network, When::last))),
                        with_deviation(estimate(accuracies(group, method, network, When::best))), over("alone"),
                        over("dml"));
  }
  return text + "\n";
}

/// What a step of each method takes.
std::string costs(const Group& group) {
  std::string text =
      "### Costs\nOf all networks of a method together. Layers: transfer layers and discriminators, which are dropped "
      "after training. Multiply-adds: of all forwards of a step, for an image; a backward is about twice as many, and "
      "methods with a "
      "feature optimizer have two. Times: medians of seeds; over alone: of the ratios by seed, from the least to the "
      "most. A "
      "step of an offline method trains one network and asks the teacher, whose own training is not in it. In "
      "brackets: from the grid itself, where other cells ran at the same time.\n\n| method | parameters of networks | "
      "of layers | multiply-adds, million | ms per step | over alone |\n|---|---|---|---|---|---|\n";
  for (const auto& [method, results] : group.methods) {
    const Result& any = results.begin()->second;
    std::int64_t parameters = 0;
    for (const NetworkResult& network : any.networks) parameters += network.parameters;
    std::vector<double> seconds;
    for (const auto& [seed, of_seed] : group.seconds_per_step.at(method)) seconds.push_back(of_seed);
    const auto is_timed = [&](const std::string& name) { return group.timed.contains(name); };
    const bool has_ratio = is_timed(method) && is_timed("alone") && !method.ends_with("-offline");
    std::string ratio;
    if (const auto ratios = has_ratio ? step_ratios(group, method, "alone") : std::vector<double>(); !ratios.empty()) {
      ratio = fmt::format("{:.2f} x", median(ratios));
      if (method != "alone") ratio += fmt::format(" ({:.2f} to {:.2f})", ratios.front(), ratios.back());
    }
    const std::string time = fmt::format("{:.1f}", 1e3 * median(seconds));
    text += fmt::format("| {} | {} | {} | {:.2f} | {} | {} |\n", method, parameters, any.edge_parameters,
                        any.step_multiply_adds / 1e6, is_timed(method) ? time : "(" + time + ")", ratio);
  }
  return text + "\n";
}

/// How the games stood in the end, by method and edge.
std::string games(const Group& group) {
  std::string text;
  for (const auto& [method, results] : group.methods) {
    struct Sum {
      double real = 0, fake = 0;
      int saturated = 0, collapsed = 0;
    };
    std::map<std::string, Sum> sums;
    for (const auto& [seed, result] : results) {
      for (const GameResult& game : result.games) {
        if (game.real.empty()) continue;
        const afd::GameHealth last{{}, 0, 0, game.real.back(), game.fake.back()};
        Sum& sum = sums[game.edge];
        sum.real += last.real / static_cast<double>(results.size());
        sum.fake += last.fake / static_cast<double>(results.size());
        sum.saturated += last.is_saturated() ? 1 : 0;
        sum.collapsed += last.is_collapsed() ? 1 : 0;
      }
    }
    for (const auto& [edge, sum] : sums) {
      text += fmt::format("| {} | {} | {:.3f} | {:.3f} | {} | {} | {} |\n", method, edge, sum.real, sum.fake,
                          sum.saturated, sum.collapsed, results.size());
    }
  }
  if (text.empty()) return "";
  return "### Games\nShare of validation maps that discriminators took for what they were after the last epoch, and in "
         "how many seeds they were nearly always right (saturated) or took all for the same (collapsed).\n\n| method | "
         "edge | real | fake | saturated | collapsed | seeds |\n|---|---|---|---|---|---|---|\n" +
         text + "\n";
}

/// How often the discriminators of a cell were right, by epoch.
std::vector<double> mean_of_games(const Result& result) {
  std::vector<double> mean;
  for (const GameResult& game : result.games) {
    mean.resize(game.real.size(), 0.0);
    for (std::size_t i = 0; i < game.real.size(); ++i) {
      mean[i] += (game.real[i] + game.fake[i]) / 2 / static_cast<double>(result.games.size());
    }
  }
  return mean;
}

std::string section(const Group& group, const std::filesystem::path& folder) {
  std::string text = fmt::format("## {}\n`{}`\n\n", group.title, nlohmann::json(group.settings).dump());
  const auto picture = [&](const std::string& name, const char* what, const auto& draw) {
    const std::string file = fmt::format("{}_{}.png", group.file, name);
    draw(folder / file);
    if (std::filesystem::exists(folder / file)) text += fmt::format("![{}]({})\n\n", what, file);
  };
  const bool has_variants = std::any_of(group.methods.begin(), group.methods.end(),
                                        [](const auto& method) { return is_variant(method.first); });
  picture("accuracy", "accuracy by method", [&](const auto& path) { draw_accuracy(group, false, path); });
  if (has_variants) {
    picture("variants", "accuracy of variants", [&](const auto& path) { draw_accuracy(group, true, path); });
  }
  picture("curves", "learning curves", [&](const auto& path) {
    // The last 15 points are what methods differ in; how they got there is cut off.
    double most = 0;
    for (const auto& [method, results] : group.methods) {
      for (const auto& [seed, result] : results) most = std::max(most, result.networks.at(0).validation);
    }
    draw_curves(group, false, path, "network 0 on validation images", "top-1 %",
                fmt::format("set yrange [{:.0f}:{:.0f}]\n", most - 15, most + 1),
                [](const Result& result) { return result.curves.at(0); });
  });
  const auto draw_games = [&](const auto& path, bool variants) {
    draw_curves(group, variants, path, "how often discriminators are right", "share of validation maps",
                "set yrange [0.4:1.02]\n", mean_of_games);
  };
  picture("games", "how often discriminators are right", [&](const auto& path) { draw_games(path, false); });
  if (has_variants) {
    picture("games_of_variants", "the same of variants", [&](const auto& path) { draw_games(path, true); });
  }
  for (std::size_t k = 0; k < group.networks.size(); ++k) text += table(group, k);
  return text + costs(group) + games(group);
}

std::string section(const Question& question, const std::filesystem::path& folder) {
  if (question.contrasts.empty()) return "";
  draw_question(question, folder / question.file);
  std::string text = fmt::format(
      "## {}\n![{}]({})\n\n| comparison | difference | points | p | p, Holm | seeds |\n|---|---|---|---|---|---|\n",
      question.title, question.title, question.file);
  std::vector<double> all;
  for (const auto& [where, what, difference] : question.contrasts) all.push_back(difference.p);
  const std::vector<double> corrected = holm(all);
  const auto number = [](double p) { return std::isnan(p) ? std::string() : fmt::format("{:.3f}", p); };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [where, what, difference] = question.contrasts[i];
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", where, what, with_interval(difference), number(all[i]),
                        number(corrected[i]), difference.count);
  }
  return text + "\n";
}

/// On how many kinds of processor the cells were run.
std::string machines(const std::vector<Result>& results) {
  std::map<std::string, int> counts;
  for (const Result& result : results) ++counts[result.machine];
  std::string text = "| cells | were run on |\n|---|---|\n";
  for (const auto& [machine, count] : counts) text += fmt::format("| {} | {} |\n", count, machine);
  return text + "\n";
}

std::vector<Result> read_all(const std::vector<std::filesystem::path>& files) {
  std::vector<Result> results;
  for (const auto& file : files) {
    if (!std::filesystem::exists(file)) throw afd::FileError(fmt::format("there is no file {}", file.string()));
    for (Result& result : read_results(file)) results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files, time_files;
  std::filesystem::path folder;
  bool is_tuning = false;
  CLI::App app{"Tables and pictures of finished cells."};
  app.add_option("results", files, "results.jsonl of one or more grids")->required();
  app.add_option("--times", time_files, "results.jsonl of cells that were run to be timed");
  app.add_option("--out", folder, "Folder for README.md and pictures")->required();
  app.add_flag("--tuning", is_tuning, "One table of settings and what they do");
  CLI11_PARSE(app, argc, argv);
  try {
    const std::vector<Result> results = read_all(files);
    if (results.empty()) throw afd::DataError("there is no finished cell in these files");
    if (is_tuning) {
      std::filesystem::create_directories(folder);
      afd::detail::write_file_atomically(folder / "README.md",
                                         "<!-- written by experiments_report -->\n# Choice of "
                                         "settings\n\n" +
                                             tuning_table(results));
      return 0;
    }
    const std::vector<Group> groups = grouped(results, read_all(time_files));
    std::filesystem::create_directories(folder);
    std::string text = introduction + machines(results);
    for (const Question& question : questions(groups)) text += section(question, folder);
    for (const Group& group : groups) text += section(group, folder);
    afd::detail::write_file_atomically(folder / "README.md", text);
  } catch (const std::exception& error) {
    fmt::print(stderr, "experiments_report: {}\n", error.what());
    return 1;
  }
}
