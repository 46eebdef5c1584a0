// SPDX-License-Identifier: MIT
#pragma once

// Finished cells, sorted into comparisons.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <afd/study/estimate.hpp>

#include "cell.hpp"

namespace experiments {

using afd::Estimate, afd::estimate, afd::holm;

/// One comparison: same networks, same settings; by method, then by seed.
struct Group {
  std::string title;
  std::string file;  ///< how the names of its pictures begin
  Settings settings;
  std::vector<std::string> networks;
  std::map<std::string, std::map<std::uint64_t, Result>> methods;
  std::map<std::string, std::map<std::uint64_t, double>> seconds_per_step;  ///< by method, then by seed
  std::set<std::string> timed;  ///< methods whose cells were run to be timed
};

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

namespace report_details {

[[nodiscard]] inline std::string key_of(const Result& result) {
  return nlohmann::json(result.settings).dump() + joined(result.cell.networks);
}

/// "2 x resnet8 + wrn10-2"
[[nodiscard]] inline std::string counted(const std::vector<std::string>& networks) {
  std::string text;
  for (std::size_t k = 0, end = 0; k < networks.size(); k = end) {
    while (end < networks.size() && networks[end] == networks[k]) ++end;
    if (k > 0) text += " + ";
    text += end - k > 1 ? fmt::format("{} x {}", end - k, networks[k]) : networks[k];
  }
  return text;
}

[[nodiscard]] inline std::string images_title(const Settings& settings) {
  return settings.images > 0 ? fmt::format("{} images", settings.images) : "all images";
}

[[nodiscard]] inline Group empty_group(const Result& result) {
  Group group;
  group.settings = result.settings;
  group.networks = result.cell.networks;
  group.title = fmt::format("{}, {}, {}, {} epochs", counted(group.networks), result.settings.data,
                            images_title(result.settings), result.settings.epochs);
  group.file = fmt::format("{}_{}_{}", joined(group.networks), result.settings.images, result.settings.epochs);
  std::replace(group.file.begin(), group.file.end(), '+', '_');
  return group;
}

/// Whether a step of one takes as long as a step of the other.
[[nodiscard]] inline bool same_steps(const Settings& a, const Settings& b) {
  return a.data == b.data && a.batch == b.batch && a.stem_stride == b.stem_stride && a.threads == b.threads &&
         a.image_side == b.image_side;
}

}  // namespace report_details

/// Comparisons in order of their first result. `times`: cells that were run to be timed, with nothing else on the
/// machine; where one of the same networks and method is there, it says how long a step takes.
[[nodiscard]] inline std::vector<Group> grouped(const std::vector<Result>& results, const std::vector<Result>& times) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> places;
  for (const Result& result : results) {
    const auto [place, is_new] = places.try_emplace(report_details::key_of(result), groups.size());
    if (is_new) groups.push_back(report_details::empty_group(result));
    groups[place->second].methods[result.cell.method].insert_or_assign(result.cell.seed, result);
  }
  for (Group& group : groups) {
    for (const auto& [method, of_seeds] : group.methods) {
      std::map<std::uint64_t, double>& seconds = group.seconds_per_step[method];
      for (const Result& timed : times) {
        if (timed.cell.method == method && timed.cell.networks == group.networks &&
            report_details::same_steps(timed.settings, group.settings)) {
          seconds.insert_or_assign(timed.cell.seed, timed.seconds_per_step);
        }
      }
      if (!seconds.empty()) {
        group.timed.insert(method);
      } else {
        for (const auto& [seed, result] : of_seeds) seconds.insert_or_assign(seed, result.seconds_per_step);
      }
    }
  }
  return groups;
}

/// How many times longer a step of `method` takes than one of `base`, by seed, of those that both have, rising.
[[nodiscard]] inline std::vector<double> step_ratios(const Group& group, const std::string& method,
                                                     const std::string& base) {
  std::vector<double> ratios;
  const auto& theirs = group.seconds_per_step.at(base);
  for (const auto& [seed, seconds] : group.seconds_per_step.at(method)) {
    if (const auto same = theirs.find(seed); same != theirs.end()) ratios.push_back(seconds / same->second);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios;
}

/// Whether this method trains that network; an offline teacher stays as it is.
[[nodiscard]] inline bool is_trained(const std::string& method, std::size_t network) {
  return network == 0 || !method.ends_with("-offline");
}

/// Accuracy after the last epoch, or with the weights of the epoch that was best on validation images.
enum class When { last, best };

[[nodiscard]] inline double accuracy(const Result& result, std::size_t network, When when) {
  const NetworkResult& of = result.networks.at(network);
  return when == When::last ? of.last : of.best;
}

/// One value per seed.
[[nodiscard]] inline std::vector<double> accuracies(const Group& group, const std::string& method, std::size_t network,
                                                    When when) {
  std::vector<double> all;
  const auto found = group.methods.find(method);
  if (found == group.methods.end()) return all;
  for (const auto& [seed, result] : found->second) all.push_back(accuracy(result, network, when));
  return all;
}

/// Last accuracy of `method` less that of `base`, averaged over `networks`, by seed.
using Gains = std::map<std::uint64_t, double>;
[[nodiscard]] inline Gains gains(const Group& group, const std::string& method, const std::string& base,
                                 const std::vector<std::size_t>& networks) {
  Gains all;
  const auto ours = group.methods.find(method), theirs = group.methods.find(base);
  if (ours == group.methods.end() || theirs == group.methods.end()) return all;
  for (const auto& [seed, result] : ours->second) {
    const auto same = theirs->second.find(seed);
    if (same == theirs->second.end()) continue;
    for (const std::size_t k : networks) {
      all[seed] += (accuracy(result, k, When::last) - accuracy(same->second, k, When::last)) /
                   static_cast<double>(networks.size());
    }
  }
  return all;
}

[[nodiscard]] inline Estimate contrast(const Gains& gains) {
  std::vector<double> all;
  for (const auto& [seed, gain] : gains) all.push_back(gain);
  return estimate(all);
}

/// Mean of several comparisons, of the seeds that all have.
[[nodiscard]] inline Gains mean(const std::vector<Gains>& comparisons) {
  Gains all;
  for (const auto& [seed, gain] : comparisons.at(0)) {
    double sum = 0;
    std::size_t count = 0;
    for (const Gains& one : comparisons) {
      if (const auto same = one.find(seed); same != one.end()) {
        sum += same->second;
        ++count;
      }
    }
    if (count == comparisons.size()) all[seed] = sum / static_cast<double>(count);
  }
  return all;
}

/// How much larger the gains of `a` are, of the seeds that both have.
[[nodiscard]] inline Estimate contrast(const Gains& a, const Gains& b) {
  std::vector<double> all;
  for (const auto& [seed, gain] : a) {
    if (const auto same = b.find(seed); same != b.end()) all.push_back(gain - same->second);
  }
  return estimate(all);
}

}  // namespace experiments
