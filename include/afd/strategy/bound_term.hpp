// SPDX-License-Identifier: MIT
#pragma once

// A member of a strategy, taken apart: the term in it, and what its wrappers say of when, where and of what it is
// computed. Wrappers nest in any order: Every<4, Over<Top, At<1, T>>>.

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <afd/optim/schedule.hpp>
#include <afd/strategy/term.hpp>

namespace afd {

/// The targets of a batch, as they are: what a term without afd::Against is given.
struct WholeTargets {
  template <class Targets>
  static constexpr bool given_by = true;
  template <class Targets>
  [[nodiscard]] static const Targets& of(const Targets& targets) {
    return targets;
  }
};

/// Which networks a term of each network is for, if nobody says: all that are trained.
struct AllNetworks {
  static constexpr bool contains(std::size_t /*network*/) { return true; }
};

namespace detail {

/// A member without wrappers. A wrapper's specialisation inherits from what is in it, and changes what it is about.
template <class Member, class DefaultTopology>
struct BoundTerm {
  using Term = Member;
  using Topology = DefaultTopology;
  using Networks = AllNetworks;
  using StudentReads = TermReads<Member>;
  using TeacherReads = TermReads<Member>;
  using TargetReads = WholeTargets;
  static constexpr int period = 1;

  // Which wrappers there are already: of each kind one is enough, for a second would hide the first.
  static constexpr bool has_every = false, has_over = false, has_at = false, has_against = false, has_name = false,
                        has_schedule = false;

  static constexpr std::string_view name() { return Member::name; }
  static const Term& get(const Member& member) { return member; }
  static Term& get(Member& member) { return member; }

  /// Sets the term's numbers in `working` to what they are at this point of a training, of those that were given.
  static void advance(Member& /*working*/, const Member& /*given*/, const TrainingProgress& /*progress*/) {}
  /// add(name, text) for each number of its schedules.
  template <class Add>
  static void describe_schedules(const Member& /*member*/, const Add& /*add*/) {}
};

/// What is common to all wrappers that hold a member called `term`.
template <class Wrapper, class M, class DefaultTopology>
struct WrappedTerm : BoundTerm<M, DefaultTopology> {
  using Inside = BoundTerm<M, DefaultTopology>;

  static const auto& get(const Wrapper& wrapper) { return Inside::get(wrapper.term); }
  static auto& get(Wrapper& wrapper) { return Inside::get(wrapper.term); }
  static void advance(Wrapper& working, const Wrapper& given, const TrainingProgress& progress) {
    Inside::advance(working.term, given.term, progress);
  }
  template <class Add>
  static void describe_schedules(const Wrapper& wrapper, const Add& add) {
    Inside::describe_schedules(wrapper.term, add);
  }
};

}  // namespace detail
}  // namespace afd
