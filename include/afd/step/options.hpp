// SPDX-License-Identifier: MIT
#pragma once

// How a distiller updates: its optimizers, the order of the game's two moves, and what a non-finite loss does.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <afd/compute/execution.hpp>
#include <afd/compute/layout.hpp>
#include <afd/compute/precision.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/say.hpp>
#include <afd/error.hpp>
#include <afd/optim/adam.hpp>
#include <afd/optim/optimizer.hpp>
#include <afd/optim/per_network.hpp>
#include <afd/optim/sgd.hpp>
#include <afd/step/exchange.hpp>

namespace afd {

/// L_D and L_G are taken with the same discriminator, from one forward of the student's map; then all update.
struct Simultaneous {};

/// The discriminator updates first, and L_G is taken with the new one, at the cost of another forward of the
/// student's map. Should L_G then be non-finite, the discriminator has moved; no network has.
struct DiscriminatorFirst {};

/// A loss or gradient that is not finite throws NonFiniteError that names its network or edge, before any weight
/// changes; running statistics are put back. Labels and inputs are looked at first. On an accelerator the host waits
/// for these in every step.
struct ThrowNonFinite {};

/// A step with a loss or gradient that is not finite changes nothing and is counted; after `limit` such steps in a row
/// it throws. With DiscriminatorFirst the discriminators may have moved by then, see there. Costs what ThrowNonFinite
/// costs.
struct SkipNonFinite {
  std::int64_t limit = 100;
};

/// Losses are looked at in every step, on the device; the host reads what was seen every `every` steps, when an epoch
/// ends, and before a state is saved, when weights are looked at, too: no file ever holds what came of them.
/// NonFiniteError names network or edge, but weights have changed by then: go on from the last checkpoint. Labels and
/// inputs are not looked at.
struct DeferNonFinite {
  std::int64_t every = 100;
};

/// Losses, labels and inputs are not looked at, and running statistics are not put back: no wait, no protection.
struct UncheckedLosses {};

/// Each network's logit loss and feature loss have a gradient and an optimizer of their own.
struct SeparateUpdates {
  static constexpr bool uses_feature_optimizer = true;
};

/// One backward and one update for both: the sum of a network's logit loss and feature loss goes to the logit
/// optimizer, its transfer layers included; the option `feature` is not used. About two thirds of the time of
/// SeparateUpdates; not what the method does, whose adversarial loss needs a smaller rate.
struct JointUpdate {
  static constexpr bool uses_feature_optimizer = false;
};

/// The logit loss's update comes first, and the feature loss's gradient is then taken at the weights that it has left,
/// but through the forward that was there before: two optimizers that take turns within a step, as the method was
/// published. It differs from SeparateUpdates by one logit update. A feature gradient that is not finite is an error
/// with any policy that looks at it, for the logit update is made by then. Not with Precision::float16.
struct LogitFirst {
  static constexpr bool uses_feature_optimizer = true;
};

/// The values that tune a distiller. The types are chosen with them:
///     DistillerOptions{.logit = Sgd{.lr = 0.05}, .feature = Adam{.lr = 1e-4}}
/// An optimizer for each network: .logit = PerNetwork{Sgd{}, AdamW{}}; others for some parameters: PerParameter.
template <class Logit = Sgd, class Feature = Adam, class Discriminator = Adam, class Order = Simultaneous,
          class NonFinite = ThrowNonFinite, class Execution = Sequential, class Updates = SeparateUpdates,
          class Exchange = NoExchange>
struct DistillerOptions {
  Logit logit = {};                  ///< of each network's logit loss
  Feature feature = {};              ///< of each network's feature loss, and of its transfer layers
  Discriminator discriminator = {};  ///< of each discriminator
  [[no_unique_address]] Order order = {};
  [[no_unique_address]] NonFinite non_finite = {};
  [[no_unique_address]] Execution execution = {};
  [[no_unique_address]] Updates updates = {};
  [[no_unique_address]] Exchange exchange = {};  ///< with other processes that train the same
  Layout layout = Layout::as_given;
  Precision precision = Precision::full;
  bool measure_gradients = false;  ///< for Distiller::gradient_norms()
  /// What the user should know, once: parameters that no loss reaches, a teacher that nobody froze, outputs that look
  /// like something else. Empty: nothing is said. What it throws is lost.
  Say say = say_on_stderr;
};

/// Factors on the learning rates of the three kinds of optimizer, for schedules.
struct RateFactors {
  double logit = 1.0;
  double feature = 1.0;
  double discriminator = 1.0;

