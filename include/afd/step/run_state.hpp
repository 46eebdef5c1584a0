// SPDX-License-Identifier: MIT
#pragma once

// The state of a distillation: all that a step reads and changes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/network/module_state.hpp>
#include <afd/network/network.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>

namespace afd::detail {

/// A module of a run and how its keys begin.
struct NamedModule {
  std::string prefix;
  torch::nn::Module* module;
};

/// Networks, then transfer layers and discriminators, in the order of Cohort::edge_modules().
template <class Plan, class Cohort>
[[nodiscard]] std::vector<NamedModule> modules_of_run(const typename Plan::Networks& networks, Cohort& cohort) {
  std::vector<NamedModule> all;
  for_each_index<Plan::network_count>(
      [&](auto k) { all.push_back({concat("network ", k.value, '/'), &module_of(std::get<k>(networks))}); });
  std::size_t next = 0;
  for_each_index<Plan::term_count>([&](auto t) {
    using Term = typename Plan::template Term<t>;
    if constexpr (TermMakesEdge<Term>) {
      for (const Edge& edge : Plan::template TermTopology<t>::edges) {
        const std::string place = concat("edge ", edge.teacher, " -> ", edge.student, ", term ", t.value, '/');
        all.push_back({place + "transfer/", cohort.edge_modules()[next++].get()});
        if constexpr (AdversarialTerm<Term>) {
          all.push_back({place + "discriminator/", cohort.edge_modules()[next++].get()});
        }
      }
    }
  });
  return all;
}

/// Adds "optimizer/" and so on to what an optimizer names.
template <StateVisitor V>
class PrefixedVisitor {
 public:
  PrefixedVisitor(std::string prefix, V& visitor) : prefix_(std::move(prefix)), visitor_(visitor) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) { visitor_.tensor(prefix_ + key, tensor); }
  void optional(const std::string& key, torch::Tensor& tensor, const torch::Tensor& like) {
    visitor_.optional(prefix_ + key, tensor, like);
  }
  void integer(const std::string& key, std::int64_t& number) { visitor_.integer(prefix_ + key, number); }
  void real(const std::string& key, double& number) { visitor_.real(prefix_ + key, number); }
  void same(const std::string& key, std::int64_t number) { visitor_.same(prefix_ + key, number); }
  template <class Text>
  void text(const std::string& key, const Text& text, const StageText& stage) {
    visitor_.text(prefix_ + key, text, stage);
  }

 private:
  std::string prefix_;
  V& visitor_;
};

/// Fails to compile with one sentence for an optimizer that cannot be saved.
template <class State>
consteval bool require_optimizer_state() {
  static_assert(OptimizerHasState<State>,
                "afd: a run is saved with its optimizers, but this one lacks visit_state(names, visitor); see "
                "afd/optim/optimizer.hpp");
  return true;
}

/// Names every part of a run to a visitor.
template <class Plan, class Cohort, StateVisitor V>
void visit_run(const typename Plan::Networks& networks, Cohort& cohort, V& visitor) {
  std::unordered_map<const void*, std::string> names;
  for (const auto& [prefix, module] : modules_of_run<Plan>(networks, cohort)) {
    visit_module(*module, prefix, visitor);
    for (const auto& item : module->named_parameters()) {
      names.emplace(item.value().unsafeGetTensorImpl(), prefix + item.key());
    }
  }
  const auto visit_optimizer = [&](const std::string& prefix, auto& state, const std::vector<torch::Tensor>& of) {
    static_assert(require_optimizer_state<std::remove_reference_t<decltype(state)>>());
    std::vector<std::string> own;
    for (const torch::Tensor& parameter : of) own.push_back(names.at(parameter.unsafeGetTensorImpl()));
    PrefixedVisitor<V> prefixed(prefix, visitor);
    state.visit_state(own, prefixed);
  };
  for (std::size_t k = 0; k < Plan::network_count; ++k) {
    if constexpr (Cohort::has_logit) {
      if (cohort.has_logit_optimizer(k)) {
        visit_optimizer(concat("logit optimizer ", k, '/'), cohort.logit_optimizer(k), cohort.parameters(k));
      }
    }
    if constexpr (Cohort::has_feature) {
      if (Plan::trains(k, Level::feature)) {
        visit_optimizer(concat("feature optimizer ", k, '/'), cohort.feature_optimizer(k),
                        cohort.feature_parameters(k));
      }
    }
  }
  if constexpr (Plan::discriminator_count > 0) {
    for (std::size_t d = 0; d < Plan::discriminator_count; ++d) {
      visit_optimizer(concat("discriminator optimizer ", d, '/'), cohort.discriminator_optimizer(d),
                      cohort.discriminator_parameters(d));
    }
  }
  visitor.integer("steps", cohort.steps);
  visitor.integer("skipped steps", cohort.skipped.total);
  visitor.integer("skipped steps in a row", cohort.skipped.in_a_row);
}

}  // namespace afd::detail
