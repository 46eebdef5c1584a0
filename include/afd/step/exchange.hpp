// SPDX-License-Identifier: MIT
#pragma once

// What a step exchanges with the same step in other processes.

#include <concepts>
#include <cstddef>
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

/// What makes one training of several processes: DataParallel or PeerParallel, in afd/distributed. It is a value, and
/// `make(networks)` gives what runs beside the steps of one distiller of so many networks:
///   begin(facts, tensors, norms)         once: throws ConfigError if facts differ, makes tensors those of the first
///   begin_step(stop)                     0, or a number from 1 to 2 that says why this process wants to stop
///   agreed_stop()                        the number that a process gave begin_step(); 0: none did
/// Where every process has all networks, and a part of each batch:
///   begin_counts(counts), finish_counts()  counts of this process, and their sums over all
///   add(gradients, parameters, samples)  which become, by finish(), the mean over all processes' samples
///   watch(number)                        only whether it is finite
///   finish(losses, samples, statistics)  returns the means of the losses; those that are undefined stay so
///   settle_statistics()                  after finish() had some: they become the means over all processes
///   require_finite()                     throws NonFiniteError if what was watched is not
/// Where networks are in different processes (`places_networks` is true), each with all of every batch:
///   is_here(network)                     whether this process trains it
///   share_views(readings, like, due)     what students here see of teachers elsewhere, and the other way round
///   agree(losses, problem)               returns the losses of all; a problem of one is then one of all
///   require_no_problem()                 throws NonFiniteError if there is one
/// Every process makes the same calls in the same order.
template <class E>
concept Exchange = std::copyable<E> && (std::same_as<E, NoExchange> || requires(const E& exchange) {
                     exchange.make(std::size_t{});
                     { exchange.is_first() } -> std::same_as<bool>;
                     { exchange.gather(std::string()) } -> std::same_as<std::vector<std::string>>;
                     { exchange.from_first(std::string()) } -> std::same_as<std::string>;
                     exchange.leave(std::string());
                   });

namespace detail {

template <class E>
inline constexpr bool exchanges = !std::is_same_v<E, NoExchange>;

/// Whether networks are in different processes.
template <class E>
inline constexpr bool places_networks = requires { requires E::places_networks; };

/// What must be the same in all processes: its name, and a text.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// BatchNorms of what is trained.
struct TrainedNorms {
  std::vector<SharesStatistics*> sync = {};
  std::vector<std::string> plain = {};  ///< names of those that cannot share
  bool in_turn = true;                  ///< whether networks are run one after the other
};

struct NoExchangeState {};

/// What runs beside steps whose gradients are those of several processes.
template <class State>
concept SharesGradients =
    requires(State& state, std::vector<torch::Tensor>& gradients) { state.add(gradients, gradients, std::int64_t{}); };

/// What runs beside the steps.
template <class E>
struct ExchangeStateOf {
  using type = decltype(std::declval<const E&>().make(std::size_t{}));
  static type make(const E& exchange, std::size_t networks) { return exchange.make(networks); }
};
template <>
struct ExchangeStateOf<NoExchange> {
  using type = NoExchangeState;
  static type make(const NoExchange& /*exchange*/, std::size_t /*networks*/) { return {}; }
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
                "afd: the exchange of a distiller is afd::NoExchange, or afd::DataParallel or afd::PeerParallel of "
                "afd/distributed");
  return Exchange<E>;
}

}  // namespace detail
}  // namespace afd
