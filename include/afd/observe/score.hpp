// SPDX-License-Identifier: MIT
#pragma once

// What a score is: it gathers outputs and targets of batches, and gives named numbers.

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/detail/has_member.hpp>
#include <afd/network/reader.hpp>

namespace afd {

/// One number of a score's result, and what histories call it.
template <class Result>
struct ScoreColumn {
  std::string_view name;
  double Result::* value;
  std::string_view label = {};  ///< what people are shown in place of the name, "top-1 %"
  double factor = 1.0;          ///< and of the value
};

/// Which way a number is better.
enum class Better { higher, lower };

/// 1. `using Result`: a struct with `std::int64_t samples` and numbers, which can be made, copied and compared. 0
///    samples say that nothing was scored.
template <class S>
concept ScoreHasResult = std::regular<typename S::Result> && requires(typename S::Result& result) {
  { result.samples } -> std::same_as<std::int64_t&>;
};

/// 2. `static constexpr std::array<ScoreColumn<Result>, n> columns`: all numbers, for history and CSV.
template <class S>
concept ScoreHasColumns = requires {
  { S::columns[0] } -> std::convertible_to<ScoreColumn<typename S::Result>>;
  requires S::columns.size() > 0;
};

/// 3. `static constexpr std::size_t watched` is the column that best epochs and patience go by, and
///    `static constexpr afd::Better better` says which way.
template <class S>
concept ScoreIsWatched = requires {
  requires S::watched < S::columns.size();
  { S::better } -> std::convertible_to<Better>;
};

/// 4. A copy of it gathers the batches of one network; `result() const` is what they come to. It throws DataError if
///    there were none.
template <class S>
concept ScoreGathers = std::copyable<S> && requires(const S& score) {
  { score.result() } -> std::same_as<typename S::Result>;
};

/// A score. What it reads is `Reads`, as of a loss term (all that networks return, if it has none). The rest is asked
/// when networks and batches are known:
/// 5. `add(read, targets)` gathers a batch. If there is
/// 6. `view(read) const`, that is given to add in place of what was read; and
/// 7. `static View ensemble(const std::vector<View>&)` is what the networks say together.
/// 8. `check(read, targets) const` throws DataError for targets that cannot be scored.
/// 9. `share(sharing)`, for evaluations by several processes, names what it has gathered; see Sharing.
/// Not required: a base class, a default constructor, 6 to 9. See Classification. A score that is there can read
/// another place: struct DepthError : afd::Regression { using Reads = afd::Member<&Mine::depth>; };
template <class S>
concept Score = ScoreHasResult<S> && ScoreHasColumns<S> && ScoreIsWatched<S> && ScoreGathers<S>;

namespace detail {

template <class S>
using ScoreReads = typename ReadsOf<S>::type;

/// What a score reads of a network that returns Out; void if that does not have it.
template <class S, class Out>
struct ScoreReadOf {
  using type = void;
};
template <class S, class Out>
  requires(ScoreReads<S>::template given_by<Out>)
struct ScoreReadOf<S, Out> {
  using type = std::remove_cvref_t<decltype(ScoreReads<S>::of(std::declval<const Out&>()))>;
};
template <class S, class Out>
using ScoreRead = typename ScoreReadOf<S, Out>::type;

template <class S, class Read>
concept ScoreViews = requires(const S& score, const Read& read) { score.view(read); };

/// What a score is given of what it read.
template <class S, class Read>
[[nodiscard]] decltype(auto) score_view(const S& score, const Read& read) {
  if constexpr (ScoreViews<S, Read>) {
    return score.view(read);
  } else {
    return (read);
  }
}
template <class S, class Read>
struct ScoreViewOf {
  using type = std::remove_cvref_t<decltype(score_view(std::declval<const S&>(), std::declval<const Read&>()))>;
};
template <class S>
struct ScoreViewOf<S, void> {
  using type = void;
};
template <class S, class Read>
using ScoreView = typename ScoreViewOf<S, Read>::type;

template <class S, class Read, class Targets>
concept ScoreAdds = !std::is_void_v<Read> && requires(S& score, const ScoreView<S, Read>& view,
                                                      const Targets& targets) { score.add(view, targets); };
template <class S, class View>
concept ScoreHasEnsemble = requires(const std::vector<View>& views) {
  { S::ensemble(views) } -> std::convertible_to<View>;
};
template <class S, class Read, class Targets>
concept ScoreChecks =
    requires(const S& score, const Read& read, const Targets& targets) { score.check(read, targets); };

/// The result of nothing: every number is NaN.
template <class S>
[[nodiscard]] typename S::Result not_scored() {
  typename S::Result result{};
  for (const auto& column : S::columns) result.*column.value = std::numeric_limits<double>::quiet_NaN();
  result.samples = 0;
  return result;
}

/// The number that is watched, the higher the better; NaN is worse than any, so that a later number can be better.
template <class S>
[[nodiscard]] double merit(const typename S::Result& result) {
  const double value = result.*S::columns[S::watched].value;
  if (std::isnan(value)) return -std::numeric_limits<double>::infinity();
  return S::better == Better::higher ? value : -value;
}

/// Fails to compile with one sentence that says what S lacks.
template <class S>
consteval bool require_score() {
  constexpr bool has_result = requires { typename S::Result; };
  static_assert(has_result,
                "afd: a score needs using Result = ...; a struct with numbers and std::int64_t samples; see "
                "afd/observe/score.hpp");
  if constexpr (has_result) {
    static_assert(!std::is_final_v<S>, "afd: a score must not be final, for its functions are found by inheriting");
    constexpr bool result = ScoreHasResult<S>, columns = ScoreHasColumns<S>, watched = ScoreIsWatched<S>;
    static_assert(result,
                  "afd: the Result of a score needs std::int64_t samples and operator==, and to be made without "
                  "arguments and copied");
    static_assert(columns || !result,
                  "afd: a score needs static constexpr std::array<afd::ScoreColumn<Result>, n> columns = "
                  "{{{\"mae\", &Result::mae}}}; see afd/observe/score.hpp");
    static_assert(watched || !columns,
                  "afd: a score needs static constexpr std::size_t watched, the column that best epochs go by, and "
                  "static constexpr afd::Better better");
    static_assert(ScoreGathers<S> || !watched,
                  "afd: a score needs Result result() const, and must be copyable: each network has a copy");
  }
  return Score<S>;
}

/// `Out` is what `Network` returns.
template <class S, class Network, class Out>
consteval bool require_score_reads() {
  constexpr bool reads = ScoreReads<S>::template given_by<Out>;
  static_assert(reads,
                "afd: this score reads of a Network what Out, which its forward returns, does not have: choose another "
                "score, e.g. TrainerOptions{.score = Mine{}} or evaluate(source, Mine{}, networks...), or return what "
                "it reads; see afd/observe/score.hpp");
  return reads;
}

/// A misspelt check or ensemble would be one that nobody calls.
template <class S, class Read, class Targets>
consteval bool require_score_adds() {
  constexpr bool views = !HasViewMember<S> || ScoreViews<S, Read>;
  static_assert(views,
                "afd: view of this score cannot be called as view(read) const with what it reads of networks; its "
                "Reads say what is read; see afd/observe/score.hpp");
  constexpr bool adds = ScoreAdds<S, Read, Targets>;
  static_assert(adds || !views,
                "afd: add of this score cannot be called as add(view, targets) with what it reads of networks and the "
                "batch's targets; choose another score, e.g. TrainerOptions{.score = Mine{}} or evaluate(source, "
                "Mine{}, networks...); without using Reads it is given all that they return; see "
                "afd/observe/score.hpp");
  constexpr bool checks = !HasCheckMember<S> || ScoreChecks<S, Read, Targets>;
  static_assert(checks || !views || !adds,
                "afd: check of this score cannot be called as check(read, targets) const, so it would never be called; "
                "if it is inherited from another score, afd::ScoreAgainst gives that score a part of the targets");
  constexpr bool joins = !HasEnsembleMember<S> || ScoreHasEnsemble<S, ScoreView<S, Read>>;
  static_assert(joins || !views || !adds || !checks,
                "afd: ensemble of this score cannot be called as static View ensemble(const std::vector<View>&), so it "
                "would never be called");
  return views && adds && checks && joins;
}

}  // namespace detail
}  // namespace afd
