// SPDX-License-Identifier: MIT
#pragma once

// How much work a network is, found by watching what it computes; and how many parameters it has.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>

namespace afd {

namespace detail {

using OperatorInputs = c10::ArrayRef<const c10::IValue>;

#ifdef NDEBUG
[[nodiscard]] inline OperatorInputs recorded_inputs(const at::RecordFunction& function) {
  return function.inputs();
}
#else
// Here inputs() asks a flag that a LibTorch which was compiled with NDEBUG, as they are, does not set. But where a
// template is instantiated by hand, private members can be named.
struct RecordedInputs {
  friend auto member_of(RecordedInputs);
};
template <class Tag, auto Member>
struct Opens {
  friend auto member_of(Tag) { return Member; }
};
template struct Opens<RecordedInputs, &at::RecordFunction::inputs_>;

[[nodiscard]] inline OperatorInputs recorded_inputs(const at::RecordFunction& function) {
  return function.*member_of(RecordedInputs{});
}
#endif

/// What an operator that is about to run was given.
[[nodiscard]] inline OperatorInputs inputs_of_operator(const at::RecordFunction& function) {
  const OperatorInputs stack = recorded_inputs(function);
  // A TorchScript gives its whole stack, the operator's inputs on top.
  const std::size_t count = function.num_inputs();
  return stack.size() > count ? stack.slice(stack.size() - count) : stack;
}

/// Element i of a list with one for each side, or with one for all of them.
[[nodiscard]] inline std::int64_t at_side(const c10::IValue& list, std::size_t i) {
  const auto all = list.toIntVector();
  return all.at(all.size() == 1 ? 0 : i);
}

/// Of aten::convolution(input [N, C, sides], weight, bias, stride, padding, dilation, is_transposed, ...), which all
/// convolutions come down to: each weight is used once for every place of the output, or of the input if transposed.
[[nodiscard]] inline std::int64_t multiply_adds_of_convolution(OperatorInputs inputs) {
  const torch::Tensor input = inputs[0].toTensor(), weight = inputs[1].toTensor();
  std::int64_t places = input.size(0);
  for (std::int64_t side = 2; side < input.dim(); ++side) {
    const auto i = static_cast<std::size_t>(side) - 2;
    const std::int64_t reach = at_side(inputs[5], i) * (weight.size(side) - 1);
    const std::int64_t room = input.size(side) + 2 * at_side(inputs[4], i) - reach - 1;
    const std::int64_t stride = std::max<std::int64_t>(1, at_side(inputs[3], i));  // the operator refuses others
    places *= inputs[6].toBool() ? input.size(side) : room / stride + 1;
  }
  return places * weight.numel();
}

/// Of a product [..., n, m] [..., m, p].
[[nodiscard]] inline std::int64_t multiply_adds_of_product(const c10::IValue& a, const c10::IValue& b) {
  return a.toTensor().numel() * b.toTensor().size(-1);
}

/// Whether multiply_adds_of() knows the operator. Others, such as linear and matmul, come down to one of these.
[[nodiscard]] inline bool has_multiply_adds(std::string_view name) {
  return name == "aten::convolution" || name == "aten::mm" || name == "aten::bmm" || name == "aten::addmm" ||
         name == "aten::baddbmm";
}

[[nodiscard]] inline std::int64_t multiply_adds_of(std::string_view name, OperatorInputs inputs) {
  if (name == "aten::convolution") return multiply_adds_of_convolution(inputs);
  const std::size_t first = name == "aten::addmm" || name == "aten::baddbmm" ? 1 : 0;  // after what is added
  return multiply_adds_of_product(inputs[first], inputs[first + 1]);
}

}  // namespace detail

/// Sums the multiply-adds of convolutions and matrix products that this thread computes while it lives; norms,
/// activations and pooling count nothing, as is usual for published figures, nor do the gradients of convolutions.
/// Counters may be nested; the inner one counts, then.
class MultiplyAddCounter {
 public:
  MultiplyAddCounter() : outer_(current()) {
    current() = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(begin, end).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }

  MultiplyAddCounter(const MultiplyAddCounter&) = delete;
  MultiplyAddCounter& operator=(const MultiplyAddCounter&) = delete;

  ~MultiplyAddCounter() {
    at::removeCallback(handle_);
    current() = outer_;
  }

  [[nodiscard]] std::int64_t total() const { return total_; }

 private:
  static MultiplyAddCounter*& current() {
    thread_local MultiplyAddCounter* counter = nullptr;
    return counter;
  }

  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    MultiplyAddCounter* const counter = current();
    const std::string_view name = function.name();
    if (counter == nullptr || !detail::has_multiply_adds(name)) return nullptr;
    // A convolution may be computed by products, and autocast calls an operator from the operator.
    if (counter->depth_++ == 0) {
      counter->total_ += detail::multiply_adds_of(name, detail::inputs_of_operator(function));
    }
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext* /*context*/) {
    MultiplyAddCounter* const counter = current();
    if (counter != nullptr && detail::has_multiply_adds(function.name())) --counter->depth_;
  }

  MultiplyAddCounter* outer_;
  at::CallbackHandle handle_ = 0;
  std::int64_t total_ = 0;
  int depth_ = 0;  ///< of operators that are counted, in one another
};

/// The multiply-adds of one forward on `inputs`. Runs the network once in eval mode, without a graph; modes are put
/// back.
template <Network N, class Inputs>
[[nodiscard]] std::int64_t multiply_adds(N&& network, const Inputs& inputs) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(module_of(network));
  const MultiplyAddCounter counter;
  static_cast<void>(run(network, inputs));
  return counter.total();
}

/// How many numbers a module's parameters hold.
[[nodiscard]] inline std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace afd
