// SPDX-License-Identifier: MIT
#pragma once

// The paper's four questions, each as differences between methods.

#include <cmath>
#include <cstddef>
#include <string>
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
  std::vector<Contrast> contrasts;
};

namespace report_details {

struct Pair {
  const char* method;
  const char* base;
};

inline void add(Question& question, const Group& group, const std::vector<Pair>& pairs,
                const std::vector<std::size_t>& networks, const std::string& of) {
  for (const auto& [method, base] : pairs) {
    const Estimate difference = contrast(group, method, base, networks);
    if (difference.count == 0) continue;
    question.contrasts.push_back({fmt::format("{} - {}: {}", method, base, of), difference});
  }
}

[[nodiscard]] inline std::string short_title(const Group& group) {
  return fmt::format("{}, {} images, {} epochs", joined(group.networks), group.settings.images, group.settings.epochs);
}

}  // namespace report_details

/// Differences are averaged over all networks that train, except for offline methods (the student) and the last
/// question (each network by itself).
[[nodiscard]] inline std::vector<Question> questions(const std::vector<Group>& groups) {
  using report_details::add, report_details::short_title;
  Question logits{"RQ1: do distributions of feature maps add to logits?", "rq1.png", {}};
  Question alignment{"RQ2: is adversarial better than direct alignment?", "rq2.png", {}};
  Question cycle{"RQ3: does the cycle scale to three and four networks?", "rq3.png", {}};
  Question general{"RQ4: where does it help?", "rq4.png", {}};
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
           {"afd", "afd-weight-0"}},
          all, title);
      add(alignment, group, {{"afd-maps", "l1"}, {"afd-maps", "l2"}, {"afd-maps", "at"}, {"afd", "l1-kl"}}, all, title);
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
    } else {
      add(cycle, group,
          {{"dml", "alone"},
           {"ensemble", "alone"},
           {"afd-cycle", "alone"},
           {"afd-cycle-dml", "alone"},
           {"afd-all-pairs", "alone"},
           {"afd-cycle", "dml"},
           {"afd-cycle-dml", "dml"},
           {"afd-cycle", "ensemble"},
           {"afd-cycle", "afd-all-pairs"},
           {"afd-cycle-dml", "afd-all-pairs"}},
          all, title);
    }
  }
  return {logits, alignment, cycle, general};
}

}  // namespace experiments
