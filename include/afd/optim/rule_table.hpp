// SPDX-License-Identifier: MIT
#pragma once

// Which update rule each parameter of an optimizer has: one for all, or one for each group of them. Torch-free.

#include <cstddef>
#include <utility>
#include <vector>

namespace afd::detail {

/// Groups differ in numbers, rates and decays, not in what the rule computes.
template <class Rule>
class RuleTable {
 public:
  /// One rule for all parameters.
  RuleTable(const Rule& rule) : rules_{rule} {}  // NOLINT(google-explicit-constructor): an optimizer of one rule

  /// `group_of[i]`: the place in `rules` of parameter i's.
  RuleTable(std::vector<Rule> rules, std::vector<std::size_t> group_of)
      : rules_(std::move(rules)), group_of_(std::move(group_of)) {}

  [[nodiscard]] std::size_t group_of(std::size_t parameter) const {
    return group_of_.empty() ? 0 : group_of_[parameter];
  }
  [[nodiscard]] const Rule& operator[](std::size_t parameter) const { return rules_[group_of(parameter)]; }

  /// That of parameters which no group says anything else of.
  [[nodiscard]] const Rule& base() const { return rules_.front(); }

 private:
  std::vector<Rule> rules_;
  std::vector<std::size_t> group_of_;
};

}  // namespace afd::detail
