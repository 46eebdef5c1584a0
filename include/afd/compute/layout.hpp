// SPDX-License-Identifier: MIT
#pragma once

// In which order the elements of images, maps and kernels lie in memory.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/compute/buffer_snapshot.hpp>
#include <afd/compute/random_numbers.hpp>
#include <afd/data/tensors.hpp>

namespace afd {

/// Values are the same in every layout, up to rounding; speed is not.
enum class Layout {
  as_given,       ///< nothing is rearranged
  channels_last,  ///< kernels once, at the first batch, and every batch of images [N, C, H, W]
  measured        ///< whichever is faster in a short trial at the first batch: three forwards and backwards of each
};

namespace detail {

/// Kernels of convolutions in channels_last. The parameters stay the same objects. Kernels of one place lie right in
/// either layout, but `contiguous` would leave them the strides of the other: gradients come with those of this one,
/// and an optimizer's operators over all parameters are slow for all of them if those of one pair differ.
inline void to_channels_last(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : module.parameters()) {
    if (parameter.dim() != 4) continue;
    const auto options = parameter.options().requires_grad(false).memory_format(torch::MemoryFormat::ChannelsLast);
    parameter.set_data(torch::empty(parameter.sizes(), options).copy_(parameter));
  }
}

/// Images among the inputs in channels_last, if so.
template <class Inputs>
[[nodiscard]] Inputs in_layout(const Inputs& inputs, bool channels_last) {
  if (!channels_last) return inputs;
  return map_tensors(inputs, [](const torch::Tensor& tensor) {
    return tensor.dim() == 4 ? tensor.contiguous(torch::MemoryFormat::ChannelsLast) : tensor;
  });
}

/// Where parameters lie in memory, to put them back there.
class GivenMemory {
 public:
  explicit GivenMemory(std::vector<torch::Tensor> parameters) : parameters_(std::move(parameters)) {
    for (const torch::Tensor& parameter : parameters_) given_.push_back(parameter.detach());
  }
  void restore() const {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].set_data(given_[i]);
  }

 private:
  std::vector<torch::Tensor> parameters_, given_;
};

/// Modules in channels_last, if so; they are laid back when it ends, unless keep() was called.
class LaidOut {
 public:
  LaidOut(const std::vector<torch::nn::Module*>& modules, bool channels_last) {
    if (!channels_last) return;
    std::vector<torch::Tensor> all;
    for (const torch::nn::Module* module : modules)
      for (const torch::Tensor& parameter : module->parameters()) all.push_back(parameter);
    given_.emplace(std::move(all));
    try {
      for (torch::nn::Module* module : modules) to_channels_last(*module);
    } catch (...) {
      given_->restore();
      throw;
    }
  }

  LaidOut(LaidOut&& other) noexcept : given_(std::exchange(other.given_, std::nullopt)) {}
  LaidOut& operator=(LaidOut&&) = delete;
  ~LaidOut() {
    if (given_) given_->restore();
  }

  void keep() { given_.reset(); }

 private:
  std::optional<GivenMemory> given_;
};

/// Times layouts on modules, and leaves weights, statistics, layout and random numbers as they were.
class LayoutTrial {
 public:
  /// `forward(inputs)` gives what the module returns. Without images among its inputs there is nothing to try.
  template <class Inputs, class Forward>
  void add(torch::nn::Module& module, const Inputs& inputs, const Forward& forward) {
    if (!has_images(inputs)) return;
    const std::vector<torch::Tensor> parameters = module.parameters();
    const GivenMemory memory(parameters);
    BufferStore store(module.buffers());
    BufferSnapshot statistics(store);
    const RandomNumbersGuard random(RandomNumbers({first_tensor(inputs).device()}));
    double best_given = std::numeric_limits<double>::infinity(), best_last = best_given;
    try {
      for (int round = 0; round < 3; ++round) {
        const double as_given = seconds(parameters, forward, inputs);
        to_channels_last(module);
        const double last = seconds(parameters, forward, in_layout(inputs, true));
        memory.restore();
        if (round == 0) continue;  // LibTorch prepares its convolutions for new shapes
        best_given = std::min(best_given, as_given);
        best_last = std::min(best_last, last);
      }
    } catch (...) {
      memory.restore();
      throw;
    }
    statistics.put_back();
    as_given_ += best_given;
    channels_last_ += best_last;
  }

  /// Whether channels_last was faster by more than noise.
  [[nodiscard]] bool channels_last_pays() const { return channels_last_ < 0.97 * as_given_; }

 private:
  template <class Inputs>
  static bool has_images(const Inputs& inputs) {
    bool found = false;
    for_each_tensor(inputs, [&](const torch::Tensor& tensor) { found = found || tensor.dim() == 4; });
    return found;
  }

  /// The sum of all that was returned: something to differentiate.
  template <class Out>
  static torch::Tensor sum_of(const Out& outputs) {
    torch::Tensor sum;
    if constexpr (is_walkable<Out>) {
      for_each_tensor(outputs, [&](const torch::Tensor& tensor) {
        if (!tensor.defined() || !tensor.is_floating_point()) return;
        sum = sum.defined() ? sum + tensor.sum() : tensor.sum();
      });
    }
    return sum.defined() ? sum : torch::zeros({});
  }

  template <class Forward, class Inputs>
  static double seconds(const std::vector<torch::Tensor>& parameters, const Forward& forward, const Inputs& inputs) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    torch::Tensor sum = sum_of(forward(inputs));
    std::vector<torch::Tensor> wanted;
    for (const torch::Tensor& parameter : parameters)
      if (parameter.requires_grad()) wanted.push_back(parameter);
    if (sum.requires_grad() && !wanted.empty()) {
      const auto gradients = torch::autograd::grad({sum}, wanted, {}, false, false, /*allow_unused=*/true);
      if (gradients.front().defined()) sum = gradients.front().sum();
    }
    static_cast<void>(sum.template item<double>());  // an accelerator's work is done only now
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  double as_given_ = 0;
  double channels_last_ = 0;
};

}  // namespace detail
}  // namespace afd
