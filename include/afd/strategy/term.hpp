// SPDX-License-Identifier: MIT
#pragma once

// What a loss term is. A term computes; it never detaches, calls backward or updates a parameter: the step does. What
// it keeps beyond a step (a memory of embeddings), and what it differentiates within one (a gradient penalty), is its
// own.

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/detail/has_member.hpp>
#include <afd/network/reader.hpp>
#include <afd/transfer/feature_shape.hpp>

namespace afd {

/// Which of a network's two updates a term belongs to: the one of the logit loss or the one of the feature loss,
/// each with its own optimizer and learning rate.
enum class Level { logit, feature };

/// 1. The term is a value that can be copied: its hyper-parameters, no tensors. It is not final, for what it has is
///    found by inheriting from it.
template <class T>
concept TermIsValue = std::copyable<T> && !std::is_final_v<T>;

/// 2. `static constexpr std::string_view name`, for reports.
template <class T>
concept TermHasName = requires {
  { T::name } -> std::convertible_to<std::string_view>;
};

/// 3. `static constexpr afd::Level level`.
template <class T>
concept TermHasLevel = requires {
  { T::level } -> std::convertible_to<Level>;
};

/// 4. `double weight`: its factor in the sum of losses. Reports give losses without it.
template <class T>
concept TermHasWeight = requires(const T& term) {
  { term.weight } -> std::convertible_to<double>;
};

template <class T>
concept TermBasics = TermIsValue<T> && TermHasName<T> && TermHasLevel<T> && TermHasWeight<T>;

/// 5. `using Reads = afd::Logits;` (or Features, Tap<1>, Member<&Mine::boxes>): what the term is given of a network's
///    outputs. Without it, all that the forward returned. See afd/network/reader.hpp; afd::At puts another in its
///    place.
template <class T>
using TermReads = typename detail::ReadsOf<T>::type;

/// A term of every network that is trained: it has no `view`.
template <class T>
concept NetworkTerm = TermBasics<T> && !detail::HasViewMember<T>;

/// A term of every edge teacher -> student, whose losses are averaged over the edges that end at a student; or of each
/// student with all its teachers. It has
/// 6. `view(read) const`: what it compares of a network, a tensor or anything that afd::for_each_tensor can walk;
///    computed once per network, however many edges the network is an end of.
template <class T>
concept EdgeTerm = TermBasics<T> && detail::HasViewMember<T>;

/// A term of each student with all its teachers at once: it has `group_loss` in place of `loss`.
template <class T>
concept ComparesGroup = EdgeTerm<T> && detail::HasGroupLossMember<T>;

/// 7. Its edges may have layers of their own: `make_edge(student, teacher) const` makes them for views of those
///    shapes, as a struct with a handle of a torch module named `transfer`, trained with the student.
template <class T>
concept TermMakesEdge = requires(const T& term, FeatureShape shape) {
  requires std::derived_from<std::remove_cvref_t<decltype(*term.make_edge(shape, shape).transfer)>, torch::nn::Module>;
};

/// The layers that a term puts on an edge.
template <TermMakesEdge T>
using EdgeLayers = decltype(std::declval<const T&>().make_edge(FeatureShape{}, FeatureShape{}));

/// What both players of one edge minimise.
struct GameLosses {
  torch::Tensor generator;      ///< L_G, of the student's extractor and the edge's transfer layers
  torch::Tensor discriminator;  ///< L_D, of the edge's discriminator
};

/// 8. Or there is an adversary: the struct of 7 also has a module `discriminator`. See Adversarial.
template <class T>
concept AdversarialTerm = EdgeTerm<T> && TermMakesEdge<T> && requires(EdgeLayers<T>& edge) {
  requires std::derived_from<std::remove_cvref_t<decltype(*edge.discriminator)>, torch::nn::Module>;
};

/// A loss term. Not required: a base class, registration, a default constructor, that it knows the topology, the
/// other terms or the optimizers, that losses are positive, or that a term of an edge looks at features.
template <class T>
concept LossTerm = NetworkTerm<T> || EdgeTerm<T>;

// What a term can compute depends on what networks return and on the batch's targets, so the following are asked when
// both are known: at the first step that is compiled. Each is asked with and without targets, which come last.

/// `loss(read, targets) const`, or `loss(read) const`, is a scalar.
template <class T, class Read, class Targets>
concept LossReadsTargets = requires(const T& term, const Read& read, const Targets& targets) {
  { term.loss(read, targets) } -> std::same_as<torch::Tensor>;
};
template <class T, class Read>
concept LossReadsOutputs = requires(const T& term, const Read& read) {
  { term.loss(read) } -> std::same_as<torch::Tensor>;
};
template <class T, class Read, class Targets>
concept NetworkTermOf = NetworkTerm<T> && (LossReadsTargets<T, Read, Targets> || LossReadsOutputs<T, Read>);

/// The view of a network that returns something of which `Read` is read.
template <class T, class Read>
using ViewOf = std::remove_cvref_t<decltype(std::declval<const T&>().view(std::declval<const Read&>()))>;

template <class T, class Read>
concept TermViews = EdgeTerm<T> && requires { typename ViewOf<T, Read>; };

/// `loss(student_view, teacher_view) const` or `loss(student_view, teacher_view, targets) const` is a scalar; with
/// layers, the edge's come first.
template <class T, class Student, class Teacher, class... Targets>
concept ComparesViews =
    requires(const T& term, const Student& student, const Teacher& teacher, const Targets&... targets) {
      { term.loss(student, teacher, targets...) } -> std::same_as<torch::Tensor>;
    };
template <class T, class Student, class Teacher, class... Targets>
concept ComparesThroughEdge = TermMakesEdge<T> && requires(const T& term, EdgeLayers<T>& edge, const Student& student,
                                                           const Teacher& teacher, const Targets&... targets) {
  { term.loss(edge, student, teacher, targets...) } -> std::same_as<torch::Tensor>;
};

/// `group_loss(student_view, group) const` or `group_loss(student_view, group, targets) const` is a scalar. `group` are
/// constants: the views of the student's teachers and, last, its own. All are of one type. See EnsembleKL.
template <class T, class View, class... Targets>
concept ComparesGroupOf =
    requires(const T& term, const View& view, std::span<const View> group, const Targets&... targets) {
      { term.group_loss(view, group, targets...) } -> std::same_as<torch::Tensor>;
    };

/// `fake(edge, student_view)` and `real(edge, teacher_view)` are the maps that the discriminator judges, and
/// `generator_loss(edge, fake)`, `discriminator_loss(edge, real, fake)` and both at once, from one forward of the fake
/// map, `losses(edge, real, fake)`, are scalars.
template <class T, class Student, class Teacher>
concept PlaysGame = AdversarialTerm<T> && requires(const T& term, EdgeLayers<T>& edge, const Student& student,
                                                   const Teacher& teacher, const torch::Tensor& map) {
  { term.fake(edge, student) } -> std::same_as<torch::Tensor>;
  { term.real(edge, teacher) } -> std::same_as<torch::Tensor>;
  { term.generator_loss(edge, map) } -> std::same_as<torch::Tensor>;
  { term.discriminator_loss(edge, map, map) } -> std::same_as<torch::Tensor>;
  { term.losses(edge, map, map) } -> std::same_as<GameLosses>;
};

template <class T, class Student, class Teacher, class Targets>
concept EdgeTermOf =
    PlaysGame<T, Student, Teacher> || ComparesThroughEdge<T, Student, Teacher, Targets> ||
    ComparesThroughEdge<T, Student, Teacher> || ComparesGroupOf<T, Student, Targets> || ComparesGroupOf<T, Student> ||
    ComparesViews<T, Student, Teacher, Targets> || ComparesViews<T, Student, Teacher>;

/// Optional, of terms that read targets: `check(read, targets) const` throws DataError for shapes and dtypes that the
/// term cannot use, and `check_values(read, targets) const` for values; that one reads them, and is called where the
/// step looks at values at all. A term of edges is given the student's view.
template <class T, class Read, class Targets>
concept TermChecks = requires(const T& term, const Read& read, const Targets& targets) { term.check(read, targets); };
template <class T, class Read, class Targets>
concept TermChecksValues =
    requires(const T& term, const Read& read, const Targets& targets) { term.check_values(read, targets); };

/// Optional, of terms whose loss is a mean over something else than samples, over those with a label say:
/// `mean_over(targets) const` is what it is divided by, a scalar tensor. Where several processes have a part of a batch
/// each, the mean is then over the whole batch; without it a loss is averaged over processes by their samples.
template <class T, class Targets>
concept TermMeansOver = requires(const T& term, const Targets& targets) {
  { term.mean_over(targets) } -> std::same_as<torch::Tensor>;
};

namespace detail {

/// Fails to compile with one sentence that says what T lacks.
template <class T>
consteval bool require_term() {
  if constexpr (!TermBasics<T>) {
    static_assert(std::copyable<T>, "afd: a loss term must be copyable: it holds hyper-parameters, no modules");
    static_assert(!std::is_final_v<T>,
                  "afd: a loss term must not be final: what it has is found by inheriting from it");
    static_assert(TermHasName<T>,
                  "afd: a loss term needs a name: static constexpr std::string_view name = \"my_term\";");
    static_assert(TermHasLevel<T>,
                  "afd: a loss term needs a level: static constexpr afd::Level level = afd::Level::logit; (or "
                  "afd::Level::feature)");
    static_assert(TermHasWeight<T>, "afd: a loss term needs a weight: double weight = 1.0;");
  } else if constexpr (HasMakeEdgeMember<T>) {
    constexpr bool makes = TermMakesEdge<T>;
    static_assert(makes,
                  "afd: make_edge of a loss term must be make_edge(afd::FeatureShape student, afd::FeatureShape "
                  "teacher) const and return a struct with a handle of a torch module named transfer; see "
                  "afd/strategy/term.hpp");
    if constexpr (makes) {
      static_assert(T::level == Level::feature,
                    "afd: a loss term with layers on its edges must be of afd::Level::feature, whose optimizer trains "
                    "them");
      static_assert(T::level != Level::feature || EdgeTerm<T>,
                    "afd: a loss term with make_edge also needs view(read) const and torch::Tensor loss(Edge&, "
                    "student_view, teacher_view) const, or the functions of an AdversarialTerm; see "
                    "afd/strategy/term.hpp");
    }
  } else {
    static_assert(HasLossMember<T> || HasGroupLossMember<T>,
                  "afd: a loss term needs torch::Tensor loss(read, targets) const (a term of each network), or "
                  "view(read) const and torch::Tensor loss(student_view, teacher_view) const (a term of each edge); "
                  "what is read is all that a network returns, or what its using Reads = afd::Logits says; see "
                  "afd/strategy/term.hpp");
  }
  return true;
}

}  // namespace detail
}  // namespace afd
