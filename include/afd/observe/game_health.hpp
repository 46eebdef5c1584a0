// SPDX-License-Identifier: MIT
#pragma once

// How the game between discriminators and networks stands, edge by edge. Torch-free.

#include <cstddef>
#include <string>
#include <string_view>

#include <afd/detail/concat.hpp>

namespace afd {

/// How often the discriminator of an edge is right: a raw score above 0 means "real", the teacher's map.
struct GameHealth {
  std::string_view term;
  std::size_t teacher = 0;
  std::size_t student = 0;
  double real = 0;  ///< share of the teacher's maps taken for real, 0 to 1
  double fake = 0;  ///< share of the student's maps taken for fake, 0 to 1

  /// "edge 0 -> 1, term adversarial".
  [[nodiscard]] std::string place() const { return detail::concat("edge ", teacher, " -> ", student, ", term ", term); }

  /// The discriminator is right nearly always: what it teaches the student then has little gradient.
  [[nodiscard]] bool is_saturated() const { return real > 0.98 && fake > 0.98; }
  /// It takes everything for the same, whatever it sees.
  [[nodiscard]] bool is_collapsed() const { return (real > 0.98 && fake < 0.02) || (real < 0.02 && fake > 0.98); }

  /// What is wrong and what to try; empty if nothing is.
  [[nodiscard]] std::string advice() const {
    if (is_saturated()) {
      return place() +
             ": the discriminator is nearly always right, so its student learns little from it; lower the "
             "discriminator's rate, raise the feature rate, or try afd::SpectralConvDiscriminator";
    }
    if (is_collapsed()) {
      return place() +
             ": the discriminator takes all maps for the same; raise its rate, or try another GAN loss "
             "(afd::NonSaturating) or afd::DiscriminatorFirst";
    }
    return {};
  }
};

}  // namespace afd
