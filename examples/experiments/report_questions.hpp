// SPDX-License-Identifier: MIT
#pragma once

// The paper's four questions, and one about the method's parts, each as differences between methods.

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "report_groups.hpp"

namespace experiments {

/// One difference of two methods.
struct Contrast {
  std::string where;  ///< the comparison it is of
  std::string what;
  Estimate difference;
};

struct Question {
  std::string title;
  std::string file;  ///< name of its picture
  std::vector<Contrast> contrasts{};

  void add(std::string where, std::string what, const Estimate& difference) {
    if (difference.count > 0) contrasts.push_back({std::move(where), std::move(what), difference});
  }
};

/// Whether a method is one of the method's parts changed, or a rival's: shown apart from the methods themselves.
[[nodiscard]] inline bool is_variant(const std::string& method) {
  for (const char* changed : {"-T", "-10", "-rate", "-weight", "-patch", "-mlp", "-spectral", "-bce", "-hinge",
                              "-first", "-joint", "-every"}) {
    if (method.find(changed) != std::string::npos) return true;
  }
  return false;
}

namespace report_details {

struct Pair {
  std::string method;
  std::string base;

  [[nodiscard]] std::string title() const { return fmt::format("{} - {}", method, base); }
};

[[nodiscard]] inline std::string short_title(const Group& group) {
  return fmt::format("{}, {}, {} epochs", counted(group.networks), images_title(group.settings), group.settings.epochs);
}

/// Averaged over all networks that train: of an offline method the student.
[[nodiscard]] inline Gains gains(const Group& group, const Pair& pair) {
  std::vector<std::size_t> networks;
  for (std::size_t k = 0; k < group.networks.size(); ++k) {
    if (is_trained(pair.method, k)) networks.push_back(k);
  }
  return experiments::gains(group, pair.method, pair.base, networks);
}

/// Every pair in every comparison, then those that are in several as a mean of them, seed by seed.
inline void add(Question& question, const std::vector<Group>& groups, const std::vector<Pair>& pairs) {
  std::vector<std::vector<Gains>> all(pairs.size());
  for (const Group& group : groups) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const Gains one = gains(group, pairs[i]);
      question.add(short_title(group), pairs[i].title(), contrast(one));
      if (!one.empty()) all[i].push_back(one);
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (all[i].size() < 2) continue;
    question.add("mean of comparisons, by seed", fmt::format("{} ({} comparisons)", pairs[i].title(), all[i].size()),
                 contrast(mean(all[i])));
  }
}

/// How much more the first network gains beside a larger one than beside one like itself, everything else the same.
inline void add_gains_by_peer(Question& question, const std::vector<Group>& pairs) {
  for (const Group& equal : pairs) {
    if (equal.networks[0] != equal.networks[1]) continue;
    for (const Group& other : pairs) {
      if (other.networks[0] != equal.networks[0] || other.networks == equal.networks ||
          nlohmann::json(other.settings) != nlohmann::json(equal.settings)) {
        continue;
      }
      for (const Pair& pair : {Pair{"afd", "alone"}, Pair{"afd", "dml"}}) {
        question.add(fmt::format("{0} beside {1} less {0} beside {0}", equal.networks[0], other.networks[1]),
                     pair.title(),
                     contrast(experiments::gains(other, pair.method, pair.base, {0}),
                              experiments::gains(equal, pair.method, pair.base, {0})));
      }
    }
  }
}

/// How much more a longer training gains, everything else the same.
inline void add_gains_by_length(Question& question, const std::vector<Group>& groups, const std::vector<Pair>& pairs) {
  for (const Group& shorter : groups) {
    for (const Group& longer : groups) {
      Settings settings = shorter.settings;
      settings.epochs = longer.settings.epochs;
      if (longer.networks != shorter.networks || longer.settings.epochs <= shorter.settings.epochs ||
          nlohmann::json(settings) != nlohmann::json(longer.settings)) {
        continue;
      }
      for (const Pair& pair : pairs) {
        question.add(fmt::format("{}, {}, {} epochs less {}", counted(longer.networks), images_title(longer.settings),
                                 longer.settings.epochs, shorter.settings.epochs),
                     pair.title(), contrast(gains(longer, pair), gains(shorter, pair)));
      }
    }
  }
}

/// The method with one part changed, less the method.
[[nodiscard]] inline std::vector<Pair> changed_parts(const Group& group) {
  std::vector<Pair> pairs;
  for (const auto& [method, results] : group.methods) {
    if (!method.starts_with("afd-") || !is_variant(method) || method.find("-maps") != std::string::npos) continue;
    pairs.push_back({method, method == "afd-hinge" ? "afd-spectral" : "afd"});
  }
  pairs.insert(pairs.end(), {{"afd-maps-rate-10", "afd-maps"}, {"dml-T1", "dml"}, {"afd-T1", "dml-T1"}});
  return pairs;
}

}  // namespace report_details

