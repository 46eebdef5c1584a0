// SPDX-License-Identifier: MIT
#pragma once

// Losses that are means over something else than samples, over labels say, where several processes have a part of the
// batch each.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/for_each_index.hpp>
#include <afd/plan/flow.hpp>
#include <afd/plan/readings.hpp>
#include <afd/strategy/term.hpp>

namespace afd::detail {

template <class Plan, class B>
struct SharedMeans {
  /// Whether term T says what its loss is a mean over.
  template <std::size_t T>
  static constexpr bool counts =
      TermMeansOver<typename Plan::template Term<T>, typename Flow<Plan, B>::template TargetsOf<T>>;

  static constexpr bool counts_any = [] {
    bool any = false;
    for_each_index<Plan::term_count>([&](auto t) { any = any || counts<t>; });
    return any;
  }();

  /// The samples of this process's part, and what the losses of terms are means over in it.
  [[nodiscard]] static torch::Tensor of(const typename Plan::Strategy& strategy, const typename B::Targets& targets,
                                        std::int64_t samples, const torch::Device& device) {
    const torch::NoGradGuard no_grad;
    const auto wide = torch::TensorOptions(device).dtype(torch::kFloat64);
    std::vector<torch::Tensor> all{torch::full({}, samples, wide)};
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (counts<t>) {
        const auto& term = Plan::template Bound<t>::get(strategy.template get<t>());
        all.push_back(term.mean_over(Readings<Plan, B>::template targets<t>(targets)).to(wide));
      }
    });
    return torch::stack(all);
  }

  /// A mean over c things of a process's n samples is one over the C of all N samples if it is weighted with c / C:
  /// with n / N, as gradients are, and with (c / n) (N / C). Undefined for terms that say nothing. `own` and `all` are
  /// what of() gave here, and its sum over processes.
  [[nodiscard]] static std::array<torch::Tensor, Plan::term_count> factors(const torch::Tensor& own,
                                                                           const torch::Tensor& all) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor shares = torch::where(all > 0, own / all, torch::zeros_like(all)) * (all[0] / own[0]);
    std::array<torch::Tensor, Plan::term_count> of_terms;
    std::int64_t next = 1;
    for_each_index<Plan::term_count>([&](auto t) {
      if constexpr (counts<t>) of_terms[t] = shares[next++];
    });
    return of_terms;
  }
};

}  // namespace afd::detail
