// SPDX-License-Identifier: MIT
#pragma once

// What a step does about losses and gradients that are not finite.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <Eigen/Core>

#include <afd/detail/concat.hpp>
#include <afd/detail/libtorch.hpp>
#include <afd/error.hpp>
#include <afd/plan/loss_entry.hpp>
#include <afd/step/options.hpp>

namespace afd::detail {

/// Steps that were skipped because a loss or a gradient was not finite.
struct SkippedSteps {
  std::int64_t total = 0;
  std::int64_t in_a_row = 0;
};

/// True if the step is to be skipped; counted in `skipped`. Throws NonFiniteError if the policy says so.
template <class Policy>
bool refuse(const std::string& message, const Policy& policy, SkippedSteps& skipped) {
  if constexpr (std::is_same_v<Policy, SkipNonFinite>) {
    if (skipped.in_a_row + 1 >= policy.limit) {
      throw NonFiniteError(message + "so many steps in a row were skipped that the training is lost; lower the rate");
    }
    ++skipped.total;
    ++skipped.in_a_row;
    return true;
  } else {
    throw NonFiniteError(message + "lower the learning rate of its optimizer, or choose afd::SkipNonFinite");
  }
}

/// Whether all of these numbers, on one device, are finite; undefined ones are. The host waits once, for all of them.
[[nodiscard]] inline bool all_are_finite(const std::vector<torch::Tensor>& numbers) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> known;
  for (const torch::Tensor& number : numbers) {
    if (!number.defined()) continue;
    const torch::Tensor constant = number.detach();
    const bool is_like = known.empty() || constant.scalar_type() == known.front().scalar_type();
    known.push_back(is_like ? constant : constant.to(known.front().scalar_type()));
  }
  return known.empty() || std::isfinite(torch::stack(known).sum().item<double>());
}

/// The norm of each gradient, [N] on their device; undefined for none.
[[nodiscard]] inline torch::Tensor norms_of(const std::vector<torch::Tensor>& gradients) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> known;
  for (const torch::Tensor& gradient : gradients)
    if (gradient.defined()) known.push_back(gradient);
  return known.empty() ? torch::Tensor() : torch::stack(at::_foreach_norm(known));
}

/// Their sum, a number that is finite if the gradients are; undefined for none.
[[nodiscard]] inline torch::Tensor sum_of_norms(const std::vector<torch::Tensor>& gradients) {
  const torch::Tensor norms = norms_of(gradients);
  return norms.defined() ? norms.sum() : norms;
}

/// The norm of all gradients together, a number; undefined for none.
[[nodiscard]] inline torch::Tensor norm_of(const std::vector<torch::Tensor>& gradients) {
  const torch::Tensor norms = norms_of(gradients);
  return norms.defined() ? norms.norm() : norms;
}

/// Whether a step with these losses must not go on. Undefined ones were not computed. Reads one value if all is well.
template <class Plan, std::size_t N, class Policy>
bool refuses_losses(const std::array<torch::Tensor, N>& losses, const Policy& policy, SkippedSteps& skipped) {
  std::vector<torch::Tensor> known;
  for (const torch::Tensor& loss : losses)
    if (loss.defined()) known.push_back(loss.detach());
  if (known.empty() || std::isfinite(torch::stack(known).sum().template item<double>())) return false;
  for (std::size_t i = 0; i < N; ++i) {
    if (!losses[i].defined()) continue;
    const double value = losses[i].template item<double>();
    if (std::isfinite(value)) continue;
    const LossEntry& at = Plan::entries[i];
    const char* who = at.kind == LossKind::discriminator ? " (discriminator)" : "";
    return refuse(concat(at.place(), ": the loss ", at.term, who, " is ", value, "; no weight was changed; "), policy,
                  skipped);
  }
  return false;
}

/// Throws NonFiniteError if an element of a gradient is not finite. Undefined ones are. On an accelerator the host
/// waits for each of them, so that there a step asks all_are_finite() before.
inline void require_finite_gradients(const std::vector<torch::Tensor>& gradients) {
  const torch::NoGradGuard no_grad;
  // One cheap pass; only a sum that is not finite is worth a second look, for it may have overflown.
  const auto sum_is_finite = [](const torch::Tensor& gradient) {
    const auto of = [&](const auto* first) {
      using Scalar = std::remove_cvref_t<decltype(*first)>;
      const Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>> all(first, gradient.numel());
      return std::isfinite(all.sum());
    };
    const bool is_plain = gradient.device().is_cpu() && gradient.is_non_overlapping_and_dense();
    if (is_plain && gradient.scalar_type() == torch::kFloat32) return of(gradient.data_ptr<float>());
    if (is_plain && gradient.scalar_type() == torch::kFloat64) return of(gradient.data_ptr<double>());
    return std::isfinite(gradient.sum(torch::kFloat32).item<double>());
  };
  for (const torch::Tensor& gradient : gradients) {
    if (!gradient.defined() || sum_is_finite(gradient) || gradient.isfinite().all().item<bool>()) continue;
    throw NonFiniteError(concat("one of shape ", gradient.sizes(), " holds NaN or infinity, though the loss is finite",
                                way_out_of_unset_memory()));
  }
}

/// Runs `prepare`, which throws NonFiniteError for gradients that no optimizer must see.
template <class Prepare, class Policy>
bool refuses_gradients(const Prepare& prepare, const Policy& policy, SkippedSteps& skipped) {
  try {
    prepare();
    return false;
  } catch (const NonFiniteError& error) {
    const std::string message = concat(error.what(), "; no weight was changed");
    if constexpr (!std::is_same_v<Policy, SkipNonFinite>) throw NonFiniteError(message);
    return refuse(message + "; ", policy, skipped);
  }
}

}  // namespace afd::detail
