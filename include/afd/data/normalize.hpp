// SPDX-License-Identifier: MIT
#pragma once

// Inputs of zero mean and unit variance per channel, and the statistics to do it with.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include <afd/data/batch_transform.hpp>
#include <afd/data/order.hpp>
#include <afd/data/tensor_dataset.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/device.hpp>
#include <afd/error.hpp>

namespace afd {

/// (x - mean) / stddev per channel of [N, C, ...]. uint8 inputs are first scaled to float in [0, 1], so mean
/// and stddev are in those units; floating-point inputs are taken as they are and keep their dtype. Throws
/// ConfigError for a stddev that is not positive or lists of two lengths, DataError when the lists do not fit
/// the inputs' channels or the dtype is another one.
struct Normalize {
  static constexpr bool on_device = true;

  std::vector<double> mean;    ///< one per channel
  std::vector<double> stddev;  ///< one per channel

  [[nodiscard]] torch::Tensor operator()(const torch::Tensor& inputs, const CounterRng& /*rng*/) const {
    const bool bytes = inputs.scalar_type() == torch::kUInt8;
    require_fit(inputs);
    const torch::Tensor values = bytes ? inputs.to(torch::kFloat32) : inputs;
    // As x * scale + shift, both computed in double: one pass over the batch.
    std::vector<double> scale, shift;
    for (std::size_t c = 0; c < mean.size(); ++c) {
      scale.push_back(1 / (bytes ? 255 * stddev[c] : stddev[c]));
      shift.push_back(-mean[c] / stddev[c]);
    }
    std::vector<std::int64_t> shape(static_cast<std::size_t>(inputs.dim()), 1);
    shape[1] = inputs.size(1);
    const auto per_channel = [&](const std::vector<double>& numbers) {
      return detail::sent(torch::tensor(numbers, torch::kFloat64).to(values.scalar_type()), values.device())
          .view(shape);
    };
    return torch::addcmul(per_channel(shift), values, per_channel(scale));
  }

 private:
  void require_fit(const torch::Tensor& inputs) const {
    using detail::concat;
    if (mean.size() != stddev.size()) {
      throw ConfigError(concat("Normalize has ", mean.size(), " means but ", stddev.size(), " stddevs"));
    }
    for (const double deviation : stddev) {
      if (!(deviation > 0)) {
        throw ConfigError(concat("Normalize has a stddev of ", deviation,
                                 "; it must be positive (give a "
                                 "constant channel 1)"));
      }
    }
    if (inputs.scalar_type() != torch::kUInt8 && !inputs.is_floating_point()) {
      throw DataError(concat("Normalize needs uint8 or floating-point inputs, but got ", inputs.scalar_type()));
    }
    if (inputs.dim() < 2 || static_cast<std::size_t>(inputs.size(1)) != mean.size()) {
      throw DataError(concat("Normalize has statistics of ", mean.size(),
                             " channel(s), but the inputs [N, C, "
                             "...] have shape ",
                             inputs.sizes()));
    }
  }
};

/// Mean and standard deviation (population: divided by the count) of each channel, as Normalize wants them:
/// of uint8 inputs in [0, 1] units. Accumulated in double, in pieces that keep the extra memory small. Throws
/// DataError for a data set that is not valid, has no channel dimension or neither bytes nor floating point.
template <class Targets = torch::Tensor>
[[nodiscard]] Normalize channel_statistics(const BasicTensorDataset<torch::Tensor, Targets>& dataset) {
  dataset.validate();
  const torch::Tensor& inputs = dataset.inputs;
  if (inputs.scalar_type() != torch::kUInt8 && !inputs.is_floating_point()) {
    throw DataError(detail::concat("channel statistics need uint8 or floating-point inputs, but they are ",
                                   inputs.scalar_type(), "; convert them first"));
  }
  if (inputs.dim() < 2) {
    throw DataError(detail::concat("channel statistics need inputs [N, C, ...], but they have shape ", inputs.sizes()));
  }
  const std::int64_t channels = inputs.size(1);
  const double unit = inputs.scalar_type() == torch::kUInt8 ? 255 : 1;
  torch::Tensor mean = torch::zeros({channels, 1}, torch::kFloat64);
  torch::Tensor squares = torch::zeros({channels, 1}, torch::kFloat64);  // of differences from the mean
  double count = 0;
  constexpr std::int64_t piece = 512;
  for (std::int64_t start = 0; start < dataset.size(); start += piece) {
    const torch::Tensor values = inputs.narrow(0, start, std::min(piece, dataset.size() - start))
                                     .to(torch::kCPU, torch::kFloat64)
                                     .transpose(0, 1)
                                     .reshape({channels, -1})
                                     .div(unit);
    // Pieces are merged by Chan, Golub and LeVeque's update, which does not cancel when the mean is large.
    const auto added = static_cast<double>(values.size(1));
    const torch::Tensor piece_mean = values.mean(1, /*keepdim=*/true);
    const torch::Tensor difference = piece_mean - mean;
    squares += (values - piece_mean).square().sum(1, /*keepdim=*/true) +
               difference.square() * (count * added / (count + added));
    count += added;
    mean += difference * (added / count);
  }
  const torch::Tensor deviation = (squares / count).sqrt();
  const auto list = [](const torch::Tensor& numbers) {
    const auto* first = numbers.data_ptr<double>();
    return std::vector<double>(first, first + numbers.numel());
  };
  return {list(mean), list(deviation)};
}

static_assert(BatchTransform<Normalize>);

}  // namespace afd
