// SPDX-License-Identifier: MIT
#pragma once

// One training step, which alone takes gradients and updates. It reads like the method: one forward per network, every
// loss, every gradient, and only then the updates.
//
// What a teacher gives to an edge is a constant (see plan/readings.hpp), so nothing is reached but what
// step/objectives.hpp names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/data/batch_check.hpp>
#include <afd/data/views.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>
#include <afd/plan/readings.hpp>
#include <afd/step/averages.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/first_look.hpp>
#include <afd/step/losses.hpp>
#include <afd/step/objectives.hpp>
#include <afd/step/options.hpp>
#include <afd/step/refusal.hpp>
#include <afd/step/report.hpp>
#include <afd/step/shared_means.hpp>

namespace afd::detail {

/// `B` is a BasicBatch.
template <class Plan, class Options, class B>
class Step {
 public:
  Step(const typename Plan::Networks& networks, const typename Plan::Strategy& strategy, const Options& options,
       Cohort<Plan, Options>& cohort)
      : networks_(networks),
        strategy_(strategy),
        options_(options),
        cohort_(cohort),
        losses_(strategy, cohort.edges(), readings_, {cohort.steps}, cohort.device()),
        refusal_(cohort, options) {}

  /// `samples`: how many there are in the batch. `wants_to_stop`: why, which other processes are told; 0: it
  /// does not.
  StepReport<Plan> run(const B& batch, std::int64_t samples, [[maybe_unused]] int wants_to_stop = 0) {
    samples_ = samples;
    if constexpr (exchanges_any) {
      cohort_.exchange().begin_step(wants_to_stop);
      if constexpr (shares_means) {
        cohort_.exchange().begin_counts(Means::of(strategy_, batch.targets, samples, cohort_.device()));
      }
    }
    if constexpr (Guard::looks) {
      if (cohort_.device().is_cpu()) on_first_worker([&] { check_inputs_are_finite(batch.inputs); });
    }
    for_each_index<network_count>([&](auto k) {
      if constexpr (!Plan::frozen[k]) ensure_train_mode(module_of(std::get<k>(networks_)));
    });
    cohort_.objectives().forget();
    cohort_.objectives().count_samples(samples);
    cohort_.stray_gradients().note();
    typename Guard::Attempt attempt(cohort_.guard(), options_.non_finite);

    // Networks wait for each other where one phase ends: an edge needs both of its networks' forwards, and no weight
    // may change before every loss is known.
    forward(batch.inputs, samples);
    if constexpr (places) {
      cohort_.exchange().share_views(readings_, cohort_.template views_like<B>(), DueTerms<Plan>{cohort_.steps});
    }
    if (cohort_.begins_to_note()) tell_of_changed_features<Plan, B>(readings_, options_.say);
    on_first_worker(
        [&] { cohort_.each_live_in_turn([&](auto k) { losses_.template check<k>(batch.targets, Guard::looks); }); });
    if constexpr (shares_means) {
      const auto [own, all] = cohort_.exchange().finish_counts();
      losses_.share(Means::factors(own, all));
    }
    if constexpr (discriminator_first) {
      cohort_.each_live([&](auto k) {
        losses_.template compute<k>(batch.targets);
        take_discriminators<k>();
      });
      cohort_.stray_gradients().require_none();
      exchange({.own = false}, /*is_last=*/false);
      if (refuses(attempt, batch.inputs, {.own = false})) return end(attempt, /*skipped=*/true);
      attempt.changes_discriminators();
      cohort_.each_live([&](auto k) {
        update_discriminators<k>();
        losses_.template compute_generators<k>();
        take_own<k>();
      });
      exchange({.discriminators = false}, /*is_last=*/!logit_first);
      if (refuses(attempt, batch.inputs, {.discriminators = false})) return end(attempt, /*skipped=*/true);
    } else {
      cohort_.each_live([&](auto k) {
        losses_.template compute<k>(batch.targets);
        take_discriminators<k>();  // before L_G: both go through one forward of the discriminator
        take_own<k>();
      });
      exchange({}, /*is_last=*/!logit_first);
      if (refuses(attempt, batch.inputs, {})) return end(attempt, /*skipped=*/true);
    }
    cohort_.stray_gradients().require_none();
    require_averages_can_follow<Plan>(networks_);
    attempt.changes_weights();
    if constexpr (logit_first) {
      cohort_.each_live([&](auto k) { update_logits_and_take_features<k>(); });
      exchange({.discriminators = false}, /*is_last=*/true);
      prepare_features();
    }
    cohort_.each_live([&](auto k) {
      if constexpr (logit_first) {
        update_features<k>();
      } else {
        cohort_.objectives().template each_own<k>([](auto& objective) { objective.apply(); });
      }
      if constexpr (!discriminator_first) update_discriminators<k>();
    });
    if constexpr (averages) cohort_.exchange().settle_statistics();
    ++cohort_.steps;
    let_averages_follow<Plan>(networks_, cohort_.steps, [&](std::size_t k) { return cohort_.is_here(k); });
    attempt.has_changed(losses());
    cohort_.note_reached(networks_, options_.say);
    return end(attempt, /*skipped=*/false);
  }

