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

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/error.hpp>
#include <afd/network/network.hpp>
#include <afd/strategy/term.hpp>
#include <afd/topology/edge.hpp>
#include <afd/topology/topology.hpp>
#include <afd/train/batch_check.hpp>
#include <afd/train/buffer_snapshot.hpp>
#include <afd/train/cohort.hpp>
#include <afd/train/options.hpp>
#include <afd/train/report.hpp>

namespace afd::detail {

/// d loss / d inputs; undefined where the loss does not depend on an input. `keep_graph` if another loss needs it.
inline std::vector<torch::Tensor> gradients(const torch::Tensor& loss, const std::vector<torch::Tensor>& inputs,
                                            bool keep_graph) {
  return torch::autograd::grad({loss}, inputs, /*grad_outputs=*/{}, keep_graph, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

inline void require_differentiable(const torch::Tensor& loss, std::size_t network, const char* level) {
  if (loss.requires_grad()) return;
  throw ConfigError(concat("the ", level, " loss of network ", network, " does not depend on its parameters; its ",
                           "forward must not run under NoGradGuard or detach what it returns"));
}

template <class Plan, class Options>
class Step {
 public:
  Step(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
       Cohort<Plan, Options>& cohort)
      : networks_(networks), strategy_(strategy), options_(options), cohort_(cohort) {}

  StepReport<Plan> run(const Batch& batch) {
    if constexpr (checks_values) check_batch_values(batch, cohort_.classes());
    enter_train_mode();
    Statistics statistics(cohort_.buffers());

    forward(batch.inputs);
    compute_losses(batch.targets);
    if (refuses()) return skipped();
    if constexpr (discriminator_first && Plan::discriminator_count > 0) {
      cohort_.runner().run([&](auto k) {
        take_discriminator_gradients<k>();
        update_discriminators<k>();
      });
      compute_generator_losses();
      if (refuses()) return skipped();
    }
    take_gradients();
    statistics.keep();
    update();
    return report();
  }

 private:
  using Tensor = torch::Tensor;
  using Gradients = std::vector<Tensor>;

  static constexpr std::size_t network_count = Plan::network_count;
  static constexpr std::size_t discriminator_count = Plan::discriminator_count;
  static constexpr bool checks_values = !std::is_same_v<decltype(Options::non_finite), UncheckedLosses>;
  static constexpr bool discriminator_first = std::is_same_v<decltype(Options::order), DiscriminatorFirst>;

  struct NoStatistics {
    explicit NoStatistics(const std::vector<Tensor>& /*buffers*/) {}
    void keep() {}
  };
  using Statistics = std::conditional_t<checks_values, BufferSnapshot, NoStatistics>;

  struct GameMaps {
    Tensor real;
    Tensor fake;
  };

  /// A network's root says whether somebody left it in eval mode; submodules that were set apart stay as they are.
  void enter_train_mode() {
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) {
        torch::nn::Module& module = module_of(std::get<k>(networks_));
        if (!module.is_training()) module.train();
      }
    });
  }

  void forward(const Tensor& inputs) {
    cohort_.runner().run([&](auto k) {
      auto& network = std::get<k>(networks_);
      outputs_[k] = named([&] { return afd::run(network, inputs); }, "network ", k.value);
      cohort_.check(outputs_[k], inputs.size(0), k);
    });
  }

  // ----- losses

  void compute_losses(const Tensor& targets) {
    for_each_index<Plan::term_count>([&](auto t) {
      const auto& term = term_at<t>();
      if constexpr (Plan::template is_edge_term<t>) {
        compute_edge_losses<t>(term);
      } else {
        std::size_t entry = Plan::template first_entry<t>;
        for (std::size_t k = 0; k < network_count; ++k) {
          if (Plan::frozen[k]) continue;
          const Tensor loss = term.loss(outputs_[k], targets);
          add(totals<t>()[k], loss, term.weight);
          losses_[entry++] = loss;
        }
      }
    });
  }

