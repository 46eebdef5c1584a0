// SPDX-License-Identifier: MIT
#pragma once

// What every training of several processes asks of its world.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/distributed/facts.hpp>
#include <afd/distributed/world.hpp>
#include <afd/observe/sharing.hpp>
#include <afd/step/exchange.hpp>

namespace afd::detail {

/// A value. The world must outlive it.
class WorldLink {
 public:
  explicit WorldLink(World& world) : world_(&world) {}

  [[nodiscard]] World& world() const { return *world_; }
  [[nodiscard]] std::int64_t rank() const { return world_->rank(); }
  [[nodiscard]] std::int64_t size() const { return world_->size(); }
  [[nodiscard]] bool is_first() const { return world_->is_first(); }
  [[nodiscard]] std::vector<std::string> gather(const std::string& text) const { return world_->gather(text); }
  [[nodiscard]] std::vector<std::string> gather_to_first(const std::string& text) const {
    return world_->gather_to_first(text);
  }
  [[nodiscard]] std::string from_first(std::string text) const { return world_->from_first(std::move(text)); }
  /// Throws ConfigError, in all processes, naming what differs.
  void require_same(const Facts& facts) const { require_same_facts(gather(text_of(facts))); }
  /// Makes scores of a part of the samples those of all.
  void share(Sharing& sharing) const {
    sharing.share(
        rank(), [this](const std::string& text) { return gather(text); },
        [this](torch::Tensor& tensor) { world_->all_reduce(tensor); });
  }
  void leave(const std::string& why) const { world_->leave(why); }

 private:
  World* world_;
};

}  // namespace afd::detail