 private:
  static constexpr std::size_t network_count = Plan::network_count;
  static constexpr bool discriminator_first =
      std::is_same_v<decltype(Options::order), DiscriminatorFirst> && Plan::discriminator_count > 0;
  static constexpr bool logit_first = Objectives<Plan, Options>::logit_first;
  static constexpr bool exchanges_any = exchanges<decltype(Options::exchange)>;
  /// Whether networks are in different processes; else these average their gradients.
  static constexpr bool places = places_networks<decltype(Options::exchange)>;
  static constexpr bool averages = exchanges_any && !places;
  using Means = SharedMeans<Plan, B>;
  static constexpr bool shares_means = averages && Means::counts_any;
  /// Whether networks are computed one after the other, so that what one has can be sent while the next is computed:
  /// in the same order in every process.
  static constexpr bool sends_at_once = averages && std::is_same_v<decltype(Options::execution), Sequential>;
  using Guard = typename Cohort<Plan, Options>::Guard;
  using Attempt = typename Guard::Attempt;

  /// What reads data does so on a thread of the networks': this one has its own in LibTorch, which would wake up.
  template <class Body>
  void on_first_worker(const Body& body) {
    cohort_.runner().run([&](auto k) {
      if constexpr (k == 0) body();
    });
  }

  /// Every network's outputs, and what the terms see of them.
  void forward(const typename B::Inputs& given, std::int64_t samples) {
    const auto inputs = in_layout(given, cohort_.channels_last());
    cohort_.runner().run([&](auto k) {
      if constexpr (Plan::is_read(k)) {
        if (!cohort_.is_here(k)) return;
        auto& network = std::get<k>(networks_);
        const auto& own = inputs_of<k, network_count>(inputs);
        auto outputs = named([&] { return run_in(options_.precision, network, own); }, "network ", k.value);
        readings_.template read<k>(strategy_, std::move(outputs), samples, DueTerms<Plan>{cohort_.steps});
      }
    });
  }

  [[nodiscard]] double scale() const { return cohort_.guard().loss_scale.now(); }

  template <std::size_t K>
  void take_discriminators() {
    cohort_.objectives().template each_discriminator<K>([&](auto& objective, auto t, auto e) {
      const torch::Tensor& loss = losses_.template of_discriminator<t, e>();
      if (loss.defined()) take(objective, loss, /*keep_graph=*/!discriminator_first);
    });
  }

  /// Of network K's logit and feature loss; with JointUpdate, of their sum; with LogitFirst, of the logit loss only.
  template <std::size_t K>
  void take_own() {
    auto& objectives = cohort_.objectives();
    const torch::Tensor& logit = losses_.logit(K);
    const torch::Tensor& feature = losses_.feature(K);
    if constexpr (Objectives<Plan, Options>::joint) {
      const torch::Tensor sum = logit.defined() && feature.defined() ? logit + feature
                                : logit.defined()                    ? logit
                                                                     : feature;
      if (sum.defined()) take(objectives.template logit<K>(), sum, /*keep_graph=*/false);
    } else {
      if constexpr (Plan::trains(K, Level::logit)) {
        if (logit.defined()) take(objectives.template logit<K>(), logit, /*keep_graph=*/feature.defined());
      }
      if constexpr (Plan::trains(K, Level::feature) && !logit_first) {
        if (feature.defined()) take(objectives.template feature<K>(), feature, /*keep_graph=*/false);
      }
    }
  }

