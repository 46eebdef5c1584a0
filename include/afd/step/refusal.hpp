// SPDX-License-Identifier: MIT
#pragma once

// Whether a step must not go on: by its losses, or by gradients. Does whatever can fail of the updates before the first
// of them.

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch_check.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/step/cohort.hpp>
#include <afd/step/exchange.hpp>
#include <afd/step/finite_check.hpp>
#include <afd/step/objectives.hpp>

namespace afd::detail {

/// Of one step. `own` are losses of this process, `all` what they are over all processes.
template <class Plan, class Options>
class Refusal {
 public:
  using Losses = std::array<torch::Tensor, Plan::entry_count>;
  using Guard = typename Cohort<Plan, Options>::Guard;
  using Attempt = typename Guard::Attempt;

  Refusal(Cohort<Plan, Options>& cohort, const Options& options) : cohort_(cohort), options_(options) {}

  /// Whether the step is skipped. Throws NonFiniteError if it is an error; in all processes, or in none. Where networks
  /// are in different processes `all` is made here.
  template <class Inputs, class All>
  bool decide(Attempt& attempt, const Inputs& inputs, const Players& players, const Losses& own, All& all) {
    if constexpr (places) {
      const std::string problem = problem_of([&] {
        if constexpr (Guard::looks) {
          if (on_accelerator()) check_inputs_are_finite(inputs);
          if (!all_are_finite({own.begin(), own.end()})) return;  // which all see by themselves
        }
        prepare(players);
      });
      all = cohort_.exchange().agree(own, problem);
      return attempt.refuses(all, [&] { cohort_.exchange().require_no_problem(); });
    } else {
      return decide_here(attempt, inputs, players, own, all);
    }
  }

  /// What can fail of the updates with feature losses. Throws NonFiniteError, in all processes or in none.
  void prepare_features() {
    const auto prepare_each = [&] {
      cohort_.each_live([&](auto k) {
        if constexpr (Objectives<Plan, Options>::has(k, Level::feature)) {
          prepare_one(cohort_.objectives().template feature<k>());
        }
      });
    };
    if constexpr (places) {
      cohort_.exchange().agree(std::array<torch::Tensor, 0>{}, problem_of(prepare_each));
      cohort_.exchange().require_no_problem();
    } else {
      prepare_each();
    }
  }

 private:
  static constexpr bool places = places_networks<decltype(Options::exchange)>;
  static constexpr bool averages = exchanges<decltype(Options::exchange)> && !places;

  [[nodiscard]] bool on_accelerator() const { return !cohort_.device().is_cpu(); }

  /// What body() finds that is not finite; empty if it finds nothing.
  template <class Body>
  [[nodiscard]] static std::string problem_of(const Body& body) {
    try {
      body();
      return {};
    } catch (const NonFiniteError& error) {
      return error.what();
    }
  }

  void prepare(const Players& players) {
    cohort_.each_live([&](auto k) {
      cohort_.objectives().template each_of<k>(players, [](auto& objective) { objective.prepare(Guard::looks); });
    });
  }

  /// Of one objective alone.
  template <class O>
  void prepare_one(O& objective) {
    if (on_accelerator() && all_are_finite({objective.probe(Guard::looks)})) return objective.prepare_probed();
    objective.prepare(Guard::looks);
  }

  template <class Inputs>
  bool decide_here(Attempt& attempt, const Inputs& inputs, const Players& players, [[maybe_unused]] const Losses& own,
                   const Losses& all) {
    if (on_accelerator() && is_fine_at_a_glance(inputs, players, all)) return false;
    if constexpr (Guard::looks) {
      if (on_accelerator()) check_inputs_are_finite(inputs);
    }
    const auto prepare_all = [&] {
      if constexpr (averages) cohort_.exchange().require_finite();
      prepare(players);
    };
    if constexpr (averages) {
      try {
        return attempt.refuses(all, prepare_all);
      } catch (const NonFiniteError& error) {  // in every process
        throw NonFiniteError(error.what() + whose_losses_are_not_finite(own));
      }
    } else {
      return attempt.refuses(all, prepare_all);
    }
  }

  /// As the end of a sentence, if there is something to say. Asked in every process.
  [[nodiscard]] std::string whose_losses_are_not_finite(const Losses& own) {
    const bool are_finite = all_are_finite({own.begin(), own.end()});
    const std::vector<std::string> words = options_.exchange.gather(are_finite ? "finite" : "not finite");
    std::string text;
    for (std::size_t rank = 0; rank < words.size(); ++rank) {
      if (words[rank] != "finite") text += concat(text.empty() ? "; it was so in process " : " and ", rank);
    }
    return text;
  }

  /// The same on an accelerator, where the host waits for whatever it reads: one number says whether inputs, losses,
  /// gradients and updates are finite. If it does not say so, they are looked at one by one, and what is wrong is
  /// named.
  template <class Inputs>
  bool is_fine_at_a_glance(const Inputs& inputs, const Players& players, const Losses& losses) {
    std::array<std::vector<torch::Tensor>, Plan::network_count> of_networks;
    cohort_.each_live([&](auto k) {
      cohort_.objectives().template each_of<k>(
          players, [&](auto& objective) { of_networks[k].push_back(objective.probe(Guard::looks)); });
    });
    if constexpr (Guard::looks) {
      std::vector<torch::Tensor> numbers(losses.begin(), losses.end());
      append_input_probes(inputs, numbers);
      for (const auto& some : of_networks) numbers.insert(numbers.end(), some.begin(), some.end());
      if (!all_are_finite(numbers)) return false;
    }
    const auto prepare_probed = [&] {
      cohort_.each_live([&](auto k) {
        cohort_.objectives().template each_of<k>(players, [](auto& objective) { objective.prepare_probed(); });
      });
    };
    if constexpr (Guard::looks) {
      try {
        prepare_probed();
      } catch (const NonFiniteError&) {
        return false;  // the slow way decides whether the step is skipped
      }
    } else {
      prepare_probed();
    }
    return true;
  }

  Cohort<Plan, Options>& cohort_;
  const Options& options_;
};

}  // namespace afd::detail
