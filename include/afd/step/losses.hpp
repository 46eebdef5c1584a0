// SPDX-License-Identifier: MIT
#pragma once

// Every loss of a step, from what terms see of the networks. Nothing is detached or differentiated here.

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/plan/readings.hpp>
#include <afd/step/edges.hpp>
#include <afd/strategy/term.hpp>
#include <afd/strategy/term_call.hpp>
#include <afd/strategy/weighted_edges.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

/// Which terms are computed in a step, by how many steps there were before it.
template <class Plan>
struct DueTerms {
  std::int64_t steps = 0;

  template <std::size_t T>
  [[nodiscard]] bool operator()(Index<T> /*term*/) const {
    if constexpr (Plan::template period<T> == 1) return true;
    return steps % Plan::template period<T> == 0;
  }
};

/// `discriminator_first`: L_G comes later, from discriminators that have moved. `is_shared`: losses of terms have
/// factors, by which means of this process become those of several.
template <class Plan, class B, bool discriminator_first, bool is_shared = false>
class Losses {
 public:
  using Tensor = torch::Tensor;
  /// Of each term; undefined where it is 1.
  using Factors = std::array<Tensor, Plan::term_count>;
  using Targets = typename B::Targets;

  /// `device`: where losses are to be.
  Losses(const typename Plan::Strategy& strategy, Edges<Plan>& edges, const Readings<Plan, B>& readings,
         DueTerms<Plan> is_due, torch::Device device = torch::kCPU)
      : strategy_(strategy), edges_(edges), readings_(readings), is_due_(is_due), device_(device) {}

  void share(Factors factors)
    requires is_shared
  {
    factors_ = std::move(factors);
  }

  /// Asks every term that reads targets whether it can use them for network K. `reads_values` if they may be looked at.
  /// Throws DataError, naming network and term.
  template <std::size_t K>
  void check(const Targets& targets, bool reads_values) const {
    for_each_index<Plan::term_count>([&](auto t) {
      if (!is_due_(t)) return;
      if constexpr (looks_at<t>(K)) {
        constexpr std::size_t first = first_looked_at<t>();
        const bool is_new =
            first == K || !readings_.template has<first>() || !have_same_sizes(seen_by<t, K>(), seen_by<t, first>());
        check_term<t, K>(seen_by<t, K>(), readings_.template targets<t>(targets), reads_values && is_new);
      }
    });
  }

  /// Every loss that network K minimises, and those of the discriminators on its edges. Errors name their place.
  template <std::size_t K>
  void compute(const Targets& targets) {
    compute_those<K>(targets, [](auto) { return true; });
  }
  /// The same without terms of one network.
  template <std::size_t K>
  void compute_of_edges(const Targets& targets) {
    compute_those<K>(targets, [](auto t) { return Plan::template is_edge_term<t>; });
  }

