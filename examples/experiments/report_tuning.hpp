// SPDX-License-Identifier: MIT
#pragma once

// One table of what settings do on validation images.

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cell.hpp"
#include "report_groups.hpp"

namespace experiments {

/// A line for each method and settings: accuracy after the last epoch, averaged over the networks that train, mean ±
/// standard deviation over seeds. Of the settings only those that the method was tried with more than one of are named.
[[nodiscard]] inline std::string tuning_table(const std::vector<Result>& results) {
  const auto method_of = [](const Result& result) {
    return fmt::format("| {} | {} |", joined(result.cell.networks), result.cell.method);
  };
  std::map<std::string, std::map<std::string, std::set<std::string>>> seen;
  for (const Result& result : results) {
    const nlohmann::json all = result.settings;
    for (const auto& [name, value] : all.items()) seen[method_of(result)][name].insert(value.dump());
  }
  std::map<std::string, std::vector<double>> accuracies;
  for (const Result& result : results) {
    std::string settings;
    const nlohmann::json all = result.settings;
    for (const auto& [name, value] : all.items()) {
      if (seen[method_of(result)][name].size() > 1)
        settings += fmt::format("{}{} {}", settings.empty() ? "" : ", ", name, value.dump());
    }
    double sum = 0, trained = 0;
    for (std::size_t k = 0; k < result.networks.size(); ++k) {
      if (!is_trained(result.cell.method, k)) continue;
      sum += result.networks[k].last;
      trained += 1;
    }
    accuracies[fmt::format("{} {} |", method_of(result), settings)].push_back(sum / trained);
  }
  std::string text = "| networks | method | settings | validation top-1 % | seeds |\n|---|---|---|---|---|\n";
  for (const auto& [line, values] : accuracies) {
    const Estimate mean = estimate(values);
    text += fmt::format("{} {:.2f} ± {:.2f} | {} |\n", line, mean.mean, mean.deviation, mean.count);
  }
  return text;
}

}  // namespace experiments
