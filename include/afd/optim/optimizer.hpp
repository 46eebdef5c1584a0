// SPDX-License-Identifier: MIT
#pragma once

// What an optimizer policy is, and the one made from any optimizer of LibTorch.

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>
#include <torch/optim/optimizer.h>
#include <torch/serialize/archive.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/fields.hpp>
#include <afd/error.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

/// What `make` returns: the running optimizer of some parameters.
template <class O>
using OptimizerState = decltype(std::declval<const O&>().make(std::vector<torch::Tensor>{}));

/// 1. The policy is a value that can be copied: its hyper-parameters, no tensors.
template <class O>
concept OptimizerIsValue = std::copyable<O>;

/// 2. `make(parameters) const` gives the running optimizer, which can be moved.
template <class O>
concept OptimizerMakesState = std::movable<OptimizerState<O>>;

/// 3. `state.apply(gradients)` updates the parameters, in the order they were given; one with an undefined gradient
///    is not changed at all, not even by momentum or weight decay.
template <class O>
concept OptimizerApplies =
    requires(OptimizerState<O>& state, std::span<const torch::Tensor> gradients) { state.apply(gradients); };

/// 4. `state.scale_rate(factor)` sets the learning rate to `factor` times that of the policy.
template <class O>
concept OptimizerScalesRate = requires(OptimizerState<O>& state) { state.scale_rate(1.0); };

/// A running optimizer may also have `prepare(gradients)`: what can fail of the next apply() with the same gradients,
/// without changing a weight. A step calls it of all optimizers before it applies one.
template <class S>
concept OptimizerPrepares = requires(S& state, std::span<const torch::Tensor> gradients) { state.prepare(gradients); };

/// Beside prepare() it may have `probe(gradients)`, which a step calls in its place on an accelerator: the same, as far
/// as the host need not wait for the device; returns a number on the device that is finite if the gradients are and
/// prepare() would not have thrown, or an undefined tensor if it has not looked.
template <class S>
concept OptimizerProbes = OptimizerPrepares<S> && requires(S& state, std::span<const torch::Tensor> gradients) {
  { state.probe(gradients) } -> std::same_as<torch::Tensor>;
};

/// A running optimizer may also have `visit_state(names, visitor)`, which names all that an apply() changes besides the
/// parameters to a StateVisitor, by the parameters' names; without it a run cannot be saved.
template <class S>
concept OptimizerHasState =
    requires(S& state, std::span<const std::string> names, SaveState& save, CheckState& check, LoadState& load) {
      state.visit_state(names, save);
      state.visit_state(names, check);
      state.visit_state(names, load);
    };

/// An optimizer policy. Not required: prepare(), visit_state(), a base class, registration, a default constructor, or
/// gradients in `.grad()`.
template <class O>
concept Optimizer = OptimizerIsValue<O> && OptimizerMakesState<O> && OptimizerApplies<O> && OptimizerScalesRate<O>;

namespace detail {

/// As text that is the same for the same value only.
[[nodiscard]] inline std::string text_of(const c10::IValue& value) {
  if (value.isDouble()) return exact_text(value.toDouble());
  if (value.isBool()) return value.toBool() ? "true" : "false";
  if (value.isTuple()) {
    std::string all;
    for (const c10::IValue& element : value.toTuple()->elements()) all += (all.empty() ? "" : ", ") + text_of(element);
    return all;
  }
  return concat(value);
}

}  // namespace detail

/// A running torch::optim optimizer. Uses the parameters' `.grad()` and leaves it undefined.
template <std::derived_from<torch::optim::Optimizer> O>
class TorchOptimizerState {
 public:
  template <class Options>
  TorchOptimizerState(std::vector<torch::Tensor> parameters, const Options& options)
      : parameters_(std::move(parameters)),
        make_([options](const std::vector<torch::Tensor>& of) { return std::make_unique<O>(of, options); }),
        optimizer_(make_(parameters_)),
        rate_(options.lr()) {}

  void apply(std::span<const torch::Tensor> gradients) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = gradients[i];
    optimizer_->step();
    // Undefined, not zero: another optimizer of the same parameters must not meet these.
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  void scale_rate(double factor) {
    factor_ = factor;
    for (torch::optim::OptimizerParamGroup& group : optimizer_->param_groups()) {
      group.options().set_lr(rate_ * factor);
    }
  }