  template <class O>
  void take(O& objective, const torch::Tensor& loss, bool keep_graph) {
    objective.take(loss, keep_graph, scale());
    if constexpr (sends_at_once) objective.exchange(cohort_.exchange(), Guard::looks);
  }

  /// Makes gradients, losses and, by what is the last of a step, running statistics those of all processes.
  void exchange([[maybe_unused]] const Players& players, [[maybe_unused]] bool is_last) {
    if constexpr (averages) {
      auto& exchange = cohort_.exchange();
      const auto each = [&](const auto& body) {
        for_each_index<network_count>([&](auto k) {
          if constexpr (!Plan::frozen[k]) cohort_.objectives().template each_of<k>(players, body);
        });
      };
      if constexpr (!sends_at_once) each([&](auto& objective) { objective.exchange(exchange, Guard::looks); });
      shared_losses_ =
          exchange.finish(losses_.all(), samples_, is_last ? cohort_.statistics() : std::vector<torch::Tensor>());
      each([](auto& objective) { objective.is_exchanged(); });
    }
  }

  /// Of all processes.
  [[nodiscard]] const std::array<torch::Tensor, Plan::entry_count>& losses() const {
    if constexpr (exchanges_any) {
      return shared_losses_;
    } else {
      return losses_.all();
    }
  }

  template <std::size_t K>
  void update_logits_and_take_features() {
    auto& objectives = cohort_.objectives();
    if constexpr (Plan::trains(K, Level::logit)) objectives.template logit<K>().apply_behind_autograd();
    if constexpr (Plan::trains(K, Level::feature)) {
      if (losses_.feature(K).defined()) {
        take(objectives.template feature<K>(), losses_.feature(K), /*keep_graph=*/false);
      }
    }
  }
  /// Throws NonFiniteError, in all processes.
  void prepare_features() {
    try {
      refusal_.prepare_features();
    } catch (const NonFiniteError& error) {
      throw NonFiniteError(concat(error.what(), "; with LogitFirst the logit loss has changed weights by then"));
    }
  }
  template <std::size_t K>
  void update_features() {
    auto& objectives = cohort_.objectives();
    if constexpr (Plan::trains(K, Level::feature)) objectives.template feature<K>().apply();
    if constexpr (Plan::trains(K, Level::logit)) objectives.template logit<K>().tell_autograd();
  }

  bool refuses(Attempt& attempt, const typename B::Inputs& inputs, const Players& players) {
    if constexpr (exchanges_any) {
      return refusal_.decide(attempt, inputs, players, losses_.all(), shared_losses_);
    } else {
      return refusal_.decide(attempt, inputs, players, losses_.all(), losses_.all());
    }
  }

  template <std::size_t K>
  void update_discriminators() {
    cohort_.objectives().template each_discriminator<K>([](auto& objective, auto, auto) { objective.apply(); });
  }

  /// The report of this step; once it is made, nothing of the step can fail any more.
  StepReport<Plan> end(Attempt& attempt, bool skipped) {
    StepReport<Plan> report = report_of<Plan>(losses());
    report.skipped = skipped;
    cohort_.objectives().forget();
    attempt.ends();
    return report;
  }

  const typename Plan::Networks& networks_;
  const typename Plan::Strategy& strategy_;
  const Options& options_;
  Cohort<Plan, Options>& cohort_;
  Readings<Plan, B> readings_;
  Losses<Plan, B, discriminator_first, averages> losses_;
  Refusal<Plan, Options> refusal_;
  std::int64_t samples_ = 0;
  struct None {};
  [[no_unique_address]] std::conditional_t<exchanges_any, std::array<torch::Tensor, Plan::entry_count>, None>
      shared_losses_;
};

}  // namespace afd::detail
