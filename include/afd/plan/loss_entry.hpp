// SPDX-License-Identifier: MIT
#pragma once

// Names one of the losses of a step: whose it is and which term it comes from. Torch-free.

#include <cstddef>
#include <string>
#include <string_view>

#include <afd/detail/concat.hpp>

namespace afd {

enum class LossKind {
  network,       ///< a term of one network
  edge,          ///< what the student of an edge minimises
  discriminator  ///< what the discriminator of an edge minimises
};

struct LossEntry {
  std::string_view term;
  LossKind kind = LossKind::network;
  std::size_t student = 0;
  std::size_t teacher = 0;  ///< the student again for a term of one network

  /// Where the loss belongs, for messages: "network 1" or "edge 0 -> 1", networks counted from 0.
  [[nodiscard]] std::string place() const {
    return kind == LossKind::network ? detail::concat("network ", student)
                                     : detail::concat("edge ", teacher, " -> ", student);
  }

  /// A column name: cross_entropy_1, mutual_kl_0_to_1, adversarial_0_to_1_discriminator.
  [[nodiscard]] std::string column() const {
    return kind == LossKind::network ? detail::concat(term, '_', student)
                                     : detail::concat(term, '_', teacher, "_to_", student,
                                                      kind == LossKind::discriminator ? "_discriminator" : "");
  }

  friend bool operator==(const LossEntry&, const LossEntry&) = default;
};

}  // namespace afd
