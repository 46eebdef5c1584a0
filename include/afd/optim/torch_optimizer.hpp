// SPDX-License-Identifier: MIT
#pragma once

// An optimizer policy made from any optimizer of LibTorch.

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
#include <afd/detail/libtorch.hpp>
#include <afd/error.hpp>
#include <afd/state/state_visitor.hpp>

namespace afd {

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
        rates_(rates_of(*optimizer_)) {}

  void apply(std::span<const torch::Tensor> gradients) {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = gradients[i];
    optimizer_->step();
    // Undefined, not zero: another optimizer of the same parameters must not meet these.
    for (torch::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
  }

  /// Groups of different rates, which an optimizer of the user's may make, keep their proportions.
  void scale_rate(double factor) {
    factor_ = factor;
    auto& groups = optimizer_->param_groups();
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i].options().set_lr(rates_[i] * factor);
  }
  /// Of the first group.
  [[nodiscard]] double rate() const { return rates_.front() * factor_; }

  /// See OptimizerTakesOver.
  void take_over(TorchOptimizerState& other) {
    detail::move_optimizer_state(*other.optimizer_, *optimizer_, parameters_);
    scale_rate(other.factor_);
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
  static std::vector<double> rates_of(O& optimizer) {
    std::vector<double> rates;
    for (torch::optim::OptimizerParamGroup& group : optimizer.param_groups()) {
      rates.push_back(group.options().get_lr());
    }
    return rates;
  }

  std::vector<torch::Tensor> parameters_;
  std::function<std::unique_ptr<O>(const std::vector<torch::Tensor>&)> make_;
  std::unique_ptr<O> optimizer_;
  std::vector<double> rates_;  // of its groups
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

}  // namespace afd