/// Differences are averaged over all networks that train, but for the fourth question: each network by itself.
[[nodiscard]] inline std::vector<Question> questions(const std::vector<Group>& groups) {
  using report_details::add, report_details::Pair, report_details::short_title;
  Question logits{"RQ1: do distributions of feature maps add to logits?", "rq1.png"};
  Question alignment{"RQ2: is adversarial better than direct alignment?", "rq2.png"};
  Question cycle{"RQ3: does the cycle scale to three and four networks?", "rq3.png"};
  Question general{"RQ4: where does it help?", "rq4.png"};
  Question parts{"Parts: what in the method matters?", "parts.png"};
  std::vector<Group> pairs, more;
  for (const Group& group : groups) (group.networks.size() == 2 ? pairs : more).push_back(group);
  add(logits, pairs,
      {{"dml", "alone"},
       {"afd-maps", "alone"},
       {"afd", "alone"},
       {"afd", "dml"},
       {"afd", "afd-maps"},
       {"afd-maps", "afd-maps-weight-0"},
       {"afd", "afd-weight-0"},
       {"afd-weight-0", "dml"},
       {"afd-maps-rate-10", "afd-maps-rate-10-weight-0"},
       {"afd-rate-10", "afd-rate-10-weight-0"},
       {"afd-rate-10", "dml"},
       {"afd-rate-10-weight-0", "dml"}});
  report_details::add_gains_by_length(logits, pairs, {{"dml", "alone"}, {"afd-maps", "alone"}, {"afd", "dml"}});
  add(alignment, pairs,
      {{"l1", "alone"},
       {"l2", "alone"},
       {"at", "alone"},
       {"afd-maps", "l1"},
       {"afd-maps", "l1-10"},
       {"afd-maps", "l2"},
       {"afd-maps", "at"},
       {"afd", "l1-kl"},
       {"afd", "l1-kl-10"},
       {"afd-maps-offline", "l1-offline"},
       {"afd-maps-offline", "l2-offline"},
       {"afd-maps-offline", "at-offline"},
       {"afd-offline", "l1-kl-offline"},
       {"afd-offline", "kd-offline"}});
  add(cycle, more,
      {{"dml", "alone"},
       {"ensemble", "alone"},
       {"ensemble", "dml"},
       {"afd-cycle", "alone"},
       {"afd-cycle-dml", "alone"},
       {"afd-all-pairs", "alone"},
       {"dml-cycle", "alone"},
       {"afd-cycle", "dml"},
       {"afd-cycle", "dml-cycle"},
       {"afd-cycle-dml", "dml"},
       {"afd-cycle-dml", "afd-cycle-dml-weight-0"},
       {"afd-cycle", "ensemble"},
       {"afd-cycle-dml", "ensemble"},
       {"afd-cycle", "afd-all-pairs"},
       {"afd-cycle-dml", "afd-all-pairs"}});
  report_details::add_gains_by_length(cycle, more, {{"dml", "alone"}, {"afd-cycle", "dml"}, {"afd-cycle-dml", "dml"}});
  for (const Group& group : pairs) {
    for (std::size_t k = 0; k < group.networks.size(); ++k) {
      for (const Pair& pair : {Pair{"afd", "alone"}, Pair{"afd", "dml"}}) {
        general.add(short_title(group), fmt::format("{}, network {} ({})", pair.title(), k, group.networks[k]),
                    contrast(gains(group, pair.method, pair.base, {k})));
      }
    }
    add(parts, {group}, report_details::changed_parts(group));
  }
  report_details::add_gains_by_peer(general, pairs);
  return {logits, alignment, cycle, general, parts};
}

}  // namespace experiments
