// SPDX-License-Identifier: MIT
#pragma once

// What a step returns: every loss, as a tensor that is read only when asked for.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/plan/loss_entry.hpp>

namespace afd {

/// The losses of one step, without weights and without a graph. On an accelerator nothing waits for the device until
/// a value is read.
template <class Plan>
struct StepReport {
  /// What each loss is; known at compile time.
  static constexpr const auto& entries = Plan::entries;

  std::array<torch::Tensor, Plan::entry_count> losses;  ///< scalars, in the order of `entries`
  std::array<bool, Plan::entry_count> computed{};       ///< false for those of a term that rests, see Every
  bool skipped = false;                                 ///< whether the step changed nothing, see SkipNonFinite

  /// All losses, in the order of `entries`, with a single wait for the device.
  [[nodiscard]] std::vector<double> values() const {
    const torch::Tensor read = stacked().to(torch::kCPU, torch::kFloat64);
    const double* first = read.data_ptr<double>();
    return {first, first + Plan::entry_count};
  }

  /// All losses as one tensor [entries], which is not read.
  [[nodiscard]] torch::Tensor stacked() const { return torch::stack(torch::TensorList(losses.data(), losses.size())); }

  /// The loss of a network, by the term's name: value("cross_entropy", 0). Throws ConfigError if there is none.
  [[nodiscard]] double value(std::string_view term, std::size_t network) const {
    return find(term, LossKind::network, network, network).template item<double>();
  }

  /// The loss of an edge: value("mutual_kl", 0, 1) for 0 -> 1. Throws ConfigError if there is none.
  [[nodiscard]] double value(std::string_view term, std::size_t teacher, std::size_t student) const {
    return find(term, LossKind::edge, student, teacher).template item<double>();
  }

  /// The discriminator's loss on an edge. Throws ConfigError if there is none.
  [[nodiscard]] double discriminator_value(std::string_view term, std::size_t teacher, std::size_t student) const {
    return find(term, LossKind::discriminator, student, teacher).template item<double>();
  }

 private:
  [[nodiscard]] const torch::Tensor& find(std::string_view term, LossKind kind, std::size_t student,
                                          std::size_t teacher) const {
    const LossEntry wanted{term, kind, student, teacher};
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (entries[i] == wanted) return losses[i];
    std::string known;
    for (const LossEntry& entry : entries) known += (known.empty() ? "" : ", ") + entry.column();
    throw ConfigError(detail::concat("this step has no loss ", wanted.column(), "; it has ", known));
  }
};

namespace detail {

/// Losses as constants. One that was not computed is reported as what it is, not a number.
template <class Plan>
[[nodiscard]] StepReport<Plan> report_of(const std::array<torch::Tensor, Plan::entry_count>& losses) {
  StepReport<Plan> report;
  torch::TensorOptions like;
  for (const torch::Tensor& loss : losses)
    if (loss.defined()) like = loss.options().requires_grad(false);
  torch::Tensor none;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (!losses[i].defined() && !none.defined()) none = torch::full({}, std::nan(""), like);
    report.computed[i] = losses[i].defined();
    report.losses[i] = losses[i].defined() ? losses[i].detach() : none;
  }
  return report;
}

}  // namespace detail
}  // namespace afd
