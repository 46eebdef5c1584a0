// SPDX-License-Identifier: MIT
#pragma once

// Makes the gradients of a step those of all processes: sums in a few buckets, in the same order everywhere, while the
// rest is still being computed.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include <afd/detail/concat.hpp>
#include <afd/distributed/facts.hpp>
#include <afd/distributed/world.hpp>
#include <afd/error.hpp>
#include <afd/network/sync_batch_norm.hpp>
#include <afd/step/exchange.hpp>

namespace afd {

/// What BatchNorms take for their batch, and what becomes of running statistics.
enum class Norms {
  averaged,     ///< of each process its own samples; running statistics are averaged after each step
  apart,        ///< its own samples; evaluations and files have the running statistics of process 0
  synchronised  ///< all samples, where they are afd::SyncBatchNorms; others are refused. Not with PeerThreads.
};

struct DataParallelOptions {
  Norms norms = Norms::averaged;
  /// Gradients are sent when there are so many bytes of them: fewer, larger messages against an earlier start.
  std::int64_t bucket_bytes = std::int64_t{1} << 20;
};

namespace detail {

/// Of one process. A bucket is a flat tensor of parts
///     n g_1, n g_2, ... | flags | n         n samples, the mean over which the gradients are,
/// whose sum over processes gives the mean over all samples, and whether any of them had a gradient. Losses and the
/// like are the last part of the last bucket.
class GradientExchange {
 public:
  GradientExchange(World& world, const DataParallelOptions& options) : world_(&world), options_(options) {}

  /// See Exchange.
  void begin(const Facts& facts, const std::vector<torch::Tensor>& tensors, const TrainedNorms& norms) {
    if (options_.norms == Norms::synchronised) synchronise(norms);  // what is wrong in each is told by each
    require_same_facts(world_->gather(text_of(facts)));
    for (const torch::Tensor& tensor : tensors) {
      if (tensor.scalar_type() == torch::kFloat64) like_ = like_.dtype(torch::kFloat64);
      like_ = like_.device(tensor.device());
    }
    world_->broadcast_each(tensors);
  }

  void begin_step(int wants_to_stop) {
    wants_to_stop_ = wants_to_stop;
    for (Bucket& bucket : buckets_) bucket.begin();
    next_ = first_unread_ = 0;
    watched_.clear();
    watched_sum_ = statistics_sum_ = torch::Tensor();
    statistics_.clear();
  }

  void begin_counts(torch::Tensor counts) {
    own_counts_ = counts.clone();
    counts_ = std::move(counts);
    counting_.emplace(world_->start_all_reduce(counts_));
  }
  [[nodiscard]] std::pair<torch::Tensor, torch::Tensor> finish_counts() {
    counting_->wait();
    return {own_counts_, counts_};
  }

  void add(std::vector<torch::Tensor>& gradients, const std::vector<torch::Tensor>& parameters, std::int64_t samples) {
    const torch::NoGradGuard no_grad;
    std::int64_t elements = 0;
    for (const torch::Tensor& parameter : parameters) elements += parameter.numel();
    const auto count = static_cast<std::int64_t>(parameters.size());
    torch::Tensor part = room_for(elements + count + 1);
    std::vector<double> tail;
    std::int64_t place = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      torch::Tensor into = seen_as(part, place, parameters[i]);
      if (gradients[i].defined()) {
        into.copy_(gradients[i]);
      } else {
        into.zero_();
      }
      tail.push_back(gradients[i].defined() ? 1 : 0);
      place += parameters[i].numel();
    }
    part.narrow(0, 0, elements).mul_(samples);
    tail.push_back(static_cast<double>(samples));
    part.narrow(0, elements, count + 1).copy_(torch::tensor(tail, torch::kFloat64));
    Bucket& bucket = buckets_[next_];
    bucket.parts.push_back({part, &gradients, &parameters, elements});
    if (bucket.used * like_.dtype().itemsize() >= static_cast<std::size_t>(options_.bucket_bytes)) send();
  }

  void watch(const torch::Tensor& number) {
    if (number.defined()) watched_.push_back(number);
  }

