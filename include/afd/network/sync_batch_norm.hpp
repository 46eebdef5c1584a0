// SPDX-License-Identifier: MIT
#pragma once

// BatchNorm whose batch can be that of several processes.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/functional/batchnorm.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>

namespace afd {
namespace detail {

/// How processes add up: all call it with tensors of one shape, in the same order.
struct SumOverProcesses : torch::CustomClassHolder {
  SumOverProcesses(std::int64_t rank_of_this, std::int64_t count, std::function<void(torch::Tensor&)> sum_up)
      : rank(rank_of_this), size(count), sum(std::move(sum_up)) {}

  std::int64_t rank;
  std::int64_t size;
  std::function<void(torch::Tensor&)> sum;
};
using SumPointer = c10::intrusive_ptr<SumOverProcesses>;

/// Mean, variance and number of values of each channel over all processes, [C], [C] and []: by Chan, Golub and LeVeque
/// (The American Statistician 37, 1983), in double.
struct SharedMoments {
  torch::Tensor mean;
  torch::Tensor variance;
  torch::Tensor count;
};

[[nodiscard]] inline std::vector<std::int64_t> all_but_channels(const torch::Tensor& tensor) {
  std::vector<std::int64_t> sides{0};
  for (std::int64_t d = 2; d < tensor.dim(); ++d) sides.push_back(d);
  return sides;
}
/// [C], so that it spreads over tensors [N, C, ...] like this one.
[[nodiscard]] inline torch::Tensor over_channels(const torch::Tensor& of_each, const torch::Tensor& like) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(like.dim()), 1);
  sizes[1] = of_each.numel();
  return of_each.view(sizes);
}

[[nodiscard]] inline SharedMoments shared_moments(const torch::Tensor& input, const SumOverProcesses& processes) {
  const torch::NoGradGuard no_grad;
  const std::int64_t channels = input.size(1), own = channels == 0 ? 0 : input.numel() / channels;
  const auto wide = input.options().dtype(torch::kFloat64);
  torch::Tensor all = torch::zeros({processes.size, 2 * channels + 1}, wide);
  if (own > 0) {
    const torch::Tensor seen = input.to(input.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32);
    const auto [variance, mean] = torch::var_mean(seen, all_but_channels(input), /*unbiased=*/false);
    torch::Tensor row = all[processes.rank];
    row.narrow(0, 0, channels).copy_(mean);
    row.narrow(0, channels, channels).copy_(variance);
    row.narrow(0, 2 * channels, 1).fill_(own);
  }
  processes.sum(all);
  const torch::Tensor counts = all.narrow(1, 2 * channels, 1), means = all.narrow(1, 0, channels);
  const torch::Tensor count = counts.sum();
  const torch::Tensor mean = (means * counts).sum(0) / count;
  const torch::Tensor squares = (all.narrow(1, channels, channels) + (means - mean).square()) * counts;
  return {mean, squares.sum(0) / count, count};
}

/// With w, b of each channel, the mean m and the variance v over all processes, and x' = (x - m) / sqrt(v + eps):
///     y = w x' + b,   dL/dx = w / sqrt(v + eps) (g - mean(g) - x' mean(g x')),   g = dL/dy,
/// where a loss of each process is the mean over its own samples, and that of all the mean over all samples: what other
/// processes send is weighted with their samples. Gradients of w and b are those of the process's own loss.
class SyncNormFunction : public torch::autograd::Function<SyncNormFunction> {
 public:
  using Context = torch::autograd::AutogradContext;
  using Tensors = torch::autograd::tensor_list;

  static torch::Tensor forward(Context* context, const torch::Tensor& input, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& mean, const torch::Tensor& variance,
                               const torch::Tensor& count, double eps, const SumPointer& processes) {
    context->save_for_backward({input, weight, mean, variance, count});
    context->saved_data["eps"] = eps;
    context->saved_data["processes"] = torch::IValue::make_capsule(processes);
    return torch::batch_norm(input, weight, bias, mean, variance, /*training=*/false, /*momentum=*/0, eps,
                             /*cudnn_enabled=*/false);
  }

  static Tensors backward(Context* context, const Tensors& gradients) {
    const Tensors saved = context->get_saved_variables();
    const torch::Tensor &input = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3];
    const auto processes =
        c10::static_intrusive_pointer_cast<SumOverProcesses>(context->saved_data["processes"].toCapsule());
    const auto sides = all_but_channels(input);
    const torch::Tensor slope = (variance + context->saved_data["eps"].toDouble()).rsqrt();
    const torch::Tensor given = gradients[0];
    const torch::Tensor sum = given.sum(sides, false, torch::kFloat64).to(mean.scalar_type());
    const torch::Tensor centred = input - over_channels(mean, input);
    const torch::Tensor along = (given * centred).sum(sides, false, torch::kFloat64).to(mean.scalar_type()) * slope;
    const double own = static_cast<double>(input.size(0));
    torch::Tensor sums = torch::stack({sum, along}).to(torch::kFloat64) * own;
    processes->sum(sums);
    sums = (sums / saved[4] / (own > 0 ? own : 1)).to(mean.scalar_type());
    const torch::Tensor factor = weight * slope;
    // g' = factor (g - mean(g) - centred slope mean(g x'))
    torch::Tensor of_input = given - over_channels(sums[0], input);
    of_input.addcmul_(centred, over_channels(sums[1] * slope, input), -1);
    of_input.mul_(over_channels(factor, input));
    const torch::Tensor none;
    return {of_input, along.to(weight.scalar_type()), sum.to(weight.scalar_type()), none, none, none, none, none};
  }
};

