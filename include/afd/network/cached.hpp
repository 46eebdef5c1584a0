// SPDX-License-Identifier: MIT
#pragma once

// A teacher whose outputs come with the batch, for they were computed before.

#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/data/packed.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/normal_tensors.hpp>

namespace afd {

/// As a network's view of a batch: what a teacher returned for it, an Out. Its tensors move with the batch.
template <class Out>
class CachedOutputs {
 public:
  CachedOutputs() = default;
  /// `samples`: in the batch.
  CachedOutputs(const Out& outputs, std::int64_t samples) : samples_(samples) {
    detail::Packed parts = detail::pack(outputs);
    tensors_ = std::move(parts.tensors);
    numbers_ = std::move(parts.numbers);
  }

  [[nodiscard]] Out outputs() const { return detail::unpacked<Out>({tensors_, numbers_}); }
  [[nodiscard]] std::int64_t sample_count() const { return samples_; }

 private:
  std::vector<torch::Tensor> tensors_;  // those that are defined: a batch has no other
  std::vector<std::int64_t> numbers_;
  std::int64_t samples_ = 0;

 public:
  static constexpr auto tensors = std::tuple{&CachedOutputs::tensors_};  ///< see TensorMembers
};

/// The network that takes CachedOutputs and returns what is in them: it has no parameters, teaches, and is frozen. Its
/// batches are made by afd::CachedSource.
class Cached {
 public:
  Cached() : module_(std::make_shared<torch::nn::Module>("Cached")) { module_->eval(); }

  [[nodiscard]] torch::nn::Module& module() const { return *module_; }

 private:
  std::shared_ptr<torch::nn::Module> module_;
};

template <>
struct NetworkTraits<Cached> {
  using Module = torch::nn::Module;
  static Module& module(const Cached& network) { return network.module(); }

  template <class Out>
  static Out run(const Cached& /*network*/, const CachedOutputs<Out>& inputs) {
    return detail::as_normal(inputs.outputs());
  }
};

namespace detail {

template <>
struct IsFrozen<Cached> : std::true_type {};

}  // namespace detail

static_assert(Network<Cached> && is_frozen<Cached>);
static_assert(NetworkTakes<Cached, CachedOutputs<torch::Tensor>> && !NetworkTakes<Cached, torch::Tensor>);

}  // namespace afd