  template <std::size_t N>
  std::array<torch::Tensor, N> finish(const std::array<torch::Tensor, N>& losses, std::int64_t samples,
                                      const std::vector<torch::Tensor>& statistics) {
    const torch::NoGradGuard no_grad;
    const auto wants = [this](int why) { return torch::full({}, wants_to_stop_ == why ? 1 : 0, like_); };
    std::vector<torch::Tensor> numbers{torch::ones({}, like_), wants(1), wants(2), torch::zeros({}, like_)};
    for (const torch::Tensor& number : watched_) numbers.back() = numbers.back() + number.to(like_);
    for (const torch::Tensor& loss : losses) {
      if (loss.defined()) numbers.push_back(loss.detach().to(like_));
    }
    // Losses are weighted with the samples, which the first number counts; a loss that is not finite stays so.
    torch::Tensor weighted = torch::stack(numbers);
    weighted.narrow(0, 0, 1).mul_(samples);
    weighted.narrow(0, fixed_numbers, weighted.numel() - fixed_numbers).mul_(samples);
    torch::Tensor sums = room_for(weighted.numel());
    sums.copy_(weighted);
    if (options_.norms != Norms::apart && !statistics.empty()) add_statistics(statistics, samples);
    send();
    for (std::size_t b = first_unread_; b < next_; ++b) buckets_[b].pending->wait();
    for (std::size_t b = first_unread_; b < next_; ++b) read(buckets_[b]);
    first_unread_ = next_;
    stop_ = sums.narrow(0, 1, 2);
    watched_sum_ = sums[3];
    const torch::Tensor total = sums.narrow(0, 0, 1);
    const torch::Tensor means = sums.narrow(0, fixed_numbers, sums.numel() - fixed_numbers) / total;
    if (statistics_sum_.defined()) statistics_sum_.div_(total);
    std::array<torch::Tensor, N> shared;
    std::int64_t next = 0;
    for (std::size_t i = 0; i < N; ++i) {
      if (losses[i].defined()) shared[i] = means[next++].to(losses[i].scalar_type());
    }
    return shared;
  }

  void settle_statistics() {
    const torch::NoGradGuard no_grad;
    std::int64_t place = 0;
    for (const torch::Tensor& buffer : statistics_) {
      buffer.copy_(statistics_sum_.narrow(0, place, buffer.numel()).view(buffer.sizes()));
      place += buffer.numel();
    }
  }

  /// Statistics that stay apart become those of process 0.
  void make_same(const std::vector<torch::Tensor>& statistics) {
    if (options_.norms == Norms::apart) world_->broadcast_each(statistics);
  }

  void require_finite() const {
    if (!watched_sum_.defined() || std::isfinite(watched_sum_.item<double>())) return;
    throw NonFiniteError("gradients that wait for an update hold NaN or infinity, though the losses are finite");
  }

  [[nodiscard]] int agreed_stop() const {
    if (!stop_.defined()) return 0;
    const torch::Tensor read = stop_.to(torch::kCPU, torch::kFloat64);
    return read[0].item<double>() > 0 ? 1 : read[1].item<double>() > 0 ? 2 : 0;
  }

 private:
  static constexpr std::int64_t fixed_numbers = 4;  // samples, who wants to stop for which reason, what is watched

  struct Part {
    torch::Tensor flat;
    std::vector<torch::Tensor>* gradients;
    const std::vector<torch::Tensor>* parameters;
    std::int64_t elements;
  };
  struct Bucket {
    torch::Tensor flat;
    std::size_t used = 0;
    std::vector<Part> parts;
    torch::Tensor sent;
    std::optional<World::Pending> pending;

    void begin() {
      used = 0;
      parts.clear();
      pending.reset();
    }
  };

  /// Throws ConfigError where that cannot be.
  void synchronise(const TrainedNorms& norms) const {
    if (!norms.plain.empty()) {
      throw ConfigError(concat("Norms::synchronised was asked for, but ", norms.plain.front(), " is a BatchNorm of ",
                               "LibTorch, which knows its own process only: make it an afd::SyncBatchNorm"));
    }
    if (!norms.in_turn) {
      throw ConfigError("with Norms::synchronised networks are run one after the other: choose afd::Sequential");
    }
    const auto sum = [world = world_](torch::Tensor& tensor) { world->all_reduce(tensor); };
    const auto processes = c10::make_intrusive<SumOverProcesses>(world_->rank(), world_->size(), sum);
    for (SharesStatistics* norm : norms.sync) norm->share_with(processes);
  }

