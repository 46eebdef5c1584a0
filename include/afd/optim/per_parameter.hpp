// SPDX-License-Identifier: MIT
#pragma once

// An optimizer with other rates or decays for some of its parameters, chosen by name or kind.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/glob.hpp>
#include <afd/error.hpp>
#include <afd/optim/adam.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/rule_optimizer.hpp>
#include <afd/optim/rule_table.hpp>
#include <afd/optim/sgd.hpp>

namespace afd {

enum class ParameterKind {
  any,
  vectors,  ///< of one dimension or none: biases, and the scales and shifts of normalisations
  kernels   ///< of two dimensions or more
};

/// What is otherwise for the parameters that it is about.
struct ParameterRule {
  std::string names = "*";  ///< "backbone.*", "*.bias"; * stands for any characters
  ParameterKind kind = ParameterKind::any;
  double rate = 1.0;                                  ///< factor on the learning rate
  std::optional<double> weight_decay = std::nullopt;  ///< in place of the optimizer's
  bool may_be_about_none = false;                     ///< else a rule without a parameter is refused
};

/// A policy that says its numbers as one update rule: Sgd, Adam, AdamW.
template <class O>
concept OptimizerOfOneRule = Optimizer<O> && requires(const O& policy) {
  policy.rule().lr;
  policy.rule().weight_decay;
  policy.handling();
};

/// PerParameter{Sgd{.lr = 0.1}, {{.names = "backbone.*", .rate = 0.1},
///                               {.kind = ParameterKind::vectors, .weight_decay = 0.0}}}
/// Of the rules that are about a parameter all are used: their rates multiply, the last decay counts. Names are those
/// of the network's parameters; layers on an edge are called "edge 0 -> 1, term adversarial/transfer/...". All of it is
/// one optimizer: one pass, one norm that is clipped. `make` throws ConfigError for numbers that cannot be, and for a
/// rule that is about no parameter.
template <OptimizerOfOneRule O = Sgd>
struct PerParameter {
  O optimizer = {};
  std::vector<ParameterRule> rules = {};

  [[nodiscard]] std::int64_t steps_per_update() const { return detail::steps_per_update(optimizer); }
  [[nodiscard]] auto make(std::vector<torch::Tensor> parameters, std::span<const std::string> names) const {
    using Rule = decltype(optimizer.rule());
    const std::vector<std::vector<std::size_t>> about = rules_of(parameters, names);
    // Parameters of the same rules are one group; the first is of those that no rule is about.
    std::vector<Rule> groups{optimizer.rule()};
    std::map<std::vector<std::size_t>, std::size_t> known{{{}, 0}};
    std::vector<std::size_t> group_of;
    for (const std::vector<std::size_t>& mine : about) {
      const auto [group, is_new] = known.emplace(mine, groups.size());
      if (is_new) groups.push_back(changed(optimizer.rule(), mine));
      group_of.push_back(group->second);
    }
    return detail::RuleOptimizer<Rule>(
        std::move(parameters), detail::RuleTable<Rule>(std::move(groups), std::move(group_of)), optimizer.handling());
  }

 private:
  template <class Rule>
  [[nodiscard]] Rule changed(Rule rule, const std::vector<std::size_t>& by) const {
    for (const std::size_t r : by) {
      rule.lr *= rules[r].rate;
      if (rules[r].weight_decay) rule.weight_decay = *rules[r].weight_decay;
    }
    return rule;
  }

  /// Which rules are about each parameter.
  [[nodiscard]] std::vector<std::vector<std::size_t>> rules_of(const std::vector<torch::Tensor>& parameters,
                                                               std::span<const std::string> names) const {
    std::vector<std::vector<std::size_t>> all(parameters.size());
    for (std::size_t r = 0; r < rules.size(); ++r) {
      const ParameterRule& rule = rules[r];
      if (!(rule.rate > 0) || (rule.weight_decay && !(*rule.weight_decay >= 0))) {
        throw ConfigError(detail::concat("the rule for parameters \"", rule.names, "\" needs a rate above 0 and a ",
                                         "weight_decay of at least 0; freeze parameters with requires_grad_(false)"));
      }
      bool found = false;
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const bool is_vector = parameters[i].dim() < 2;
        if (rule.kind != ParameterKind::any && is_vector != (rule.kind == ParameterKind::vectors)) continue;
        if (!detail::matches(rule.names, names[i])) continue;
        all[i].push_back(r);
        found = true;
      }
      if (found || rule.may_be_about_none || parameters.empty()) continue;
      throw ConfigError(
          detail::concat("no parameter is one of the rule for \"", rule.names, "\"",
                         rule.kind == ParameterKind::any ? "" : " of its kind", "; the first is called ", names.front(),
                         "; mend the name, leave the rule out, or, where all that it is about may be frozen, say ",
                         ".may_be_about_none = true"));
    }
    return all;
  }
};

template <class O>
PerParameter(O) -> PerParameter<O>;
template <class O>
PerParameter(O, std::vector<ParameterRule>) -> PerParameter<O>;

static_assert(Optimizer<PerParameter<Sgd>> && OptimizerReadsNames<PerParameter<Adam>>);

}  // namespace afd
