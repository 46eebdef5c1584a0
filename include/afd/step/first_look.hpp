// SPDX-License-Identifier: MIT
#pragma once

// Says where what networks return for the first batch looks like something else than it is taken for.

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include <torch/csrc/autograd/function.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/say.hpp>
#include <afd/network/reader.hpp>
#include <afd/plan/readings.hpp>
#include <afd/strategy/term.hpp>

namespace afd::detail {

/// Rows that are not negative and sum to 1: a softmax was taken already.
[[nodiscard]] inline bool look_like_probabilities(const torch::Tensor& logits) {
  if (logits.dim() != 2 || logits.numel() == 0 || logits.size(1) < 2 || !logits.is_floating_point()) return false;
  const torch::Tensor sums = logits.to(torch::kFloat32).sum(1);
  return logits.ge(0).all().logical_and(sums.sub(1).abs().le(1e-3).all()).item<bool>();
}

/// Vectors of features that are narrower than the logits, though there are enough of them for every label.
[[nodiscard]] inline bool look_swapped(const torch::Tensor& logits, const torch::Tensor& features,
                                       const torch::Tensor& labels) {
  if (logits.dim() != 2 || features.dim() != 2 || features.size(1) >= logits.size(1)) return false;
  if (labels.scalar_type() != torch::kInt64 || labels.dim() != 1 || labels.numel() == 0) return false;
  return labels.max().item<std::int64_t>() < features.size(1);
}

/// Whether a term reads the logits of network K as what a softmax is to be taken of.
template <class Plan, class B, std::size_t K>
constexpr bool reads_logits() {
  using Flow = afd::detail::Flow<Plan, B>;
  bool found = false;
  for_each_index<Plan::term_count>([&](auto t) {
    if constexpr (std::is_same_v<typename Flow::template StudentReads<t>, Logits>) {
      if constexpr (Flow::template is_student<t, K> || Plan::template has_network_loss<t>(K)) found = true;
    }
  });
  return found;
}

/// Whether a tensor was written to in place through a view of it, after it was computed: its history says so.
[[nodiscard]] inline bool was_changed_through_view(const torch::Tensor& tensor) {
  return tensor.defined() && tensor.grad_fn() != nullptr &&
         tensor.grad_fn()->name().find("CopySlices") != std::string::npos;
}

/// Of what networks returned in a step, with a graph. Nothing is read.
template <class Plan, class B>
void tell_of_changed_features(const Readings<Plan, B>& readings, const Say& say) {
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k] && Plan::trains(k, Level::feature)) {
      if (!readings.template has<k>()) return;
      const auto& out = readings.template outputs<k>();
      if constexpr (Features::given_by<std::remove_cvref_t<decltype(out)>>) {
        if (!was_changed_through_view(values_of(Features::of(out)))) return;
        tell(say,
             concat("network ", k.value, ": its features were changed in place through a view of them; if a later ",
                    "layer does that, such as a ReLU with inplace(true) after a flatten, losses see what it made of ",
                    "them, and it is to be done without inplace"));
      }
    }
  });
}

/// For labels in one tensor; nothing is known of others.
template <class Targets>
[[nodiscard]] bool look_swapped_for(const Targets& targets, const torch::Tensor& logits,
                                    const torch::Tensor& features) {
  if constexpr (std::is_same_v<Targets, torch::Tensor>) {
    return targets.defined() && features.defined() && look_swapped(logits, features, targets);
  } else {
    return false;
  }
}

/// Reads a few values of outputs and labels, once.
template <class Plan, class B>
void tell_of_outputs(const Readings<Plan, B>& readings, const typename B::Targets& targets, const Say& say) {
  for_each_index<Plan::network_count>([&](auto k) {
    if constexpr (!Plan::frozen[k] && reads_logits<Plan, B, k>()) {
      const auto& out = readings.template outputs<k>();
      using Out = std::remove_cvref_t<decltype(out)>;
      const torch::Tensor& logits = Logits::of(out);
      if (look_like_probabilities(logits)) {
        tell(say, concat("network ", k.value, ": its logits are not negative and sum to 1 for every sample; if its ",
                         "forward ends in a softmax, leave that out: the losses take one themselves"));
      }
      if constexpr (tap_count<Out>() > 0) {
        if constexpr (Features::given_by<Out>) {
          const torch::Tensor& features = values_of(Features::of(out));
          if (!look_swapped_for(targets, logits, features)) return;
          tell(say, concat("network ", k.value, ": its logits have shape ", logits.sizes(), " and its features ",
                           features.sizes(), ", which would do for all labels of the first batch; see whether its ",
                           "forward returns one in place of the other"));
        }
      }
    }
  });
}

}  // namespace afd::detail
