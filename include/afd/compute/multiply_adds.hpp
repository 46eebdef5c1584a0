// SPDX-License-Identifier: MIT
#pragma once

// How much work a network is, found by watching what it computes; and how many parameters it has.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <ATen/record_function.h>
#include <torch/csrc/profiler/util.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/network/eval_mode.hpp>
#include <afd/network/network.hpp>

namespace afd {

/// Sums the multiply-adds of conv2d and matrix products that this thread computes while it lives; norms, activations
/// and pooling count nothing, as is usual for published figures, nor do transposed convolutions and those of sequences
/// and volumes, nor the gradients of convolutions. Counters may be nested; the inner one counts, then.
class MultiplyAddCounter {
 public:
  MultiplyAddCounter() : outer_(current()) {
    current() = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(watch).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
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

  static std::unique_ptr<at::ObserverContext> watch(const at::RecordFunction& function) {
    const std::string_view name = function.name();
    // linear and matmul come down to one of the others.
    const bool counts = name == "aten::conv2d" || name == "aten::mm" || name == "aten::addmm" || name == "aten::bmm" ||
                        name == "aten::baddbmm";
    if (counts && current() != nullptr) {
      // Inside LibTorch: function.inputs() reads the wrong bytes when only one side is compiled with NDEBUG.
      using namespace torch::profiler::impl;
      current()->total_ += static_cast<std::int64_t>(computeFlops(std::string(name), saveExtraArgs(function)) / 2);
    }
    return nullptr;
  }

  MultiplyAddCounter* outer_;
  at::CallbackHandle handle_ = 0;
  std::int64_t total_ = 0;
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