  friend bool operator==(const RateFactors&, const RateFactors&) = default;
};

/// Of each network; those of `discriminator` are for the discriminators of the edges that end there.
template <std::size_t N>
using NetworkFactors = std::array<RateFactors, N>;

namespace detail {

template <class Order>
consteval bool require_order() {
  static_assert(std::is_same_v<Order, Simultaneous> || std::is_same_v<Order, DiscriminatorFirst>,
                "afd: the order of a distiller is afd::Simultaneous or afd::DiscriminatorFirst");
  return true;
}

template <class Policy>
consteval bool require_non_finite() {
  static_assert(std::is_same_v<Policy, ThrowNonFinite> || std::is_same_v<Policy, SkipNonFinite> ||
                    std::is_same_v<Policy, DeferNonFinite> || std::is_same_v<Policy, UncheckedLosses>,
                "afd: non_finite is afd::ThrowNonFinite, afd::SkipNonFinite, afd::DeferNonFinite or "
                "afd::UncheckedLosses");
  return true;
}

/// Throws ConfigError for a count of steps that cannot be.
template <class Policy>
void check_non_finite(const Policy& policy) {
  const auto require = [](std::int64_t steps, const char* what) {
    if (steps < 1) throw ConfigError(concat(what, " must be at least 1, but is ", steps));
  };
  if constexpr (std::is_same_v<Policy, SkipNonFinite>) require(policy.limit, "SkipNonFinite's limit");
  if constexpr (std::is_same_v<Policy, DeferNonFinite>) require(policy.every, "DeferNonFinite's every");
}

/// Throws ConfigError for a precision that needs other checks of gradients.
template <class Policy>
void check_precision(Precision precision, const Policy& /*non_finite*/) {
  constexpr bool looks = std::is_same_v<Policy, ThrowNonFinite> || std::is_same_v<Policy, SkipNonFinite>;
  if (precision != Precision::float16 || looks) return;
  throw ConfigError(
      "Precision::float16 scales losses by whether gradients are finite, so they must be looked at: choose "
      "afd::ThrowNonFinite or afd::SkipNonFinite, or Precision::bfloat16");
}

/// Throws ConfigError for updates that cannot be made in a precision.
template <class Updates>
void check_updates(Precision precision, const Updates& /*updates*/) {
  if constexpr (std::is_same_v<Updates, LogitFirst>) {
    if (precision != Precision::float16) return;
    throw ConfigError(
        "Precision::float16 takes a step back whose gradients overflow, but with LogitFirst weights have changed by "
        "then: choose Precision::bfloat16, or SeparateUpdates");
  }
}

template <class Updates>
consteval bool require_updates() {
  static_assert(std::is_same_v<Updates, SeparateUpdates> || std::is_same_v<Updates, JointUpdate> ||
                    std::is_same_v<Updates, LogitFirst>,
                "afd: the updates of a distiller are afd::SeparateUpdates, afd::JointUpdate or afd::LogitFirst");
  return true;
}

template <class Options>
inline constexpr bool is_distiller_options = false;
template <class L, class F, class D, class Order, class NonFinite, class Execution, class Updates, class Exchange>
inline constexpr bool is_distiller_options<DistillerOptions<L, F, D, Order, NonFinite, Execution, Updates, Exchange>> =
    require_optimizers<L>() && require_optimizers<F>() && require_optimizer<D>() && require_order<Order>() &&
    require_non_finite<NonFinite>() && require_execution<Execution>() && require_updates<Updates>() &&
    require_exchange<Exchange>();

/// Fails to compile with one sentence for options that are for another number of networks.
template <class Plan, class Options>
consteval bool require_options_fit() {
  return require_one_for_each_network<Plan, decltype(Options::logit)>() &&
         require_one_for_each_network<Plan, decltype(Options::feature)>();
}

}  // namespace detail
}  // namespace afd
