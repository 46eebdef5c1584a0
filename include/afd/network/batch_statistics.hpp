// SPDX-License-Identifier: MIT
#pragma once

// With which statistics the BatchNorms of a network that only teaches normalise.

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include <afd/error.hpp>
#include <afd/network/sync_batch_norm.hpp>

namespace afd {

/// What BatchNorm1d, 2d and 3d normalise with.
enum class Statistics {
  running,  ///< those that were learnt, which is what eval mode means
  of_batch  ///< mean and variance of the batch at hand, as in train mode; running ones stay as they are
};

namespace detail {

/// Lets the BatchNorms of a module in eval mode normalise with the batch's own statistics while it lives. Nothing is
/// saved and put back: they are given no running statistics to change. Asks the module for its parts anew each time,
/// for they may have been replaced.
class BatchStatistics {
 public:
  explicit BatchStatistics(torch::nn::Module& module) : BatchStatistics() {  // so that it ends as one if this fails
    add(module, nullptr);
    for (const auto& part : module.modules(/*include_self=*/false)) add(*part, part);
  }

  BatchStatistics(const BatchStatistics&) = delete;
  BatchStatistics& operator=(const BatchStatistics&) = delete;

  ~BatchStatistics() {
    while (!norms_.empty()) {  // backwards: a part that is shared is found twice
      const Norm& norm = norms_.back();
      for (std::size_t i = 0; i < norm.places.size(); ++i) *norm.places[i] = norm.given[i];
      norm.module->eval();
      norms_.pop_back();
    }
  }

  [[nodiscard]] std::size_t count() const { return norms_.size(); }

 private:
  BatchStatistics() = default;

  struct Norm {
    std::shared_ptr<torch::nn::Module> owner;  // of a part
    torch::nn::Module* module;
    std::array<torch::Tensor*, 3> places;
    std::array<torch::Tensor, 3> given;
  };

  void add(torch::nn::Module& module, std::shared_ptr<torch::nn::Module> owner) {
    if (auto* norm = dynamic_cast<torch::nn::BatchNorm2dImpl*>(&module)) return swap(*norm, std::move(owner));
    if (auto* norm = dynamic_cast<torch::nn::BatchNorm1dImpl*>(&module)) return swap(*norm, std::move(owner));
    if (auto* norm = dynamic_cast<torch::nn::BatchNorm3dImpl*>(&module)) return swap(*norm, std::move(owner));
    if (auto* norm = dynamic_cast<SyncBatchNorm1dImpl*>(&module)) return swap(*norm, std::move(owner));
    if (auto* norm = dynamic_cast<SyncBatchNorm2dImpl*>(&module)) return swap(*norm, std::move(owner));
    if (auto* norm = dynamic_cast<SyncBatchNorm3dImpl*>(&module)) return swap(*norm, std::move(owner));
  }

  template <class BatchNorm>
  void swap(BatchNorm& norm, std::shared_ptr<torch::nn::Module> owner) {
    const std::array<torch::Tensor*, 3> places{&norm.running_mean, &norm.running_var, &norm.num_batches_tracked};
    norms_.push_back({std::move(owner), &norm, places, {*places[0], *places[1], *places[2]}});
    for (torch::Tensor* place : places) *place = torch::Tensor();
    norm.train();
  }

  std::vector<Norm> norms_;
};

/// Throws ConfigError for statistics of the batch in a network without a BatchNorm that can be reached.
inline void require_statistics(torch::nn::Module& module, Statistics statistics) {
  if (statistics == Statistics::running) return;
  module.eval();
  if (BatchStatistics(module).count() > 0) return;
  throw ConfigError(
      "Statistics::of_batch was asked for, but the network has no BatchNorm1d, BatchNorm2d or BatchNorm3d among its "
      "registered modules (those of a TorchScript cannot be reached); leave the option out, or register them with "
      "register_module");
}

}  // namespace detail
}  // namespace afd
