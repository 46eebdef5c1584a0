// SPDX-License-Identifier: MIT
#pragma once

// A running optimizer that goes over the memory of parameter, gradient and state once, on the CPU. LibTorch's own
// take several operators for each parameter, each with a pass and a dispatch of its own.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <Eigen/Core>

#include <afd/detail/concat.hpp>
#include <afd/optim/rule_table.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd::detail {

/// A piece of memory, small enough that what several expressions read stays in the first-level cache.
template <class Scalar>
using Piece = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
inline constexpr std::int64_t piece_size = 2048;

/// Whether FusedState can take them: on the CPU, of float or double, dense, all of one dtype.
[[nodiscard]] inline bool can_fuse(const std::vector<torch::Tensor>& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [&](const torch::Tensor& parameter) {
    const auto dtype = parameter.scalar_type();
    return parameter.device().is_cpu() && (dtype == torch::kFloat32 || dtype == torch::kFloat64) &&
           dtype == parameters.front().scalar_type() && parameter.is_non_overlapping_and_dense();
  });
}

/// Rule is the update of some elements:
///   static constexpr std::size_t slots                         how many numbers it keeps per element, e.g. momentum
///   static constexpr std::array<const char*, slots> slot_names  what they are called in files
///   double lr                                                  the rate that scale_rate multiplies
///   auto coefficients(double rate, std::int64_t step) const    what is the same for all elements; steps from 1
///   void update(coefficients, scale, w, g, slots) const        w and slots in place, along scale * g
/// All state lies in one tensor [slots, elements]. Steps are counted per parameter: one without a gradient rests.
template <class Rule>
class FusedState {
 public:
  FusedState(std::vector<torch::Tensor> parameters, RuleTable<Rule> rules)
      : parameters_(std::move(parameters)), rules_(std::move(rules)), steps_(parameters_.size(), 0) {
    std::int64_t total = 0;
    for (const torch::Tensor& parameter : parameters_) {
      offsets_.push_back(total);
      total += parameter.numel();
    }
    const auto options = parameters_.front().options().requires_grad(false).memory_format(torch::nullopt);
    state_ = torch::zeros({static_cast<std::int64_t>(Rule::slots), total}, options);
  }

  /// One step along `scale` times the gradients.
  void apply(std::span<const torch::Tensor> gradients, double scale) {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      ++steps_[i];
      if (parameters_[i].scalar_type() == torch::kFloat32) {
        update<float>(i, gradients[i], scale);
      } else {
        update<double>(i, gradients[i], scale);
      }
      // Autograd cannot see a write through a pointer; without this, a graph that still needs the old values would
      // take the new ones in silence. Unless the caller wants just that, in the way LibTorch's own operators are told.
      if (!c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::ADInplaceOrView)) {
        parameters_[i].unsafeGetTensorImpl()->bump_version();
      }
    }
  }

  /// The sum of the squares of all elements; the same bits with any number of threads.
  [[nodiscard]] double squared_norm(std::span<const torch::Tensor> gradients) const {
    const torch::NoGradGuard no_grad;
    double sum = 0;
    for (const torch::Tensor& gradient : gradients) {
      if (!gradient.defined()) continue;
      const torch::Tensor dense = gradient.is_non_overlapping_and_dense() ? gradient : gradient.contiguous();
      sum += dense.scalar_type() == torch::kFloat64   ? squared_norm<double>(dense)
             : dense.scalar_type() == torch::kFloat32 ? squared_norm<float>(dense)
                                                      : squared_norm<float>(dense.to(torch::kFloat32));
    }
    return sum;
  }

  /// Rates are so many times those of the rules.
  void scale_rate(double factor) { factor_ = factor; }

  [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }

  /// Names each parameter's steps and slots to a visitor: "momentum/" + its name, and so on.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      visitor.integer("steps/" + names[i], steps_[i]);
      for (std::size_t s = 0; s < Rule::slots; ++s) {
        visitor.tensor(concat(Rule::slot_names[s], '/', names[i]), slot(s, i));
      }
    }
  }

 private:
  /// The numbers of parameter `i`, in its shape: they lie in its order of memory, which may differ from run to run.
  [[nodiscard]] torch::Tensor slot(std::size_t s, std::size_t i) const {
    const std::int64_t first = static_cast<std::int64_t>(s) * state_.size(1) + offsets_[i];
    return state_.as_strided(parameters_[i].sizes(), parameters_[i].strides(), first);
  }

  template <class Scalar>
  static double squared_norm(const torch::Tensor& gradient) {
    const auto* g = gradient.data_ptr<Scalar>();
    double sum = 0;
    for (std::int64_t at = 0; at < gradient.numel(); at += piece_size) {
      using Constant = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
      sum += static_cast<double>(Constant(g + at, std::min(piece_size, gradient.numel() - at)).square().sum());
    }
    return sum;
  }

  template <class Scalar>
  void update(std::size_t i, const torch::Tensor& given, double scale) {
    torch::Tensor& parameter = parameters_[i];
    // Elements must lie in the same order; a gradient nearly always comes so.
    const bool same_order =
        given.strides() == parameter.strides() || (given.is_contiguous() && parameter.is_contiguous());
    torch::Tensor gradient = given;
    if (given.scalar_type() != parameter.scalar_type() || !same_order) {
      gradient = torch::empty_like(parameter).copy_(given);
    }
    auto* w = parameter.data_ptr<Scalar>();
    auto* g = gradient.data_ptr<Scalar>();
    auto* state = state_.data_ptr<Scalar>() + offsets_[i];
    const std::int64_t stride = state_.size(1);
    const Rule& rule = rules_[i];
    const auto coefficients = rule.template coefficients<Scalar>(rule.lr * factor_, steps_[i]);
    at::parallel_for(0, parameter.numel(), 16 * piece_size, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin; at < end; at += piece_size) {
        const std::int64_t size = std::min(piece_size, end - at);
        const auto slot = [&](std::size_t s) {
          return Piece<Scalar>(state + static_cast<std::int64_t>(s) * stride + at, size);
        };
        Piece<Scalar> weights(w + at, size);
        const Piece<Scalar> gradients(g + at, size);
        [&]<std::size_t... S>(std::index_sequence<S...>) {
          std::array<Piece<Scalar>, Rule::slots> slots{slot(S)...};
          rule.update(coefficients, static_cast<Scalar>(scale), weights, gradients, slots);
        }(std::make_index_sequence<Rule::slots>{});
      }
    });
  }

  std::vector<torch::Tensor> parameters_;
  RuleTable<Rule> rules_;
  double factor_ = 1.0;
  std::vector<std::int64_t> steps_;
  std::vector<std::int64_t> offsets_;
  torch::Tensor state_;
};

}  // namespace afd::detail
