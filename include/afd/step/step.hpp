// SPDX-License-Identifier: MIT
#pragma once

// One training step: the only place that detaches, differentiates and updates. It reads like the method: one forward
// per network, every loss, every gradient, and only then the updates.
//
//     L_logit,k  ->  parameters of network k                                        (its logit optimizer)
//     feature loss of k  ->  extractor of network k, transfer layers of its edges   (its feature optimizer)
//     L_D,jk  ->  the discriminator of edge j -> k                                  (its own optimizer)
//
// What a teacher gives to an edge is detached here, so nothing else is reached.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <vector>

#include <torch/types.h>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/differentiate.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/options.hpp>
#include <afd/step/report.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/topology/topology.hpp>

namespace afd::detail {

template <class Plan, class Options>
class Step {
 public:
  Step(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
       Cohort<Plan, Options>& cohort)
      : networks_(networks), strategy_(strategy), options_(options), cohort_(cohort) {}

  StepReport<Plan> run(const Batch& batch) {
    if constexpr (checks_values) {
      cohort_.runner().run([&](auto k) {
        if constexpr (k == 0) check_batch_values(batch, cohort_.classes());
      });
    }
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) ensure_train_mode(module_of(std::get<k>(networks_)));
    });
    was_torn_ = cohort_.is_torn;
    if constexpr (!checks_values) cohort_.is_torn = true;  // statistics are not put back
    Statistics statistics(cohort_.statistics());

    // Networks wait for each other where one phase ends: an edge needs both of its networks' forwards, and no weight
    // may change before every loss is known.
    const Tensor inputs = in_layout(batch.inputs, cohort_.channels_last());
    each_network([&](auto k) { forward<k>(inputs); });
    if constexpr (discriminator_first && Plan::discriminator_count > 0) {
      each_live_network([&](auto k) {
        compute_losses<k>(batch.targets);
        take_discriminator_gradients<k>();
      });
      if (refuses() || refuses_gradients([&] { each_live_network([&](auto k) { prepare_discriminators<k>(); }); }))
        return end(/*skipped=*/true);
      cohort_.is_torn = true;
      each_live_network([&](auto k) {
        update_discriminators<k>();
        compute_generator_losses<k>();
        take_gradients<k>();
      });
    } else {
      each_live_network([&](auto k) {
        compute_losses<k>(batch.targets);
        take_discriminator_gradients<k>();  // before L_G: both go through one forward of the discriminator
        take_gradients<k>();
      });
    }
    if (refuses() || refuses_gradients([&] { each_live_network([&](auto k) { prepare<k>(); }); }))
      return end(/*skipped=*/true);
    statistics.keep();
    cohort_.is_torn = true;
    each_live_network([&](auto k) {
      update<k>();
      if constexpr (!discriminator_first) update_discriminators<k>();
    });
    ++cohort_.steps;
    cohort_.skipped.in_a_row = 0;
    if constexpr (defers) cohort_.loss_watch.add(losses_, options_.non_finite.every);
    return end(/*skipped=*/false);
  }

 private:
  using Tensor = torch::Tensor;
  using Gradients = std::vector<Tensor>;

  static constexpr std::size_t network_count = Plan::network_count;
  static constexpr std::size_t term_count = Plan::term_count;
  static constexpr std::size_t discriminator_count = Plan::discriminator_count;
  static constexpr bool defers = std::is_same_v<decltype(Options::non_finite), DeferNonFinite>;
  static constexpr bool checks_values = !defers && !std::is_same_v<decltype(Options::non_finite), UncheckedLosses>;
  static constexpr bool discriminator_first = std::is_same_v<decltype(Options::order), DiscriminatorFirst>;
  static constexpr bool joint = std::is_same_v<decltype(Options::updates), JointUpdate>;

  using Statistics = std::conditional_t<checks_values, BufferSnapshot, NoSnapshot>;

  struct GameMaps {
    Tensor real;
    Tensor fake;
  };

  /// Whether this step must not go on. Throws NonFiniteError if the policy says so.
  bool refuses() {
    if constexpr (checks_values) {
      return refuses_losses<Plan>(losses_, options_.non_finite, cohort_.skipped);
    } else {
      return false;
    }
  }

  template <class Prepare>
  bool refuses_gradients(const Prepare& prepare) {
    return afd::detail::refuses_gradients(prepare, options_.non_finite, cohort_.skipped);
  }

  template <class Body>
  void each_network(Body&& body) {
    cohort_.runner().run(body);
  }
  template <class Body>
  void each_live_network(Body&& body) {
    cohort_.runner().run([&](auto k) {
      if constexpr (!Plan::frozen[k]) body(k);
    });
  }

  /// The network's outputs, and what the terms compare of them.
  template <std::size_t K>
  void forward(const Tensor& inputs) {
    auto& network = std::get<K>(networks_);
    outputs_[K] = named([&] { return run_in(options_.precision, network, inputs); }, "network ", K);
    cohort_.check(outputs_[K], inputs.size(0), K);
    for_each_index<term_count>([&](auto t) {
      if constexpr (Plan::template is_edge_term<t>) {
        using Topology = typename Plan::template TermTopology<t>;
        constexpr bool is_teacher = teaches<Topology>(K), is_student = learns<Topology>(K);
        if constexpr (is_teacher || is_student) {
          if (!is_due<t>()) return;
          views_[t][K] = term_at<t>().view(outputs_[K]);
          // The same as a constant, for those who learn from it.
          if constexpr (is_teacher || Plan::template is_group_term<t>)
            taught_[t][K] = Plan::frozen[K] ? views_[t][K] : views_[t][K].detach();
        }
      }
    });
  }

  // ----- losses

  template <std::size_t K>
  void compute_losses(const Tensor& targets) {
    for_each_index<term_count>([&](auto t) {
      if (!is_due<t>()) return;
      if constexpr (Plan::template has_network_loss<t>(K)) {
        Tensor& loss = losses_[Plan::template network_entry<t>(K)];
        if constexpr (Plan::template is_group_term<t>) {
          loss = term_at<t>().group_loss(views_[t][K], group_of<t, K>());
        } else {
          loss = term_at<t>().loss(outputs_[K], targets);
        }
        add(total<t>(K), loss, term_at<t>().weight);
      } else if constexpr (Plan::template is_edge_term<t> && !Plan::template is_group_term<t>) {
        compute_edge_losses<t, K>();
      }
    });
  }

  /// What network K and its teachers by term T look like, as constants; its own last.
  template <std::size_t T, std::size_t K>
  std::vector<Tensor> group_of() const {
    std::vector<Tensor> group;
    Plan::template for_each_edge_to<T, K>([&](auto, auto teacher) { group.push_back(taught_[T][teacher]); });
    group.push_back(taught_[T][K]);
    return group;
  }

  /// Those of term T that network K learns by.
  template <std::size_t T, std::size_t K>
  void compute_edge_losses() {
    using Term = typename Plan::template Term<T>;
    const Term& term = term_at<T>();
    Tensor sum;
    Plan::template for_each_edge_to<T, K>([&](auto e, auto teacher) {
      const Tensor& student_view = views_[T][K];
      const Tensor& teacher_view = taught_[T][teacher];
      if constexpr (AdversarialTerm<Term>) {
        auto& layers = cohort_.template layers<T, e>();
        GameMaps& maps = maps_[Plan::template first_discriminator<T> + e];
        maps = {term.real(layers, teacher_view), term.fake(layers, student_view)};
        if constexpr (discriminator_first) {
          discriminator_loss<T, e>() = term.discriminator_loss(layers, maps.real, maps.fake.detach());
        } else {
          const GameLosses game = term.losses(layers, maps.real, maps.fake);
          edge_loss<T, e>() = game.generator;
          discriminator_loss<T, e>() = game.discriminator;
          add(sum, game.generator, 1.0);
        }
      } else {
        Tensor& loss = edge_loss<T, e>();
        if constexpr (TermMakesEdge<Term>) {
          loss = term.loss(cohort_.template layers<T, e>(), student_view, teacher_view);
        } else {
          loss = term.loss(student_view, teacher_view);
        }
        add(sum, loss, 1.0);
      }
    });
    add_mean<T>(sum, K);
  }

  /// L_G by discriminators that have moved already.
  template <std::size_t K>
  void compute_generator_losses() {
    for_each_index<term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        if (!is_due<t>()) return;
        Tensor sum;
        Plan::template for_each_edge_to<t, K>([&](auto e, auto) {
          const Tensor& fake = maps_[Plan::template first_discriminator<t> + e].fake;
          edge_loss<t, e>() = term_at<t>().generator_loss(cohort_.template layers<t, e>(), fake);
          add(sum, edge_loss<t, e>(), 1.0);
        });
        add_mean<t>(sum, K);
      }
    });
  }

  /// Adds the mean over a student's incoming edges to its total.
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

  // ----- gradients and updates

  template <std::size_t K>
  void take_gradients() {
    Tensor& logit = logit_totals_[K];
    Tensor& feature = feature_totals_[K];
    if (logit.defined()) require_differentiable(logit, K, "logit");
    if (feature.defined()) require_differentiable(feature, K, "feature");
    if constexpr (joint) {
      if (feature.defined()) logit = logit.defined() ? logit + feature : feature;
      if (logit.defined()) logit_gradients_[K] = gradients(logit, cohort_.parameters(K), /*keep_graph=*/false);
    } else {
      if (logit.defined()) {
        logit_gradients_[K] = gradients(logit, cohort_.parameters(K), /*keep_graph=*/feature.defined());
      }
      if (feature.defined()) {
        feature_gradients_[K] = gradients(feature, cohort_.feature_parameters(K), /*keep_graph=*/false);
      }
    }
  }

  /// Whatever can fail of the updates, before the first of them.
  template <std::size_t K>
  void prepare() {
    if constexpr (!discriminator_first) prepare_discriminators<K>();
    each_optimizer<K>([&](auto& optimizer, const Gradients& gradient, const char* level) {
      prepare(optimizer, gradient, "network ", K, ", ", level, " gradients");
    });
  }

  template <std::size_t K>
  void update() {
    each_optimizer<K>([](auto& optimizer, const Gradients& gradient, const char*) { optimizer.apply(gradient); });
  }

  /// body(optimizer, gradients, level) for each of network K's optimizers that has gradients in this step.
  template <std::size_t K, class Body>
  void each_optimizer(Body&& body) {
    constexpr bool logit = Plan::trains(K, Level::logit), feature = Plan::trains(K, Level::feature);
    if constexpr (logit || joint) {
      if (!logit_gradients_[K].empty()) body(cohort_.logit_optimizer(K), logit_gradients_[K], "logit");
    }
    if constexpr (feature && !joint) {
      if (!feature_gradients_[K].empty()) body(cohort_.feature_optimizer(K), feature_gradients_[K], "feature");
    }
  }

  template <class Optimizer, class... Place>
  static void prepare(Optimizer& optimizer, const Gradients& gradients, const Place&... place) {
    if constexpr (checks_values) named([&] { require_finite_gradients(gradients); }, place...);
    if constexpr (OptimizerPrepares<Optimizer>) named([&] { optimizer.prepare(gradients); }, place...);
  }

  template <std::size_t K>
  void take_discriminator_gradients() {
    for_each_discriminator<K>([&](auto t, auto e, auto d) {
      discriminator_gradients_[d] = gradients(discriminator_loss<t, e>(), cohort_.discriminator_parameters(d),
                                              /*keep_graph=*/!discriminator_first);
    });
  }

  template <std::size_t K>
  void prepare_discriminators() {
    for_each_discriminator<K>([&](auto t, auto e, auto d) {
      prepare(cohort_.discriminator_optimizer(d), discriminator_gradients_[d],
              Plan::entries[Plan::template discriminator_entry<t, e>].column(), " gradients");
    });
  }

  template <std::size_t K>
  void update_discriminators() {
    for_each_discriminator<K>(
        [&](auto, auto, auto d) { cohort_.discriminator_optimizer(d).apply(discriminator_gradients_[d]); });
  }

  /// The report of this step; once it is made, nothing of the step can fail any more.
  StepReport<Plan> end(bool skipped) {
    StepReport<Plan> report = report_of<Plan>(losses_, outputs_[0].logits);
    report.skipped = skipped;
    cohort_.is_torn = was_torn_;
    return report;
  }

  // ----- where things are

  template <std::size_t T>
  const typename Plan::template Term<T>& term_at() const {
    return Plan::template Bound<T>::get(strategy_.template get<T>());
  }
  /// Whether term T is computed in this step.
  template <std::size_t T>
  [[nodiscard]] bool is_due() const {
    if constexpr (Plan::template period<T> == 1) return true;
    return cohort_.steps % Plan::template period<T> == 0;
  }
  /// body(term, edge, discriminator), as constants, for every discriminator of this step on an edge to network K.
  template <std::size_t K, class Body>
  void for_each_discriminator(Body&& body) {
    for_each_index<term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        if (!is_due<t>()) return;
        Plan::template for_each_edge_to<t, K>(
            [&](auto e, auto) { body(t, e, Index<Plan::template first_discriminator<t> + e>{}); });
      }
    });
  }
  template <std::size_t T>
  Tensor& total(std::size_t network) {
    return Plan::template Term<T>::level == Level::logit ? logit_totals_[network] : feature_totals_[network];
  }
  template <std::size_t T, std::size_t E>
  Tensor& edge_loss() {
    return losses_[Plan::template edge_entry<T, E>];
  }
  template <std::size_t T, std::size_t E>
  Tensor& discriminator_loss() {
    return losses_[Plan::template discriminator_entry<T, E>];
  }

  const typename Plan::Networks& networks_;
  const typename Plan::Strategy& strategy_;
  const Options& options_;
  Cohort<Plan, Options>& cohort_;
  bool was_torn_ = false;  // before this step

  std::array<Outputs, network_count> outputs_;
  std::array<std::array<Tensor, network_count>, term_count> views_;
  std::array<std::array<Tensor, network_count>, term_count> taught_;
  std::array<GameMaps, discriminator_count> maps_;
  std::array<Tensor, Plan::entry_count> losses_;
  std::array<Tensor, network_count> logit_totals_;
  std::array<Tensor, network_count> feature_totals_;
  std::array<Gradients, network_count> logit_gradients_;
  std::array<Gradients, network_count> feature_gradients_;
  std::array<Gradients, discriminator_count> discriminator_gradients_;
};

}  // namespace afd::detail
