// SPDX-License-Identifier: MIT
#pragma once

// What terms see of networks after their forwards: the outputs, and each term's views of them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include <torch/types.h>

#include <afd/data/tensors.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/named.hpp>
#include <afd/plan/flow.hpp>

namespace afd::detail {

/// Of one step, or one look. Every part is written by its own network's forward only.
template <class Plan, class B>
class Readings {
 public:
  using Flow = afd::detail::Flow<Plan, B>;
  static constexpr std::size_t network_count = Plan::network_count;
  static constexpr std::size_t term_count = Plan::term_count;

  /// Keeps what network K returned and takes every view of it for terms that are due: `is_due(t)`. `samples`: in the
  /// batch. Throws ShapeError, naming network or term, for outputs that a term cannot read.
  template <std::size_t K, class Out, class IsDue>
  void read(const typename Plan::Strategy& strategy, Out outputs, std::int64_t samples, const IsDue& is_due) {
    std::get<K>(outputs_).emplace(std::move(outputs));
    const auto& out = *std::get<K>(outputs_);
    for_each_index<term_count>([&](auto t) {
      if (!is_due(t)) return;
      if constexpr (Flow::template is_student<t, K> || Plan::template has_network_loss<t>(K)) {
        check<typename Flow::template StudentReads<t>, K>(out, samples);
      }
      if constexpr (Flow::template is_student<t, K>) {
        std::get<K>(std::get<t>(students_)).emplace(view<t, K, typename Flow::template StudentReads<t>>(strategy, out));
      }
      if constexpr (Flow::template is_teacher<t, K>) teach<t, K>(strategy, out, samples);
    });
  }

  /// Whether network K was run, here.
  template <std::size_t K>
  [[nodiscard]] bool has() const {
    return std::get<K>(outputs_).has_value();
  }
  /// What network K returned.
  template <std::size_t K>
  [[nodiscard]] const auto& outputs() const {
    return *std::get<K>(outputs_);
  }

  /// What term T, one of networks, reads of network K: a value if its reader makes one.
  template <std::size_t T, std::size_t K>
  [[nodiscard]] decltype(auto) of_network() const {
    return Flow::template StudentReads<T>::of(outputs<K>());
  }

  /// What term T compares of network K as a student, and as a teacher: as a constant.
  template <std::size_t T, std::size_t K>
  [[nodiscard]] const auto& student() const {
    return *std::get<K>(std::get<T>(students_));
  }
  template <std::size_t T, std::size_t K>
  [[nodiscard]] const auto& teacher() const {
    return *std::get<K>(std::get<T>(teachers_));
  }

  /// Teachers' views as they are here, with tensors that hold nothing; no more than that.
  [[nodiscard]] Readings teachers_alone() const {
    Readings alone;
    for_each_index<term_count>([&](auto t) {
      for_each_index<network_count>([&](auto k) {
        if constexpr (Flow::template is_teacher<t, k>) {
          alone.template accept<t, k>(*this, [](const torch::Tensor& tensor) {
            return tensor.defined() ? torch::empty({0}, tensor.options()) : tensor;
          });
        }
      });
    });
    return alone;
  }

  /// Takes for network K's view as a teacher of term T that of `like`, with tensors made of its own: tensor(own).
  template <std::size_t T, std::size_t K, class MakesTensor>
  void accept(const Readings& like, const MakesTensor& tensor) {
    std::get<K>(std::get<T>(teachers_)).emplace(map_tensors(like.template teacher<T, K>(), tensor));
  }

  /// What term T is given of a batch's targets.
  template <std::size_t T>
  [[nodiscard]] static const auto& targets(const typename B::Targets& targets) {
    return Flow::template TargetReads<T>::of(targets);
  }

 private:
  template <class Sequence>
  struct Slots;
  template <std::size_t... K>
  struct Slots<std::index_sequence<K...>> {
    using Outputs = std::tuple<std::optional<typename Flow::template Returns<K>>...>;
    template <std::size_t T>
    using Students = std::tuple<std::optional<typename Flow::template StudentView<T, K>>...>;
    template <std::size_t T>
    using Teachers = std::tuple<std::optional<typename Flow::template TeacherView<T, K>>...>;
  };
  using AllSlots = Slots<std::make_index_sequence<network_count>>;
  template <class Sequence>
  struct OfTerms;
  template <std::size_t... T>
  struct OfTerms<std::index_sequence<T...>> {
    using Students = std::tuple<typename AllSlots::template Students<T>...>;
    using Teachers = std::tuple<typename AllSlots::template Teachers<T>...>;
  };
  using AllTerms = OfTerms<std::make_index_sequence<term_count>>;

  template <class Reader, std::size_t K, class Out>
  static void check(const Out& out, std::int64_t samples) {
    named([&] { Reader::check(out, samples); }, "network ", K);
  }

  template <std::size_t T, std::size_t K, class Reader, class Out>
  [[nodiscard]] static auto view(const typename Plan::Strategy& strategy, const Out& out) {
    const auto& term = Plan::template Bound<T>::get(strategy.template get<T>());
    return named([&] { return term.view(Reader::of(out)); }, "network ", K, ", term ", Plan::template name<T>);
  }

  /// The same as a constant, for those who learn from it.
  template <std::size_t T, std::size_t K, class Out>
  void teach(const typename Plan::Strategy& strategy, const Out& out, std::int64_t samples) {
    auto& slot = std::get<K>(std::get<T>(teachers_));
    const auto constant = [](const auto& seen) {
      return map_tensors(seen, [](const torch::Tensor& tensor) { return tensor.detach(); });
    };
    if constexpr (Flow::template is_student<T, K> && Flow::template shares_views<T>) {
      slot.emplace(constant(student<T, K>()));
    } else {
      check<typename Flow::template TeacherReads<T>, K>(out, samples);
      auto seen = view<T, K, typename Flow::template TeacherReads<T>>(strategy, out);
      if constexpr (Plan::frozen[K]) {
        slot.emplace(std::move(seen));
      } else {
        slot.emplace(constant(seen));
      }
    }
  }

  typename AllSlots::Outputs outputs_;
  typename AllTerms::Students students_;
  typename AllTerms::Teachers teachers_;
};

}  // namespace afd::detail
