// SPDX-License-Identifier: MIT
#pragma once

// A look at the first batch before anything is trained: what networks return for it, so that what edges need can be
// made, and whether everything fits together.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/multiply_adds.hpp>
#include <afd/compute/precision.hpp>
#include <afd/compute/undisturbed.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/detail/say.hpp>
#include <afd/error.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/network/reader.hpp>
#include <afd/network/require_settled.hpp>
#include <afd/plan/readings.hpp>
#include <afd/step/edges.hpp>
#include <afd/step/first_look.hpp>
#include <afd/step/losses.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd::detail {

/// Every network's forward of the first batch, in eval mode, without a graph. Leaves weights, statistics, modes and
/// random numbers as they were.
template <class Plan, class B>
class Rehearsal {
 public:
  static constexpr std::size_t network_count = Plan::network_count;

  /// Throws what networks throw, with their number, and ConfigError for a frozen one that is not settled.
  Rehearsal(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, Precision precision,
            const B& batch)
      : strategy_(strategy), batch_(batch) {
    const torch::NoGradGuard no_grad;
    const std::int64_t samples = sample_count(batch.inputs);
    each_network(networks, [&](auto k, auto& network) {
      if constexpr (Plan::is_read(k)) {
        const auto& inputs = inputs_of<k, network_count>(batch.inputs);
        const auto run_it = [&](const auto& given) { return run_in(precision, network, given); };
        auto outputs = named([&] { return run_it(inputs); }, "network ", k.value);
        if constexpr (Plan::frozen[k]) {
          const auto notice =
              require_settled(outputs, run_it, inputs, concat("network ", k.value), settling_of(network));
          if (notice) notices_.push_back(*notice);
        }
        readings_.template read<k>(strategy, std::move(outputs), samples, [](auto) { return true; });
      }
    });
  }

  /// What the layers of each edge are to be made for.
  [[nodiscard]] typename Edges<Plan>::Shapes edge_shapes() const {
    typename Edges<Plan>::Shapes shapes;
    for_each_edge<Plan>([&](auto t, auto e) {
      if constexpr (TermMakesEdge<typename Plan::template Term<t>>) {
        constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
        named(
            [&] {
              const auto& student = readings_.template student<t, edge.student>();
              const auto& teacher = readings_.template teacher<t, edge.teacher>();
              shapes.push_back({seen_shape(student), seen_shape(teacher), first_tensor(student).options()});
            },
            edge_place<Plan, t, e>());
      }
    });
    return shapes;
  }

  /// What views of teachers look like.
  [[nodiscard]] Readings<Plan, B> teachers_alone() const { return readings_.teachers_alone(); }

  /// Computes every loss of an edge once, so that what does not fit is found here, with its place. `reads_values` if
  /// targets may be looked at. `device`: of the networks.
  void compare(Edges<Plan>& edges, bool reads_values, torch::Device device = torch::kCPU) const {
    const torch::NoGradGuard no_grad;
    require_same_classes();
    std::deque<EvalMode> modes;  // cannot be moved
    for (const auto& module : edges.modules()) modes.emplace_back(*module);
    Losses<Plan, B, false> losses(strategy_, edges, readings_, {}, device);
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        losses.template check<k>(batch_.targets, reads_values);
        losses.template compute_of_edges<k>(batch_.targets);
      }
    });
  }

  /// Says what of the outputs looks like something else than it is taken for.
  void tell(const Say& say) const {
    const torch::NoGradGuard no_grad;
    for (const std::string& notice : notices_) afd::detail::tell(say, notice);
    tell_of_outputs<Plan, B>(readings_, batch_.targets, say);
  }

  /// Multiply-adds of a step on this batch: a backward takes two forwards' worth, and the method takes one per loss.
  [[nodiscard]] static std::array<double, network_count> costs(const typename Plan::Networks& networks,
                                                               const B& batch) {
    std::array<double, network_count> all{};
    each_network(networks, [&](auto k, auto& network) {
      if constexpr (Plan::is_read(k)) {
        const int backwards = (Plan::trains(k, Level::logit) ? 1 : 0) + (Plan::trains(k, Level::feature) ? 1 : 0);
        const auto& inputs = inputs_of<k, network_count>(batch.inputs);
        all[k] = static_cast<double>(multiply_adds(network, inputs)) * (1 + 2 * backwards);
      }
    });
    return all;
  }

 private:
  /// body(k, network) for each, in eval mode, with everything put back that a forward may change.
  template <class Body>
  static void each_network(const typename Plan::Networks& networks, const Body& body) {
    for_each_index<network_count>([&](auto k) {
      auto& network = std::get<k>(networks);
      Undisturbed undisturbed(module_of(network));
      body(k, network);
      undisturbed.put_back();
    });
  }

  /// One term gives the same targets to all its networks, so that their heads should be alike.
  void require_same_classes() const {
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (!Plan::template is_edge_term<t> &&
                    std::is_same_v<typename Flow<Plan, B>::template StudentReads<t>, Logits>) {
        std::optional<std::size_t> first;
        std::vector<std::int64_t> sizes;
        for_each_index<network_count>([&](auto k) {
          if constexpr (Plan::template has_network_loss<t>(k)) {
            const torch::Tensor& logits = readings_.template of_network<t, k>();
            if (!first) {
              first = k;
              sizes = logits.sizes().vec();
            }
            if (logits.dim() < 2 || sizes.size() < 2 || logits.size(1) == sizes[1]) return;
            throw ShapeError(concat("networks ", *first, " and ", k.value, " have ", sizes[1], " and ", logits.size(1),
                                    " classes, but they learn from the same labels by term ", Plan::template name<t>,
                                    "; give their heads the same number of outputs, or each a term of its own with ",
                                    "afd::Over<afd::topology::Networks<0>, Term>"));
          }
        });
      }
    });
  }

  const typename Plan::Strategy& strategy_;
  const B& batch_;
  Readings<Plan, B> readings_;
  std::vector<std::string> notices_;
};

}  // namespace afd::detail