  /// The part of a bucket that begins at `place`, as a tensor like the parameter.
  [[nodiscard]] static torch::Tensor seen_as(const torch::Tensor& flat, std::int64_t place,
                                             const torch::Tensor& parameter) {
    const torch::Tensor piece = flat.narrow(0, place, parameter.numel());
    if (parameter.is_non_overlapping_and_dense()) return piece.as_strided(parameter.sizes(), parameter.strides());
    return piece.view(parameter.sizes());
  }

  /// Of the bucket that is being filled, or of the next if it has none.
  [[nodiscard]] torch::Tensor room_for(std::int64_t elements) {
    const auto count = static_cast<std::size_t>(elements);
    if (next_ < buckets_.size() && buckets_[next_].used > 0 &&
        buckets_[next_].used + count > static_cast<std::size_t>(buckets_[next_].flat.numel())) {
      send();
    }
    if (next_ == buckets_.size()) buckets_.emplace_back();
    Bucket& bucket = buckets_[next_];
    if (bucket.used == 0 && (!bucket.flat.defined() || bucket.flat.numel() < elements)) {
      const auto usual = options_.bucket_bytes / static_cast<std::int64_t>(like_.dtype().itemsize());
      bucket.flat = torch::empty({std::max(elements, usual)}, like_);
    }
    torch::Tensor room = bucket.flat.narrow(0, static_cast<std::int64_t>(bucket.used), elements);
    bucket.used += count;
    return room;
  }

  void send() {
    if (next_ == buckets_.size() || buckets_[next_].used == 0) return;
    Bucket& bucket = buckets_[next_++];
    bucket.sent = bucket.flat.narrow(0, 0, static_cast<std::int64_t>(bucket.used));
    bucket.pending.emplace(world_->start_all_reduce(bucket.sent));
  }

  void add_statistics(const std::vector<torch::Tensor>& statistics, std::int64_t samples) {
    std::int64_t elements = 0;
    for (const torch::Tensor& buffer : statistics) elements += buffer.numel();
    statistics_ = statistics;
    statistics_sum_ = room_for(elements);
    std::int64_t place = 0;
    for (const torch::Tensor& buffer : statistics) {
      statistics_sum_.narrow(0, place, buffer.numel()).copy_(buffer.reshape(-1));
      place += buffer.numel();
    }
    statistics_sum_.mul_(samples);
  }

  /// Gradients are pieces of the bucket from here on, until the next step.
  void read(const Bucket& bucket) const {
    for (const Part& part : bucket.parts) {
      const auto count = static_cast<std::int64_t>(part.parameters->size());
      part.flat.narrow(0, 0, part.elements).div_(part.flat.narrow(0, part.elements + count, 1));
      std::int64_t place = 0;
      for (std::size_t i = 0; i < part.parameters->size(); ++i) {
        const torch::Tensor& parameter = (*part.parameters)[i];
        torch::Tensor& gradient = (*part.gradients)[i];
        const auto flag = part.elements + static_cast<std::int64_t>(i);
        if (gradient.defined() || part.flat[flag].item<double>() > 0) {
          gradient = seen_as(part.flat, place, parameter).to(parameter.scalar_type());
        }
        place += parameter.numel();
      }
    }
  }

  World* world_;
  DataParallelOptions options_;
  torch::TensorOptions like_ = torch::dtype(torch::kFloat32);
  std::vector<Bucket> buckets_;
  std::size_t next_ = 0;          // bucket to be filled
  std::size_t first_unread_ = 0;  // of those that were sent
  int wants_to_stop_ = 0;
  torch::Tensor own_counts_, counts_;
  std::optional<World::Pending> counting_;
  std::vector<torch::Tensor> watched_;
  torch::Tensor watched_sum_;
  torch::Tensor stop_;
  std::vector<torch::Tensor> statistics_;
  torch::Tensor statistics_sum_;
};

}  // namespace detail
}  // namespace afd