  template <std::size_t T, class Term>
  void compute_edge_losses(const Term& term) {
    using Topology = typename Plan::template TermTopology<T>;
    std::array<Tensor, network_count> views;
    std::array<Tensor, network_count> taught;  // the same views as constants, for those who learn from them
    for (std::size_t k = 0; k < network_count; ++k) {
      const bool is_teacher = teaches<Topology>(k);
      if (is_teacher || learns<Topology>(k)) views[k] = term.view(outputs_[k]);
      if (is_teacher) taught[k] = Plan::frozen[k] ? views[k] : views[k].detach();
    }
    std::array<Tensor, network_count> sums;
    for_each_index<Plan::template edge_count<T>>([&](auto e) {
      constexpr Edge edge = Topology::edges[e];
      const Tensor& student = views[edge.student];
      const Tensor& teacher = taught[edge.teacher];
      if constexpr (AdversarialTerm<Term>) {
        auto& layers = cohort_.template layers<T, e>();
        GameMaps& maps = maps_[Plan::template first_discriminator<T> + e];
        maps = {term.real(layers, teacher), term.fake(layers, student)};
        if constexpr (discriminator_first) {
          losses_[discriminator_entry<T, e>] = term.discriminator_loss(layers, maps.real, maps.fake.detach());
        } else {
          const GameLosses game = term.losses(layers, maps.real, maps.fake);
          losses_[edge_entry<T, e>] = game.generator;
          losses_[discriminator_entry<T, e>] = game.discriminator;
          add(sums[edge.student], game.generator, 1.0);
        }
      } else {
        const Tensor loss = [&] {
          if constexpr (TermMakesEdge<Term>) {
            return term.loss(cohort_.template layers<T, e>(), student, teacher);
          } else {
            return term.loss(student, teacher);
          }
        }();
        losses_[edge_entry<T, e>] = loss;
        add(sums[edge.student], loss, 1.0);
      }
    });
    add_means<T>(sums, term.weight);
  }

