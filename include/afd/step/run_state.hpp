// SPDX-License-Identifier: MIT
#pragma once

// The state of a distillation: all that a step reads and changes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/network/module_state.hpp>
#include <afd/network/network.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/state/prefixed_visitor.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/state/state_visitor.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// A module of a run, how its keys begin, and the network that it is or that is trained with it.
struct NamedModule {
  std::string prefix;
  torch::nn::Module* module;
  std::size_t network;
};

/// Networks, then transfer layers and discriminators, in the order of Edges::modules().
template <class Plan>
[[nodiscard]] std::vector<NamedModule> modules_of_run(const typename Plan::Networks& networks, Edges<Plan>& edges) {
  std::vector<NamedModule> all;
  for_each_index<Plan::network_count>(
      [&](auto k) { all.push_back({concat("network ", k.value, '/'), &module_of(std::get<k>(networks)), k}); });
  std::size_t next = 0;
  for_each_edge<Plan>([&](auto t, auto e) {
    using Term = typename Plan::template Term<t>;
    if constexpr (TermMakesEdge<Term>) {
      constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
      const std::string place = concat("edge ", edge.teacher, " -> ", edge.student, ", term ", t.value, '/');
      all.push_back({place + "transfer/", edges.modules()[next++].get(), edge.student});
      if constexpr (AdversarialTerm<Term>) {
        all.push_back({place + "discriminator/", edges.modules()[next++].get(), edge.student});
      }
    }
  });
  return all;
}

/// Fails to compile with one sentence for an optimizer that cannot be saved.
template <class State>
consteval bool require_optimizer_state() {
  static_assert(OptimizerHasState<State>,
                "afd: a run is saved with its optimizers, but this one lacks visit_state(names, visitor); see "
                "afd/optim/optimizer.hpp");
  return true;
}

/// Names every part of a run but its optimizers to a visitor.
template <class Plan, class Options, StateVisitor V>
void visit_run(const typename Plan::Networks& networks, Cohort<Plan, Options>& cohort, V& visitor) {
  for (const auto& [prefix, module, network] : modules_of_run<Plan>(networks, cohort.edges())) {
    visit_module(*module, prefix, visitor);
  }
  visitor.integer("steps", cohort.steps);
  visitor.integer("skipped steps", cohort.guard().skipped.total);
  visitor.integer("skipped steps in a row", cohort.guard().skipped.in_a_row);
  if (cohort.guard().loss_scale.is_used()) cohort.guard().loss_scale.visit_state(visitor);
}

/// Names what optimizers know, by the names of their parameters: of networks for which `is_wanted(k)` is true, and of
/// the discriminators on edges to them.
template <class Plan, class Options, StateVisitor V, class IsWanted>
void visit_optimizers_of(const typename Plan::Networks& networks, Edges<Plan>& edges,
                         Objectives<Plan, Options>& objectives, V& visitor, const IsWanted& is_wanted) {
  using Objectives = afd::detail::Objectives<Plan, Options>;
  std::unordered_map<const void*, std::string> names;
  for (const auto& [prefix, module, network] : modules_of_run<Plan>(networks, edges)) {
    if (!is_wanted(network)) continue;
    for (const auto& item : module->named_parameters()) {
      names.emplace(item.value().unsafeGetTensorImpl(), prefix + item.key());
    }
  }
  const auto visit_optimizer = [&](const std::string& prefix, auto& objective) {
    static_assert(require_optimizer_state<std::remove_reference_t<decltype(objective.optimizer())>>());
    if (!objective.has_optimizer()) return;
    std::vector<std::string> own;
    for (const torch::Tensor& parameter : objective.parameters()) {
      own.push_back(names.at(parameter.unsafeGetTensorImpl()));
    }
    PrefixedVisitor<V> prefixed(prefix, visitor);
    objective.visit_state(own, prefixed);
  };
  for_each_index<Plan::network_count>([&](auto k) {
    if (!is_wanted(k)) return;
    if constexpr (Objectives::has(k, Level::logit)) {
      visit_optimizer(concat("logit optimizer ", k.value, '/'), objectives.template logit<k>());
    }
    if constexpr (Objectives::has(k, Level::feature)) {
      visit_optimizer(concat("feature optimizer ", k.value, '/'), objectives.template feature<k>());
    }
  });
  for_each_edge<Plan>([&](auto t, auto e) {
    if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
      constexpr std::size_t d = Plan::template first_discriminator<t> + e;
      if (!is_wanted(Plan::template TermTopology<t>::edges[e].student)) return;
      visit_optimizer(concat("discriminator optimizer ", d, '/'), objectives.discriminator(d));
    }
  });
}

