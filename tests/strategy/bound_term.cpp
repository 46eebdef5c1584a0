// SPDX-License-Identifier: MIT
#include <afd/strategy/bound_term.hpp>
//
#include <string_view>
#include <tuple>
#include <type_traits>

#include <afd/network/reader.hpp>
#include <afd/strategy/against.hpp>
#include <afd/strategy/at.hpp>
#include <afd/strategy/attention_transfer.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/named.hpp>
#include <afd/strategy/over.hpp>
#include <afd/topology/graph.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("strategy");

namespace {

using namespace afd;
using afd::detail::BoundTerm;
using topology::Networks;
using topology::Pair;
using Line = topology::Graph<3, Edge{0, 1}, Edge{1, 2}>;

template <class Member>
using Bound = BoundTerm<Member, Pair>;

/// A term of edges with a number to know it by.
struct Mine {
  static constexpr std::string_view name = "mine";
  static constexpr Level level = Level::feature;
  using Reads = Features;
  double weight = 1;
  torch::Tensor view(const torch::Tensor& features) const { return features; }
  torch::Tensor loss(const torch::Tensor& student, const torch::Tensor& teacher) const {
    return (student - teacher).sum();
  }
};

// Without wrappers.
static_assert(std::is_same_v<Bound<Mine>::Term, Mine> && std::is_same_v<Bound<Mine>::Topology, Pair>);
static_assert(std::is_same_v<Bound<Mine>::StudentReads, Features>);
static_assert(std::is_same_v<Bound<Mine>::TeacherReads, Features>);
static_assert(std::is_same_v<Bound<Mine>::TargetReads, WholeTargets>);
static_assert(std::is_same_v<Bound<Mine>::Networks, AllNetworks>);
static_assert(Bound<Mine>::name() == "mine" && Bound<Mine>::period == 1);
static_assert(!Bound<Mine>::has_every && !Bound<Mine>::has_over && !Bound<Mine>::has_at && !Bound<Mine>::has_against &&
              !Bound<Mine>::has_name);
static_assert(std::is_same_v<Bound<CrossEntropy>::StudentReads, Logits>);
static_assert(AllNetworks::contains(0) && AllNetworks::contains(99));
static_assert(WholeTargets::given_by<torch::Tensor> && WholeTargets::given_by<std::tuple<int, int>>);

/// All that wrappers say.
template <class A, class B>
constexpr bool are_alike =
    std::is_same_v<typename A::Term, typename B::Term> && std::is_same_v<typename A::Topology, typename B::Topology> &&
    std::is_same_v<typename A::Networks, typename B::Networks> &&
    std::is_same_v<typename A::StudentReads, typename B::StudentReads> &&
    std::is_same_v<typename A::TeacherReads, typename B::TeacherReads> &&
    std::is_same_v<typename A::TargetReads, typename B::TargetReads> && A::period == B::period &&
    A::has_every == B::has_every && A::has_over == B::has_over && A::has_at == B::has_at &&
    A::has_against == B::has_against && A::has_name == B::has_name && A::name() == B::name();

// Each wrapper changes what it is about, and leaves the rest.
template <class Changed>
constexpr bool says_nothing_else =
    std::is_same_v<typename Changed::Term, Mine> &&
    Changed::has_every + Changed::has_over + Changed::has_at + Changed::has_against + Changed::has_name == 1;
static_assert(says_nothing_else<Bound<Every<4, Mine>>> && Bound<Every<4, Mine>>::period == 4);
static_assert(!are_alike<Bound<Every<4, Mine>>, Bound<Mine>> && !are_alike<Bound<At<1, Mine>>, Bound<At<0, Mine>>>);
static_assert(says_nothing_else<Bound<Over<Line, Mine>>> && std::is_same_v<Bound<Over<Line, Mine>>::Topology, Line>);
static_assert(says_nothing_else<Bound<At<1, Mine>>> && std::is_same_v<Bound<At<1, Mine>>::StudentReads, Tap<1>>);
static_assert(says_nothing_else<Bound<Against<1, Mine>>> &&
              std::is_same_v<Bound<Against<1, Mine>>::TargetReads, afd::detail::TargetElement<1>>);
static_assert(says_nothing_else<Bound<Named<"hint", Mine>>> && Bound<Named<"hint", Mine>>::name() == "hint");

// In whatever order they stand.
template <class M>
using E = Every<4, M>;
template <class M>
using O = Over<Line, M>;
template <class M>
using A = At<Ends{.teacher = 2, .student = 1}, M>;
template <class M>
using G = Against<1, M>;
template <class M>
using N = Named<"hint", M>;

using First = Bound<E<O<A<G<N<Mine>>>>>>;
static_assert(std::is_same_v<First::Term, Mine> && std::is_same_v<First::Topology, Line> && First::period == 4);
static_assert(std::is_same_v<First::TeacherReads, Tap<2>> && std::is_same_v<First::StudentReads, Tap<1>>);
static_assert(std::is_same_v<First::TargetReads, afd::detail::TargetElement<1>> && First::name() == "hint");
static_assert(First::has_every && First::has_over && First::has_at && First::has_against && First::has_name);
static_assert(are_alike<First, Bound<N<G<A<O<E<Mine>>>>>>>);
static_assert(are_alike<First, Bound<O<A<G<N<E<Mine>>>>>>>);
static_assert(are_alike<First, Bound<A<N<E<G<O<Mine>>>>>>>);
static_assert(are_alike<First, Bound<G<E<N<O<A<Mine>>>>>>>);
static_assert(are_alike<First, Bound<A<E<O<N<G<Mine>>>>>>>);

// Without a name of its own, it has that of its taps, wherever At stands.
static_assert(Bound<E<O<A<G<Mine>>>>>::name() == "mine_at_2_1" && Bound<A<G<E<O<Mine>>>>>::name() == "mine_at_2_1");
static_assert(are_alike<Bound<E<O<A<G<Mine>>>>>, Bound<G<A<O<E<Mine>>>>>>);

// A term of each network.
struct Truth {
  torch::Tensor labels;
};
using OfNetworks = Bound<Every<2, Over<Networks<0, 2>, At<0, Against<&Truth::labels, CrossEntropy>>>>>;
static_assert(std::is_same_v<OfNetworks::Networks, Networks<0, 2>> && std::is_same_v<OfNetworks::Topology, Pair>);
static_assert(std::is_same_v<OfNetworks::StudentReads, Tap<0>> && OfNetworks::period == 2);
static_assert(
    are_alike<OfNetworks, Bound<Against<&Truth::labels, At<0, Over<Networks<0, 2>, Every<2, CrossEntropy>>>>>>);

}  // namespace

TEST_CASE("the term in the wrappers is found, and is the one that was put there") {
  const Mine plain{.weight = 2};
  CHECK(&Bound<Mine>::get(plain) == &plain);

  const E<O<A<G<N<Mine>>>>> wrapped{.term = {.term = {.term = {.term = {.term = {.weight = 3}}}}}};
  CHECK(&First::get(wrapped) == &wrapped.term.term.term.term.term);
  CHECK(First::get(wrapped).weight == 3);

  N<A<E<Mine>>> other;
  other.term.term.term.weight = 5;
  CHECK(Bound<N<A<E<Mine>>>>::get(other).weight == 5);
}

TEST_CASE("whole targets are the targets") {
  const std::tuple<int, double> targets{1, 2.5};
  CHECK(&WholeTargets::of(targets) == &targets);
}

TEST_SUITE_END();