  /// L_G by discriminators that have moved already.
  void compute_generator_losses() {
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        const auto& term = term_at<t>();
        std::array<Tensor, network_count> sums;
        for_each_index<Plan::template edge_count<t>>([&](auto e) {
          constexpr Edge edge = Plan::template TermTopology<t>::edges[e];
          const Tensor loss = term.generator_loss(cohort_.template layers<t, e>(),
                                                  maps_[Plan::template first_discriminator<t> + e].fake);
          losses_[edge_entry<t, e>] = loss;
          add(sums[edge.student], loss, 1.0);
        });
        add_means<t>(sums, term.weight);
      }
    });
  }

  /// Adds the mean over each student's incoming edges to its total.
  template <std::size_t T>
  void add_means(const std::array<Tensor, network_count>& sums, double weight) {
    for (std::size_t k = 0; k < network_count; ++k) {
      if (!sums[k].defined()) continue;
      add(totals<T>()[k], sums[k], weight / static_cast<double>(in_degree<typename Plan::template TermTopology<T>>(k)));
    }
  }

  static void add(Tensor& total, const Tensor& loss, double weight) {
    const Tensor weighted = weight == 1.0 ? loss : loss * weight;
    total = total.defined() ? total + weighted : weighted;
  }

  // ----- non-finite losses

  /// Whether this step must not go on. Throws NonFiniteError if the policy says so.
  bool refuses() {
    if constexpr (checks_values) {
      std::vector<Tensor> known;
      for (const Tensor& loss : losses_)
        if (loss.defined()) known.push_back(loss.detach());
      if (std::isfinite(torch::stack(known).sum().template item<double>())) return false;
      for (std::size_t i = 0; i < losses_.size(); ++i) {
        if (!losses_[i].defined()) continue;
        const double value = losses_[i].template item<double>();
        if (!std::isfinite(value)) return refuse(i, value);
      }
    }
    return false;
  }

  bool refuse(std::size_t entry, double value) {
    const LossEntry& at = Plan::entries[entry];
    const char* who = at.kind == LossKind::discriminator ? " (discriminator)" : "";
    const auto message = [&](const char* advice) {
      return concat(at.place(), ": the loss ", at.term, who, " is ", value, "; no weight was changed; ", advice);
    };
    if constexpr (std::is_same_v<decltype(Options::non_finite), SkipNonFinite>) {
      ++cohort_.skipped.total;
      if (++cohort_.skipped.in_a_row < options_.non_finite.limit) return true;
      throw NonFiniteError(message("so many steps in a row were skipped that the training is lost; lower the rate"));
    } else {
      throw NonFiniteError(message("lower the learning rate of its optimizer, or choose afd::SkipNonFinite"));
    }
  }

  // ----- gradients and updates

  void take_gradients() {
    for (std::size_t k = 0; k < network_count; ++k) {
      if (logit_totals_[k].defined()) require_differentiable(logit_totals_[k], k, "logit");
      if (feature_totals_[k].defined()) require_differentiable(feature_totals_[k], k, "feature");
    }
    cohort_.runner().run([&](auto k) {
      const bool has_feature = feature_totals_[k].defined();
      if (logit_totals_[k].defined()) {
        logit_gradients_[k] = gradients(logit_totals_[k], cohort_.parameters(k), /*keep_graph=*/has_feature);
      }
      // L_D before L_G: both go through the same forward of the discriminator.
      if constexpr (!discriminator_first) take_discriminator_gradients<k>();
      if (has_feature) {
        feature_gradients_[k] = gradients(feature_totals_[k], cohort_.feature_parameters(k), /*keep_graph=*/false);
      }
    });
  }

  void update() {
    cohort_.runner().run([&](auto k) {
      if constexpr (Plan::trains(k, Level::logit)) cohort_.logit_optimizer(k).apply(logit_gradients_[k]);
      if constexpr (Plan::trains(k, Level::feature)) cohort_.feature_optimizer(k).apply(feature_gradients_[k]);
      if constexpr (!discriminator_first) update_discriminators<k>();
    });
    cohort_.skipped.in_a_row = 0;
  }

  /// body(term, edge, discriminator), as constants, for every edge with a discriminator that ends at network K.
  template <std::size_t K, class Body>
  static void for_each_discriminator(Body&& body) {
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (AdversarialTerm<typename Plan::template Term<t>>) {
        for_each_index<Plan::template edge_count<t>>([&](auto e) {
          if constexpr (Plan::template TermTopology<t>::edges[e].student == K) {
            body(t, e, Index<Plan::template first_discriminator<t> + e>{});
          }
        });
      }
    });
  }

  template <std::size_t K>
  void take_discriminator_gradients() {
    for_each_discriminator<K>([&](auto t, auto e, auto d) {
      discriminator_gradients_[d] = gradients(losses_[discriminator_entry<t, e>], cohort_.discriminator_parameters(d),
                                              /*keep_graph=*/!discriminator_first);
    });
  }

  template <std::size_t K>
  void update_discriminators() {
    for_each_discriminator<K>(
        [&](auto, auto, auto d) { cohort_.discriminator_optimizer(d).apply(discriminator_gradients_[d]); });
  }

  StepReport<Plan> report() const {
    StepReport<Plan> report;
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      if (losses_[i].defined()) report.losses[i] = losses_[i].detach();
    }
    return report;
  }

  StepReport<Plan> skipped() const {
    StepReport<Plan> report = this->report();
    // What was not computed any more is reported as what it is: not a number.
    for (Tensor& loss : report.losses) {
      if (!loss.defined()) loss = torch::full({}, std::nan(""), outputs_[0].logits.options().requires_grad(false));
    }
    report.skipped = true;
    return report;
  }

  // ----- where things are

  template <std::size_t T>
  const typename Plan::template Term<T>& term_at() const {
    return Plan::template Bound<T>::get(strategy_.template get<T>());
  }
  template <std::size_t T>
  std::array<Tensor, network_count>& totals() {
    if constexpr (Plan::template Term<T>::level == Level::logit) {
      return logit_totals_;
    } else {
      return feature_totals_;
    }
  }
  template <std::size_t T, std::size_t E>
  static constexpr std::size_t edge_entry =
      Plan::template first_entry<T> + E * (AdversarialTerm<typename Plan::template Term<T>> ? 2 : 1);
  template <std::size_t T, std::size_t E>
  static constexpr std::size_t discriminator_entry = edge_entry<T, E> + 1;

  const typename Plan::Networks& networks_;
  const typename Plan::Strategy& strategy_;
  const Options& options_;
  Cohort<Plan, Options>& cohort_;

  std::array<Outputs, network_count> outputs_;
  std::array<GameMaps, discriminator_count> maps_;
  std::array<Tensor, Plan::entry_count> losses_;
  std::array<Tensor, network_count> logit_totals_;
  std::array<Tensor, network_count> feature_totals_;
  std::array<Gradients, network_count> logit_gradients_;
  std::array<Gradients, network_count> feature_gradients_;
  std::array<Gradients, discriminator_count> discriminator_gradients_;
};

}  // namespace afd::detail