template <class Plan, class Options, StateVisitor V>
void visit_optimizers(const typename Plan::Networks& networks, Edges<Plan>& edges,
                      Objectives<Plan, Options>& objectives, V& visitor) {
  visit_optimizers_of<Plan>(networks, edges, objectives, visitor, [](std::size_t) { return true; });
}

/// What edges were made for, so that they can be made again without a batch.
inline void save_shapes(StateDict& state, const std::vector<EdgeShape>& shapes) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (const FeatureShape& shape : {shapes[i].student, shapes[i].teacher}) {
      numbers.insert(numbers.end(), {shape.channels, shape.sides[0], shape.sides[1], shape.sides[2],
                                     static_cast<std::int64_t>(shape.rank), std::int64_t{shape.tokens},
                                     std::int64_t{shape.is_signed}});
    }
    state.set(concat("dtype of edges/", i), torch::empty({0}, shapes[i].like.device(torch::kCPU)));
  }
  state.set("shapes of edges", torch::tensor(numbers, torch::kInt64));
}

/// On `device`. Throws FormatError for another number of edges, or shapes that cannot be.
[[nodiscard]] inline std::vector<EdgeShape> saved_shapes(const StateDict& state, std::size_t count,
                                                         const torch::Device& device) {
  constexpr std::size_t numbers_of_each = 14;
  const auto& numbers = state.get<torch::Tensor>("shapes of edges");
  if (numbers.scalar_type() != torch::kInt64 || numbers.numel() != static_cast<std::int64_t>(count * numbers_of_each)) {
    throw FormatError(concat("the state has not the shapes of ", count, " edges with layers"));
  }
  const auto* number = numbers.data_ptr<std::int64_t>();
  std::vector<EdgeShape> shapes(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (FeatureShape* shape : {&shapes[i].student, &shapes[i].teacher}) {
      if (number[4] < 0 || number[4] > 3) throw FormatError("the state has a shape of an edge that cannot be");
      shape->channels = number[0];
      std::copy(number + 1, number + 4, shape->sides.begin());
      shape->rank = static_cast<std::size_t>(number[4]);
      shape->tokens = number[5] != 0;
      shape->is_signed = number[6] != 0;
      number += numbers_of_each / 2;
    }
    shapes[i].like = state.get<torch::Tensor>(concat("dtype of edges/", i)).options().device(device);
  }
  return shapes;
}

/// With DeferNonFinite losses may all have been finite while a gradient was not: it is in weights, or in what an
/// optimizer has summed. Throws NonFiniteError that names it.
template <class Plan>
void require_finite_weights(const typename Plan::Networks& networks, Edges<Plan>& edges, const StateDict& state) {
  const auto require = [](const std::string& name, const torch::Tensor& tensor) {
    if (!tensor.is_floating_point() || tensor.isfinite().all().template item<bool>()) return;
    throw NonFiniteError(concat(name,
                                " is not finite any more, though every loss was; go on from the last "
                                "checkpoint, with afd::SkipNonFinite"));
  };
  for (const auto& [prefix, module, network] : modules_of_run<Plan>(networks, edges)) {
    for (const auto& parameter : module->named_parameters()) {
      if (parameter.value().requires_grad()) require(prefix + parameter.key(), parameter.value());
    }
  }
  for (const auto& [key, value] : state.values()) {
    const auto* tensor = std::get_if<torch::Tensor>(&value);
    if (tensor != nullptr && key.find(" optimizer ") != std::string::npos) require(key, *tensor);
  }
}

}  // namespace afd::detail
