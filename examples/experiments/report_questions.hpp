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
#include "statistics.hpp"

namespace experiments {

/// One difference of two methods in one comparison.
struct Contrast {
  std::string what;
  Estimate difference;
};

struct Question {
  std::string title;
  std::string file;  ///< name of its picture
  std::vector<Contrast> contrasts{};

  void add(std::string what, const Estimate& difference) {
    if (difference.count > 0) contrasts.push_back({std::move(what), difference});
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
  const char* method;
  const char* base;
};

inline void add(Question& question, const Group& group, const std::vector<Pair>& pairs,
                const std::vector<std::size_t>& networks, const std::string& of) {
  for (const auto& [method, base] : pairs) {
    question.add(fmt::format("{} - {}: {}", method, base, of), contrast(gains(group, method, base, networks)));
  }
}

[[nodiscard]] inline std::string short_title(const Group& group) {
  return fmt::format("{}, {} images, {} epochs", joined(group.networks), group.settings.images, group.settings.epochs);
}

/// How much more the first network gains beside a larger one than beside one like itself, everything else the same.
inline void add_gains_by_peer(Question& question, const std::vector<Group>& groups) {
  for (const Group& equal : groups) {
    if (equal.networks.size() != 2 || equal.networks[0] != equal.networks[1]) continue;
    for (const Group& other : groups) {
      if (other.networks.size() != 2 || other.networks[0] != equal.networks[0] || other.networks == equal.networks ||
          nlohmann::json(other.settings) != nlohmann::json(equal.settings)) {
        continue;
      }
      for (const auto& [method, base] : {Pair{"afd", "alone"}, Pair{"afd", "dml"}}) {
        question.add(fmt::format("{} - {} of {}: beside {} less beside another {}", method, base, equal.networks[0],
                                 other.networks[1], equal.networks[0]),
                     contrast(gains(other, method, base, {0}), gains(equal, method, base, {0})));
      }
    }
  }
}

}  // namespace report_details

/// Differences are averaged over all networks that train, except for offline methods (the student) and the fourth
/// question (each network by itself).
[[nodiscard]] inline std::vector<Question> questions(const std::vector<Group>& groups) {
  using report_details::add, report_details::short_title;
  Question logits{"RQ1: do distributions of feature maps add to logits?", "rq1.png"};
  Question alignment{"RQ2: is adversarial better than direct alignment?", "rq2.png"};
  Question cycle{"RQ3: does the cycle scale to three and four networks?", "rq3.png"};
  Question general{"RQ4: where does it help?", "rq4.png"};
  Question parts{"Parts: what in the method matters?", "parts.png"};
  for (const Group& group : groups) {
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k < group.networks.size(); ++k) all.push_back(k);
    const std::string title = short_title(group);
    if (all.size() == 2) {
      add(logits, group,
          {{"dml", "alone"},
           {"afd-maps", "alone"},
           {"afd", "alone"},
           {"afd", "dml"},
           {"afd", "afd-maps"},
           {"afd-maps", "afd-maps-weight-0"},
           {"afd", "afd-weight-0"},
           {"afd-maps-rate-10", "afd-maps-rate-10-weight-0"},
           {"afd-rate-10", "afd-rate-10-weight-0"},
           {"afd-rate-10", "dml"}},
          all, title);
      add(alignment, group,
          {{"afd-maps", "l1"},
           {"afd-maps", "l1-10"},
           {"afd-maps", "l2"},
           {"afd-maps", "at"},
           {"afd", "l1-kl"},
           {"afd", "l1-kl-10"}},
          all, title);
      add(alignment, group,
          {{"afd-maps-offline", "l1-offline"},
           {"afd-maps-offline", "l2-offline"},
           {"afd-maps-offline", "at-offline"},
           {"afd-offline", "l1-kl-offline"},
           {"afd-offline", "kd-offline"}},
          {0}, title);
      for (const std::size_t k : all) {
        add(general, group, {{"afd", "alone"}, {"afd", "dml"}}, {k}, fmt::format("network {} of {}", k, title));
      }
      for (const auto& [method, results] : group.methods) {
        if (!method.starts_with("afd-") || !is_variant(method) || method.find("-maps") != std::string::npos) continue;
        add(parts, group, {{method.c_str(), method == "afd-hinge" ? "afd-spectral" : "afd"}}, all, title);
      }
      add(parts, group, {{"afd-maps-rate-10", "afd-maps"}, {"dml-T1", "dml"}, {"afd-T1", "dml-T1"}}, all, title);
    } else {
      add(cycle, group,
          {{"dml", "alone"},
           {"ensemble", "alone"},
           {"afd-cycle", "alone"},
           {"afd-cycle-dml", "alone"},
           {"afd-all-pairs", "alone"},
           {"afd-cycle", "dml"},
           {"afd-cycle-dml", "dml"},
           {"afd-cycle-dml", "afd-cycle-dml-weight-0"},
           {"afd-cycle", "ensemble"},
           {"afd-cycle-dml", "ensemble"},
           {"afd-cycle", "afd-all-pairs"},
           {"afd-cycle-dml", "afd-all-pairs"}},
          all, title);
    }
  }
  report_details::add_gains_by_peer(general, groups);
  return {logits, alignment, cycle, general, parts};
}

}  // namespace experiments
