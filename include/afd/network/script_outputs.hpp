// SPDX-License-Identifier: MIT
#pragma once

// What a TorchScript module returns, as outputs that terms read.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/network/outputs.hpp>

namespace afd {

namespace detail {

[[noreturn]] inline void refuse_script_outputs(const c10::IValue& value, std::string_view wanted) {
  throw ShapeError(concat("its TorchScript returned ", value.type()->str(), " where ", wanted,
                          " is read; load_script(path, convert) takes a function that reads anything else"));
}

/// The elements of a tuple or list, a list within it laid flat. Anything else is refused.
inline void append_tensors(std::vector<torch::Tensor>& to, const c10::IValue& value, std::string_view wanted) {
  if (value.isTensor()) {
    to.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) append_tensors(to, element, wanted);
  } else if (value.isTensorList()) {
    for (const torch::Tensor& element : value.toTensorVector()) to.push_back(element);
  } else {
    refuse_script_outputs(value, wanted);
  }
}

/// What is called `name` in a dict or NamedTuple; none if the value has no names.
[[nodiscard]] inline c10::IValue script_member(const c10::IValue& value, const std::string& name) {
  if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      if (entry.key().isString() && entry.key().toStringRef() == name) return entry.value();
    }
  } else if (value.isTuple()) {
    const auto type = value.toTupleRef().type();
    if (type->schema() == nullptr) return {};
    const auto& arguments = type->schema()->arguments();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].name() == name) return value.toTupleRef().elements()[i];
    }
  }
  return {};
}

}  // namespace detail

/// From a script's value to Out: torch::Tensor, Outputs or TappedOutputs<N>. For other outputs give load_script a
/// function of your own.
template <class Out>
struct ScriptOutputs {
  static_assert(sizeof(Out) == 0,
                "afd: a script's outputs are read as torch::Tensor, afd::Outputs or afd::TappedOutputs<N>; for others "
                "write load_script(path, [](const c10::IValue& value) { return MyOutputs{...}; })");
};

/// One tensor: the logits.
template <>
struct ScriptOutputs<torch::Tensor> {
  torch::Tensor operator()(const c10::IValue& value) const {
    if (!value.isTensor()) {
      detail::refuse_script_outputs(value, "one tensor (load_script<afd::Outputs> reads features and logits)");
    }
    return value.toTensor();
  }
};

/// A dict or NamedTuple with taps or features, and logits; or a tuple, the logits last.
template <std::size_t N>
struct ScriptOutputs<TappedOutputs<N>> {
  TappedOutputs<N> operator()(const c10::IValue& value) const {
    const std::string wanted = N == 1 ? "a pair (features, logits)" : detail::concat(N, " features and then logits");
    std::vector<torch::Tensor> found;
    const c10::IValue logits = detail::script_member(value, "logits");
    c10::IValue features = detail::script_member(value, "features");
    if (features.isNone()) features = detail::script_member(value, "taps");
    const bool named = logits.isTensor() && !features.isNone();
    if (named) {
      detail::append_tensors(found, features, wanted);
      found.push_back(logits.toTensor());
    } else {
      if (value.isGenericDict()) detail::refuse_script_outputs(value, "a dict with \"features\" and \"logits\"");
      detail::append_tensors(found, value, wanted);
    }
    if (found.size() != N + 1) detail::refuse_script_outputs(value, wanted);
    TappedOutputs<N> outputs;
    for (std::size_t i = 0; i < N; ++i) {
      if (!named && found[i].dim() == 2) {
        throw ShapeError(
            detail::concat("its TorchScript returned a tuple whose features have shape ", found[i].sizes(),
                           ", which logits could have, too; name them: return {\"features\": ..., \"logits\": ...}"));
      }
      outputs.taps[i] = std::move(found[i]);
    }
    outputs.logits = std::move(found[N]);
    return outputs;
  }
};

template <>
struct ScriptOutputs<Outputs> {
  Outputs operator()(const c10::IValue& value) const {
    TappedOutputs<1> outputs = ScriptOutputs<TappedOutputs<1>>{}(value);
    return {std::move(outputs.taps[0]), std::move(outputs.logits)};
  }
};

}  // namespace afd
