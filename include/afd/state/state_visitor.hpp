// SPDX-License-Identifier: MIT
#pragma once

// Saving, checking and loading a state, each a visitor of the same enumeration: what has a state names its parts once,
// to a visitor, and never forgets one of them in one of the three. Checking comes before loading, so that nothing is
// ever half-loaded.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/state/state_dict.hpp>

namespace afd {

/// Loads a part that is not made of numbers: throws if the text is no good, else returns what puts it into place.
using StageText = std::function<std::function<void()>(const std::string&)>;

/// A visitor of a state's parts:
///   visitor.tensor(key, tensor)              its elements; shape, dtype and strides stay as they are
///   visitor.optional(key, tensor, like)      a tensor that may be undefined, else is like `like`
///   visitor.integer(key, number), visitor.real(key, number)
///   visitor.text(key, text, stage)           something that has a text of its own
///   visitor.same(key, number)                a number that loading cannot change: it must be the same here
template <class V>
concept StateVisitor = requires(V& visitor, const std::string& key, torch::Tensor tensor, std::int64_t& integer,
                                double& real, const StageText& stage) {
  visitor.tensor(key, tensor);
  visitor.optional(key, tensor, tensor);
  visitor.integer(key, integer);
  visitor.real(key, real);
  visitor.text(key, [] { return std::string(); }, stage);
  visitor.same(key, integer);
};

/// Copies every part into a StateDict.
class SaveState {
 public:
  explicit SaveState(StateDict& state) : state_(state) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) { state_.set(key, tensor); }
  void optional(const std::string& key, const torch::Tensor& tensor, const torch::Tensor& /*like*/) {
    if (tensor.defined()) state_.set(key, tensor);
  }
  void integer(const std::string& key, std::int64_t number) { state_.set(key, number); }
  void real(const std::string& key, double number) { state_.set(key, number); }
  void same(const std::string& key, std::int64_t number) { state_.set(key, number); }
  template <class Text>
  void text(const std::string& key, const Text& text, const StageText& /*stage*/) {
    state_.set(key, text());
  }

 private:
  StateDict& state_;
};

namespace detail {

/// Throws ConfigError for a tensor that shows one element at many places, as expand() gives: no values can be read into
/// it.
inline void require_own_elements(std::string_view key, const torch::Tensor& tensor) {
  for (std::int64_t d = 0; d < tensor.dim(); ++d) {
    if (tensor.size(d) < 2 || tensor.stride(d) != 0) continue;
    throw ConfigError(concat(key, " here shows one element at ", tensor.size(d),
                             " places, so that nothing can be read into it; register expanded tensors as x.clone()"));
  }
}

}  // namespace detail

/// Throws FormatError, naming the part, if a StateDict lacks one of the parts or has it in another shape or dtype;
/// ConfigError for one that cannot be written to.
class CheckState {
 public:
  explicit CheckState(const StateDict& state) : state_(state) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) {
    const auto& saved = get<torch::Tensor>(key);
    detail::require_own_elements(key, tensor);
    if (saved.sizes() == tensor.sizes() && saved.scalar_type() == tensor.scalar_type()) return;
    throw FormatError(detail::concat(key, " is ", saved.scalar_type(), ' ', saved.sizes(), " in the file, but ",
                                     tensor.scalar_type(), ' ', tensor.sizes(), " here"));
  }
  void optional(const std::string& key, const torch::Tensor& /*tensor*/, const torch::Tensor& like) {
    if (state_.contains(key)) tensor(key, like);
  }
  void integer(const std::string& key, std::int64_t /*number*/) { static_cast<void>(get<std::int64_t>(key)); }
  void real(const std::string& key, double /*number*/) { static_cast<void>(get<double>(key)); }
  void same(const std::string& key, std::int64_t number) {
    if (const std::int64_t saved = get<std::int64_t>(key); saved != number) {
      throw FormatError(detail::concat(key, " is ", saved, " in the file, but ", number, " here"));
    }
  }
  template <class Text>
  void text(const std::string& key, const Text& /*text*/, const StageText& stage) {
    static_cast<void>(stage(get<std::string>(key)));
  }

  /// Throws FormatError for a part whose key begins with one of `prefixes` and that nobody has asked for: the state is
  /// of something that has more parts.
  void require_no_more(std::initializer_list<std::string_view> prefixes) const {
    for (const auto& [key, value] : state_.values()) {
      const auto begins = [&name = key](std::string_view prefix) { return name.starts_with(prefix); };
      if (!std::any_of(prefixes.begin(), prefixes.end(), begins) || asked_.contains(key)) continue;
      throw FormatError(key + " is in the file, but not here");
    }
  }

 private:
  template <class T>
  const T& get(const std::string& key) {
    asked_.insert(key);
    return state_.get<T>(key);
  }

  const StateDict& state_;
  std::set<std::string, std::less<>> asked_;
};

/// Puts every part into place; for a StateDict that has been checked.
class LoadState {
 public:
  explicit LoadState(const StateDict& state) : state_(state) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) {
    const torch::NoGradGuard no_grad;
    torch::Tensor place = tensor;
    place.copy_(state_.get<torch::Tensor>(key));
  }
  void optional(const std::string& key, torch::Tensor& tensor, const torch::Tensor& like) {
    const torch::NoGradGuard no_grad;
    tensor = torch::Tensor();
    if (state_.contains(key)) tensor = torch::empty_like(like).copy_(state_.get<torch::Tensor>(key));
  }
  void integer(const std::string& key, std::int64_t& number) { number = state_.get<std::int64_t>(key); }
  void real(const std::string& key, double& number) { number = state_.get<double>(key); }
  void same(const std::string& /*key*/, std::int64_t /*number*/) {}
  template <class Text>
  void text(const std::string& key, const Text& /*text*/, const StageText& stage) {
    stage(state_.get<std::string>(key))();
  }

 private:
  const StateDict& state_;
};

/// The work of another visitor, for those parts only that a StateDict has: others stay as they are.
template <StateVisitor V>
class KnownParts {
 public:
  KnownParts(const StateDict& state, V& visitor) : state_(state), visitor_(visitor) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) {
    if (state_.contains(key)) visitor_.tensor(key, tensor);
  }
  void optional(const std::string& key, torch::Tensor& tensor, const torch::Tensor& like) {
    if (state_.contains(key)) visitor_.optional(key, tensor, like);
  }
  void integer(const std::string& key, std::int64_t& number) {
    if (state_.contains(key)) visitor_.integer(key, number);
  }
  void real(const std::string& key, double& number) {
    if (state_.contains(key)) visitor_.real(key, number);
  }
  void same(const std::string& key, std::int64_t number) {
    if (state_.contains(key)) visitor_.same(key, number);
  }
  template <class Text>
  void text(const std::string& key, const Text& text, const StageText& stage) {
    if (state_.contains(key)) visitor_.text(key, text, stage);
  }

 private:
  const StateDict& state_;
  V& visitor_;
};

static_assert(StateVisitor<SaveState> && StateVisitor<CheckState> && StateVisitor<LoadState>);
static_assert(StateVisitor<KnownParts<LoadState>>);

}  // namespace afd
