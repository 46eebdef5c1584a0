// SPDX-License-Identifier: MIT
#pragma once

// Keeps the parts of one thing apart from those of another in the same state.

#include <cstdint>
#include <string>
#include <utility>

#include <torch/types.h>

#include <afd/state/state_visitor.hpp>

namespace afd {

/// Another visitor, with something put before each key. For what is made of several parts that name themselves alike,
/// an optimizer of two others for instance:
///     PrefixedVisitor first("first/", visitor), second("second/", visitor);
///     first_.visit_state(names, first);
///     second_.visit_state(names, second);
template <StateVisitor V>
class PrefixedVisitor {
 public:
  /// `visitor` must outlive it.
  PrefixedVisitor(std::string prefix, V& visitor) : prefix_(std::move(prefix)), visitor_(visitor) {}

  void tensor(const std::string& key, const torch::Tensor& tensor) { visitor_.tensor(prefix_ + key, tensor); }
  void optional(const std::string& key, torch::Tensor& tensor, const torch::Tensor& like) {
    visitor_.optional(prefix_ + key, tensor, like);
  }
  void integer(const std::string& key, std::int64_t& number) { visitor_.integer(prefix_ + key, number); }
  void real(const std::string& key, double& number) { visitor_.real(prefix_ + key, number); }
  void same(const std::string& key, std::int64_t number) { visitor_.same(prefix_ + key, number); }
  template <class Text>
  void text(const std::string& key, const Text& text, const StageText& stage) {
    visitor_.text(prefix_ + key, text, stage);
  }

 private:
  std::string prefix_;
  V& visitor_;
};

static_assert(StateVisitor<PrefixedVisitor<SaveState>>);

}  // namespace afd