/// Of a module that can share its statistics with other processes. Its copies share nothing.
class SharesStatistics {
 public:
  SharesStatistics() = default;
  SharesStatistics(const SharesStatistics& /*other*/) {}
  SharesStatistics& operator=(const SharesStatistics& /*other*/) { return *this; }
  virtual ~SharesStatistics() = default;

  /// From the next forward on; nullptr: with none.
  void share_with(SumPointer processes) { processes_ = std::move(processes); }
  [[nodiscard]] const SumPointer& processes() const { return processes_; }

 private:
  SumPointer processes_;
};

}  // namespace detail

/// Over vectors and sequences (`D` is 1), images (2) or volumes (3): what torch::nn::BatchNorm1d, 2d and 3d compute,
/// with the same options, parameters, buffers and names, until it shares its statistics. Then, in train mode, the batch
/// that it normalises by is that of all processes, for one message in the forward and one in each backward. Parts of
/// the batch may differ in size, but not in what is behind their first dimension. Not derived from LibTorch's, whose
/// libraries do not export all that a derived class needs.
template <std::size_t D>
class SyncBatchNormImpl : public torch::nn::NormImplBase<D, SyncBatchNormImpl<D>, torch::nn::BatchNormOptions>,
                          public detail::SharesStatistics {
 public:
  using Base = torch::nn::NormImplBase<D, SyncBatchNormImpl<D>, torch::nn::BatchNormOptions>;
  using Base::Base;
  explicit SyncBatchNormImpl(std::int64_t channels) : Base(torch::nn::BatchNormOptions(channels)) {}

  /// [N, C, ...]
  torch::Tensor forward(const torch::Tensor& input) {
    _check_input_dim(input);
    const bool tracks = this->options.track_running_stats(), by_batch = this->is_training() || !tracks;
    double share = this->options.momentum() ? *this->options.momentum() : 0.0;
    if (this->is_training() && tracks && this->num_batches_tracked.defined()) {  // BatchStatistics takes it away
      this->num_batches_tracked += 1;
      if (!this->options.momentum()) share = 1.0 / this->num_batches_tracked.template item<double>();
    }
    if (!processes() || !by_batch) {
      return torch::nn::functional::detail::batch_norm(input, this->running_mean, this->running_var, this->weight,
                                                       this->bias, by_batch, share, this->options.eps());
    }
    const detail::SharedMoments moments = detail::shared_moments(input, *processes());
    if (tracks && this->is_training() && this->running_mean.defined()) track(moments, share);
    if (this->weight.defined()) return normalised(input, moments, this->weight, this->bias);
    const auto like = input.options().requires_grad(false);
    return normalised(input, moments, torch::ones({input.size(1)}, like), torch::zeros({input.size(1)}, like));
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "afd::SyncBatchNorm" << D << "d(" << this->options.num_features() << ", eps=" << this->options.eps()
           << ")";
  }

 protected:
  void _check_input_dim(const torch::Tensor& input) override {
    const bool fits = D == 1 ? input.dim() == 2 || input.dim() == 3 : input.dim() == static_cast<std::int64_t>(D) + 2;
    if (fits && input.size(1) == this->options.num_features()) return;
    throw ShapeError(detail::concat("a SyncBatchNorm", D, "d of ", this->options.num_features(),
                                    " channels was given an input of shape ", input.sizes()));
  }

 private:
  [[nodiscard]] torch::Tensor normalised(const torch::Tensor& input, const detail::SharedMoments& moments,
                                         const torch::Tensor& scales, const torch::Tensor& shifts) const {
    const auto dtype = scales.scalar_type();
    return detail::SyncNormFunction::apply(input, scales, shifts, moments.mean.to(dtype), moments.variance.to(dtype),
                                           moments.count, this->options.eps(), processes());
  }

  void track(const detail::SharedMoments& moments, double share) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor unbiased = moments.variance * (moments.count / (moments.count - 1));
    this->running_mean.lerp_(moments.mean.to(this->running_mean.scalar_type()), share);
    this->running_var.lerp_(unbiased.to(this->running_var.scalar_type()), share);
  }
};

using SyncBatchNorm1dImpl = SyncBatchNormImpl<1>;
using SyncBatchNorm2dImpl = SyncBatchNormImpl<2>;
using SyncBatchNorm3dImpl = SyncBatchNormImpl<3>;
TORCH_MODULE(SyncBatchNorm1d);
TORCH_MODULE(SyncBatchNorm2d);
TORCH_MODULE(SyncBatchNorm3d);

namespace detail {

/// One of these, or of LibTorch's.
[[nodiscard]] inline bool is_batch_norm(const torch::nn::Module& module) {
  return dynamic_cast<const SharesStatistics*>(&module) != nullptr ||
         dynamic_cast<const torch::nn::BatchNorm1dImpl*>(&module) != nullptr ||
         dynamic_cast<const torch::nn::BatchNorm2dImpl*>(&module) != nullptr ||
         dynamic_cast<const torch::nn::BatchNorm3dImpl*>(&module) != nullptr;
}

}  // namespace detail
}  // namespace afd