  /// What LibTorch saves of it, with the parameters' names: LibTorch itself goes by their places.
  template <StateVisitor V>
  void visit_state(std::span<const std::string> names, V& visitor) {
    std::string all;
    for (const std::string& name : names) all += name + '\n';
    const auto saved = [&] {
      torch::serialize::OutputArchive archive;
      optimizer_->save(archive);
      std::ostringstream memory;
      archive.save_to(memory);
      return all + '\n' + std::move(memory).str();
    };
    const auto stage = [this, all](const std::string& text) -> std::function<void()> {
      if (!text.starts_with(all + '\n')) throw FormatError("an optimizer's state is of other parameters");
      // Into another one first: what LibTorch cannot read it may read in part.
      auto fresh = std::make_shared<std::unique_ptr<O>>(make_(parameters_));
      try {
        torch::serialize::InputArchive archive;
        const std::string_view rest = std::string_view(text).substr(all.size() + 1);
        archive.load_from(rest.data(), rest.size(), torch::kCPU);
        (*fresh)->load(archive);
      } catch (const c10::Error& error) {
        throw FormatError(detail::concat("an optimizer's state cannot be read: ", error.what_without_backtrace()));
      }
      return [this, fresh] {
        optimizer_ = std::move(*fresh);
        scale_rate(factor_);
      };
    };
    visitor.text("libtorch", saved, stage);
  }

  /// The optimizer itself, for its state and options.
  [[nodiscard]] O& optimizer() { return *optimizer_; }

 private:
  std::vector<torch::Tensor> parameters_;
  std::function<std::unique_ptr<O>(const std::vector<torch::Tensor>&)> make_;
  std::unique_ptr<O> optimizer_;
  double rate_;
  double factor_ = 1.0;
};

/// Any optimizer of LibTorch, or of the user's derived from its base:
///     TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>{torch::optim::RMSpropOptions(1e-3)}
/// The optimizer's step() must work without a closure (LBFGS does not).
template <std::derived_from<torch::optim::Optimizer> O, class Options>
struct TorchOptimizer {
  Options options;

  /// Adds name and value of each option: LibTorch before 2.4 does not load options with an optimizer, so they are
  /// compared instead. Of options without serialize() only the rate is known.
  template <class Add>
  void describe(const Add& add) const {
    try {
      torch::serialize::OutputArchive out;
      options.serialize(out);
      std::ostringstream memory;
      out.save_to(memory);
      const std::string bytes = std::move(memory).str();
      torch::serialize::InputArchive in;
      in.load_from(bytes.data(), bytes.size(), torch::kCPU);
      for (const std::string& name : in.keys()) {
        c10::IValue value;
        in.read(name, value);
        add(name, detail::text_of(value));
      }
    } catch (const c10::Error&) {
      add("lr", detail::exact_text(options.get_lr()));
    }
  }

  [[nodiscard]] TorchOptimizerState<O> make(std::vector<torch::Tensor> parameters) const {
    return TorchOptimizerState<O>(std::move(parameters), options);
  }
};

namespace detail {

/// Fails to compile with one sentence that says what O lacks.
template <class O>
consteval bool require_optimizer() {
  constexpr bool makes = OptimizerMakesState<O>, applies = OptimizerApplies<O>, scales = OptimizerScalesRate<O>;
  static_assert(makes,
                "afd: an optimizer policy needs make(std::vector<torch::Tensor> parameters) const, which returns the "
                "running optimizer; for one of LibTorch use afd::TorchOptimizer<O, Options>; see "
                "afd/optim/optimizer.hpp");
  static_assert(applies || !makes,
                "afd: what an optimizer policy makes needs apply(std::span<const torch::Tensor> gradients); see "
                "afd/optim/optimizer.hpp");
  static_assert(scales || !makes,
                "afd: what an optimizer policy makes needs scale_rate(double factor); see afd/optim/optimizer.hpp");
  return makes && applies && scales;
}

inline void require_rate(double rate, const char* optimizer) {
  if (rate > 0) return;
  throw ConfigError(concat(optimizer, "'s learning rate lr must be positive, but is ", rate));
}

inline void require_weight_decay(double weight_decay, const char* optimizer) {
  if (weight_decay >= 0) return;
  throw ConfigError(concat(optimizer, "'s weight_decay must not be negative, but is ", weight_decay));
}

}  // namespace detail
}  // namespace afd
