// SPDX-License-Identifier: MIT
#pragma once

// What a step exchanges with the same step in other processes.

#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/error.hpp>
#include <afd/network/sync_batch_norm.hpp>

namespace afd {

/// Nothing: this process trains alone.
struct NoExchange {};

/// What makes one training of several processes: DataParallel, in afd/distributed/data_parallel.hpp. It is a value,
/// and `make()` gives what runs beside the steps of one distiller:
///   begin(facts, tensors, norms)         once: throws ConfigError if facts differ, makes tensors those of the first
///   begin_step(stop)                     0, or a number from 1 to 2 that says why this process wants to stop
///   begin_counts(counts), finish_counts()  counts of this process, and their sums over all
///   add(gradients, parameters, samples)  which become, by finish(), the mean over all processes' samples
///   watch(number)                        only whether it is finite
///   finish(losses, samples, statistics)  returns the means of the losses; those that are undefined stay so
///   settle_statistics()                  after finish() had some: they become the means over all processes
///   require_finite()                     throws NonFiniteError if what was watched is not
///   agreed_stop()                        the number that a process gave begin_step(); 0: none did
/// Every process makes the same calls in the same order.
template <class E>
concept Exchange = std::copyable<E> && (std::same_as<E, NoExchange> || requires(const E& exchange) {
                     exchange.make();
                     { exchange.is_first() } -> std::same_as<bool>;
                     { exchange.gather(std::string()) } -> std::same_as<std::vector<std::string>>;
                     { exchange.from_first(std::string()) } -> std::same_as<std::string>;
                     exchange.leave(std::string());
                   });

namespace detail {

template <class E>
inline constexpr bool exchanges = !std::is_same_v<E, NoExchange>;

/// What must be the same in all processes: its name, and a text.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// BatchNorms of what is trained.
struct TrainedNorms {
  std::vector<SharesStatistics*> sync = {};
  std::vector<std::string> plain = {};  ///< names of those that cannot share
  bool in_turn = true;                  ///< whether networks are run one after the other
};

struct NoExchangeState {};

/// What runs beside the steps.
template <class E>
struct ExchangeStateOf {
  using type = decltype(std::declval<const E&>().make());
  static type make(const E& exchange) { return exchange.make(); }
};
template <>
struct ExchangeStateOf<NoExchange> {
  using type = NoExchangeState;
  static type make(const NoExchange& /*exchange*/) { return {}; }
};

/// body(), of whose errors other processes are told, so that they do not wait. What is not finite is so for all of
/// them.
template <class E, class Body>
decltype(auto) telling_others([[maybe_unused]] const E& exchange, const Body& body) {
  if constexpr (exchanges<E>) {
    try {
      return body();
    } catch (const NonFiniteError&) {
      throw;
    } catch (const PeerError&) {
      throw;
    } catch (const std::exception& error) {
      exchange.leave(error.what());
      throw;
    }
  } else {
    return body();
  }
}

template <class E>
consteval bool require_exchange() {
  static_assert(Exchange<E>,
                "afd: the exchange of a distiller is afd::NoExchange, or afd::DataParallel of "
                "afd/distributed/data_parallel.hpp");
  return Exchange<E>;
}

}  // namespace detail
}  // namespace afd
