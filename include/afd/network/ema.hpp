// SPDX-License-Identifier: MIT
#pragma once

// A teacher that is the moving average of its student's weights over the steps: the mean teacher of Tarvainen and
// Valpola, NIPS 2017, arXiv 1703.01780.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/detail/device_error.hpp>
#include <afd/error.hpp>
#include <afd/network/batch_statistics.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/matched_tensors.hpp>
#include <afd/network/network.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/normal_tensors.hpp>
#include <afd/network/run_as_teacher.hpp>

namespace afd {

/// What becomes of running statistics and other buffers with fractions; counters and other whole numbers are copied.
enum class EmaBuffers {
  copied,   ///< the student's of now
  averaged  ///< as parameters are
};

struct EmaOptions {
  double decay = 0.999;                         ///< d in [0, 1): what is kept of the average in a step
  bool ramp = false;                            ///< d is min(decay, (1 + steps) / (10 + steps)): early steps count more
  EmaBuffers buffers = EmaBuffers::copied;      ///< how BatchNorm's running statistics follow
  Statistics statistics = Statistics::running;  ///< what its BatchNorms normalise with, as FrozenOptions say
};

/// The average of a student, a network that teaches and is scored as a frozen one is: it runs in eval mode, without a
/// graph. After each step, average = d * average + (1 - d) * student for every parameter; it begins as a copy.
/// The student must be one of the networks that train beside it. What a module has beside parameters and buffers is not
/// followed. An average in half precision hardly moves for d near 1, since its changes are rounded away: keep students
/// of averages in float. `A` and `S`: the types of the average's and of the student's handle.
template <Network A, Network S = A>
class Ema {
 public:
  /// Sets the average's weights to the student's. Throws ConfigError for options that cannot be, an empty handle, and
  /// an average that does not have the student's parameters and buffers, or shares them; nothing is changed then.
  Ema(NetworkHandle<A> average, NetworkHandle<S> student, const EmaOptions& options = {})
      : average_(std::move(average)), student_(std::move(student)), options_(options), tensors_(matched()) {
    tensors_.copy();
    module_of(average_).eval();
  }

  [[nodiscard]] const NetworkHandle<A>& network() const { return average_; }
  [[nodiscard]] const NetworkHandle<S>& student() const { return student_; }
  [[nodiscard]] torch::nn::Module& student_module() const { return NetworkTraits<NetworkHandle<S>>::module(student_); }
  [[nodiscard]] const EmaOptions& options() const { return options_; }

  /// d after so many steps.
  [[nodiscard]] double decay_at(std::int64_t steps) const {
    if (!options_.ramp) return options_.decay;
    return std::min(options_.decay, static_cast<double>(1 + steps) / static_cast<double>(10 + steps));
  }

  /// Throws ConfigError, naming the tensor, if average and student are of other dtypes or on other devices, or have
  /// other parameters since a module of one was replaced.
  void require_can_advance() const {
    const torch::nn::Module& average = NetworkTraits<NetworkHandle<A>>::module(average_);
    if (!tensors_.are_of(average, student_module())) tensors_ = {average, student_module()};
    tensors_.require_alike();
  }

  /// Follows the student; to be called after each update, with the number of updates so far. Throws ConfigError as
  /// require_can_advance() does, before anything is changed, and for steps below 1.
  void advance(std::int64_t steps) const {
    if (steps < 1) throw ConfigError(detail::concat("an average follows after 1 step or more, not after ", steps));
    require_can_advance();
    tensors_.move(decay_at(steps), options_.buffers == EmaBuffers::averaged);
  }

 private:
  detail::MatchedTensors matched() {
    if (!(options_.decay >= 0 && options_.decay < 1)) {
      throw ConfigError(detail::concat("the decay of an average must be in [0, 1), but is ", options_.decay));
    }
    torch::nn::Module& average = module_of(average_);
    const torch::nn::Module& student = module_of(student_);
    detail::require_statistics(average, options_.statistics);
    detail::make_normal(average);
    return {average, student};
  }

  NetworkHandle<A> average_;
  NetworkHandle<S> student_;
  EmaOptions options_;
  mutable detail::MatchedTensors tensors_;  // matched again when a module was replaced
};

template <class A, class S>
struct NetworkTraits<Ema<A, S>> {
  using Module = NetworkModule<A>;