  /// L_G of network K's edges.
  template <std::size_t K>
  void compute_generators() {
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        if (!is_due_(t)) return;
        Tensor sum;
        Plan::template for_each_edge_to<t, K>([&](auto e, auto) {
          Tensor& loss = all_[Plan::template edge_entry<t, e>];
          const Tensor& fake = fakes_[Plan::template first_discriminator<t> + e];
          named([&] { loss = term_at<t>().generator_loss(edges_.template layers<t, e>(), fake); }, EdgePlace<t, e>{});
          add(sum, loss, edge_weight(strategy_.template get<t>(), e));
        });
        add_mean<t>(sum, K);
      }
    });
  }

  /// In the order of the plan's entries; those that were not computed are undefined.
  [[nodiscard]] const std::array<Tensor, Plan::entry_count>& all() const { return all_; }
  template <std::size_t T, std::size_t E>
  [[nodiscard]] const Tensor& of_discriminator() const {
    return all_[Plan::template discriminator_entry<T, E>];
  }
  /// The weighted sums of a network's losses; undefined if it has none of that level in this step.
  [[nodiscard]] const Tensor& logit(std::size_t network) const { return logit_[network]; }
  [[nodiscard]] const Tensor& feature(std::size_t network) const { return feature_[network]; }

 private:
  /// Written only into an error's message, so that nothing is made of it otherwise.
  template <std::size_t T, std::size_t E>
  struct EdgePlace {
    friend std::ostream& operator<<(std::ostream& out, const EdgePlace&) { return out << edge_place<Plan, T, E>(); }
  };

  template <std::size_t K, class Wanted>
  void compute_those(const Targets& targets, const Wanted& wanted) {
    for_each_index<Plan::term_count>([&](auto t) {
      if (!is_due_(t) || !wanted(t)) return;
      const auto& given = readings_.template targets<t>(targets);
      if constexpr (Plan::template has_network_loss<t>(K)) {
        Tensor& loss = all_[Plan::template network_entry<t>(K)];
        named([&] { loss = shared<t>(scalar(network_loss<t, K>(given))); }, "network ", K, ", term ",
              Plan::template name<t>);
        add(total<t>(K), loss, term_at<t>().weight);
      } else if constexpr (Plan::template is_edge_term<t> && !Plan::template is_group_term<t>) {
        Tensor sum;
        Plan::template for_each_edge_to<t, K>([&](auto e, auto teacher) {
          named([&] { edge_loss<t, e, K, teacher>(given); }, EdgePlace<t, e>{});
          const Tensor& loss = all_[Plan::template edge_entry<t, e>];
          if (loss.defined()) add(sum, loss, edge_weight(strategy_.template get<t>(), e));
        });
        add_mean<t>(sum, K);
      }
    });
  }

  template <std::size_t T>
  [[nodiscard]] const typename Plan::template Term<T>& term_at() const {
    return Plan::template Bound<T>::get(strategy_.template get<T>());
  }

  /// Whether term T has a loss of network K, by itself or as a student.
  template <std::size_t T>
  static constexpr bool looks_at(std::size_t network) {
    if constexpr (Plan::template is_edge_term<T>) return learns<typename Plan::template TermTopology<T>>(network);
    return Plan::template has_network_loss<T>(network);
  }
  template <std::size_t T>
  static constexpr std::size_t first_looked_at() {
    std::size_t network = 0;
    while (!looks_at<T>(network)) ++network;
    return network;
  }

  /// What term T sees of network K, beside the targets.
  template <std::size_t T, std::size_t K>
  [[nodiscard]] decltype(auto) seen_by() const {
    if constexpr (Plan::template is_edge_term<T>) {
      return readings_.template student<T, K>();
    } else {
      return readings_.template of_network<T, K>();
    }
  }

  /// Values of targets are looked at once for all networks whose outputs are alike.
  template <class A, class C>
  static bool have_same_sizes(const A& a, const C& c) {
    if constexpr (std::is_same_v<A, Tensor> && std::is_same_v<C, Tensor>) return a.sizes() == c.sizes();
    return false;
  }

  template <std::size_t T, std::size_t K, class Read, class Given>
  void check_term(const Read& read, const Given& given, bool reads_values) const {
    using Term = typename Plan::template Term<T>;
    named(
        [&] {
          if constexpr (TermChecks<Term, Read, Given>) term_at<T>().check(read, given);
          if constexpr (TermChecksValues<Term, Read, Given>) {
            if (reads_values) term_at<T>().check_values(read, given);
          }
        },
        "network ", K, ", term ", Plan::template name<T>);
  }

  template <std::size_t T, std::size_t K, class Given>
  [[nodiscard]] Tensor network_loss(const Given& given) const {
    if constexpr (Plan::template is_group_term<T>) {
      using View = typename Flow<Plan, B>::template StudentView<T, K>;
      std::vector<View> group;
      Plan::template for_each_edge_to<T, K>(
          [&](auto, auto teacher) { group.push_back(readings_.template teacher<T, teacher>()); });
      group.push_back(readings_.template teacher<T, K>());
      return loss_of_group(term_at<T>(), readings_.template student<T, K>(), group, given);
    } else {
      return loss_of_network(term_at<T>(), readings_.template of_network<T, K>(), given);
    }
  }

  /// Those of edge E of term T, from network J to K; without L_G if that comes later.
  template <std::size_t T, std::size_t E, std::size_t K, std::size_t J, class Given>
  void edge_loss(const Given& given) {
    const auto& term = term_at<T>();
    auto& layers = edges_.template layers<T, E>();
    const auto& student = readings_.template student<T, K>();
    const auto& teacher = readings_.template teacher<T, J>();
    Tensor& loss = all_[Plan::template edge_entry<T, E>];
    if constexpr (AdversarialTerm<typename Plan::template Term<T>>) {
      Tensor& of_discriminator = all_[Plan::template discriminator_entry<T, E>];
      const Tensor real = term.real(layers, teacher);
      const Tensor fake = term.fake(layers, student);
      if constexpr (discriminator_first) {
        of_discriminator = term.discriminator_loss(layers, real, fake.detach());
        fakes_[Plan::template first_discriminator<T> + E] = fake;
      } else {
        const GameLosses game = term.losses(layers, real, fake);
        loss = game.generator;
        of_discriminator = game.discriminator;
      }
    } else {
      loss = shared<T>(scalar(loss_of_edge(term, layers, student, teacher, given)));
    }
  }

  template <std::size_t T>
  [[nodiscard]] Tensor shared(Tensor loss) const {
    if constexpr (is_shared) {
      if (factors_[T].defined()) return loss * factors_[T];
    }
    return loss;
  }

  /// The loss, as it is. Throws ShapeError for one that cannot be minimised.
  [[nodiscard]] Tensor scalar(Tensor loss) const {
    if (loss.defined() && loss.dim() == 0) {
      if (same_device(loss.device(), device_)) return loss;
      throw ShapeError(concat("a loss must be on the networks' device, ", device_, ", but is on ", loss.device(),
                              "; compute it of what the term is given, and make its constants there"));
    }
    throw ShapeError(loss.defined() ? concat("a loss must be a scalar, but has shape ", loss.sizes(),
                                             "; end it in .mean() or .sum()")
                                    : "a loss must be a scalar, but is an undefined tensor");
  }

  /// Adds the mean over a student's incoming edges to its total, with their weights if they have some.
  template <std::size_t T>
  void add_mean(const Tensor& sum, std::size_t student) {
    if (!sum.defined()) return;
    const auto edges = static_cast<double>(in_degree<typename Plan::template TermTopology<T>>(student));
    add(total<T>(student), sum, term_at<T>().weight / edges);
  }

  static void add(Tensor& total, const Tensor& loss, double weight) {
    const Tensor weighted = weight == 1.0 ? loss : loss * weight;
    total = total.defined() ? total + weighted : weighted;
  }

  template <std::size_t T>
  Tensor& total(std::size_t network) {
    return Plan::template Term<T>::level == Level::logit ? logit_[network] : feature_[network];
  }

  const typename Plan::Strategy& strategy_;
  Edges<Plan>& edges_;
  const Readings<Plan, B>& readings_;
  DueTerms<Plan> is_due_;
  torch::Device device_;
  struct None {};
  [[no_unique_address]] std::conditional_t<is_shared, Factors, None> factors_;
  std::array<Tensor, Plan::entry_count> all_;
  std::array<Tensor, Plan::network_count> logit_;
  std::array<Tensor, Plan::network_count> feature_;
  std::array<Tensor, Plan::discriminator_count> fakes_;
};

}  // namespace afd::detail