  static Module& module(const Ema<A, S>& ema) { return NetworkTraits<NetworkHandle<A>>::module(ema.network()); }

  template <class... Inputs>
    requires detail::RunsOn<NetworkHandle<A>, Inputs...>
  static auto run(const Ema<A, S>& ema, const Inputs&... inputs) {
    return detail::run_as_teacher(module(ema), ema.options().statistics,
                                  [&] { return detail::run_on(ema.network(), inputs...); });
  }
};

/// A network that teaches and changes with a student: after each update somebody must call advance(steps).
template <class N>
concept MovesWithStudent = is_frozen<N> && requires(const std::remove_cvref_t<N>& network, std::int64_t steps) {
  network.require_can_advance();
  network.advance(steps);
  { network.student_module() } -> std::same_as<torch::nn::Module&>;
};

namespace detail {

template <class A, class S>
struct IsFrozen<Ema<A, S>> : std::true_type {};

/// Whether there is nothing to a handle but its module, so that a shared pointer to another module can stand for it.
template <class N>
inline constexpr bool is_plain_handle =
    std::derived_from<N, torch::nn::Module> || HolderHandle<N> ||
    std::is_same_v<N, std::shared_ptr<NetworkModule<N>>> || std::is_same_v<N, std::reference_wrapper<NetworkModule<N>>>;

/// A deep copy of the student's module. Throws ConfigError, which says what to do, if there is none of its class.
template <class M>
[[nodiscard]] std::shared_ptr<M> clone_of_student(const M& student) {
  constexpr const char* way_out = "; make a second network like it and write afd::ema(average, student, options)";
  std::shared_ptr<torch::nn::Module> copy;
  try {
    const c10::InferenceMode ordinary(/*enabled=*/false);
    copy = student.clone();
  } catch (const c10::Error& error) {
    throw_if_of_device(error, "cloning a student");
    throw ConfigError(
        concat("the student cannot be cloned for its average: ", error.what_without_backtrace(), way_out));
  }
  const torch::nn::Module& given = student;
  const torch::nn::Module* found = copy.get();
  auto same = std::dynamic_pointer_cast<M>(std::move(copy));
  if (same != nullptr && typeid(*found) == typeid(given)) return same;
  throw ConfigError(
      concat("the student's clone() for its average gives a module of another class than ", given.name(), way_out));
}

}  // namespace detail

/// The average of `student`, which is cloned for it. Throws ConfigError, which says what to do, for a module without
/// clone(), and as Ema does.
template <Network S>
[[nodiscard]] auto ema(S&& student, const EmaOptions& options = {}) {
  using Student = std::remove_cvref_t<S>;
  constexpr bool learns = !is_frozen<S>, is_plain = detail::is_plain_handle<Student>;
  static_assert(learns, "afd: an average follows a network that trains, but this one is frozen");
  static_assert(is_plain || !learns,
                "afd: a network behind a handle with NetworkTraits of its own, such as afd::AnyNetwork, cannot be "
                "cloned; make a second one and write afd::ema(average, student, options)");
  if constexpr (learns && is_plain) {
    using Average = std::shared_ptr<NetworkModule<Student>>;
    NetworkHandle<Student> handle = network_handle(std::forward<S>(student));
    Average average = detail::clone_of_student(NetworkTraits<NetworkHandle<Student>>::module(handle));
    return Ema<Average, Student>(std::move(average), std::move(handle), options);
  } else {
    return network_handle(std::forward<S>(student));  // so that the sentence comes alone
  }
}

/// The same with `average` as the module of the average, a second one of the student's shape, whose weights are set to
/// the student's. All names and shapes are checked before that, and every difference is named.
template <Network A, Network S>
[[nodiscard]] auto ema(A&& average, S&& student, const EmaOptions& options = {}) {
  constexpr bool learns = !is_frozen<S>, is_bare = !is_frozen<A>;
  static_assert(learns, "afd: an average follows a network that trains, but this one is frozen");
  static_assert(is_bare, "afd: the average is frozen by its nature; give the network itself, without afd::frozen");
  if constexpr (learns && is_bare) {
    return Ema<std::remove_cvref_t<A>, std::remove_cvref_t<S>>(network_handle(std::forward<A>(average)),
                                                               network_handle(std::forward<S>(student)), options);
  } else {
    return network_handle(std::forward<S>(student));
  }
}

}  // namespace afd
