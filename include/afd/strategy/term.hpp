// SPDX-License-Identifier: MIT
#pragma once

// What a loss term is. A term computes; it never detaches, calls backward or updates anything: the step does.

#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <torch/nn/module.h>
#include <torch/types.h>

#include <afd/network/outputs.hpp>
#include <afd/transfer/map_shape.hpp>

namespace afd {

/// Which of a network's two updates a term belongs to: the one of the logit loss or the one of the feature loss,
/// each with its own optimizer and learning rate.
enum class Level { logit, feature };

/// 1. The term is a value that can be copied: its hyper-parameters, no tensors.
template <class T>
concept TermIsValue = std::copyable<T>;

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

/// A term of every network that is trained: `loss(outputs, targets) const` is a scalar. See CrossEntropy.
template <class T>
concept NetworkTerm = TermBasics<T> && requires(const T& term, const Outputs& outputs, const torch::Tensor& targets) {
  { term.loss(outputs, targets) } -> std::same_as<torch::Tensor>;
};

/// 5. `view(outputs) const` is what the term compares of a network; it is computed once per network, however
///    many edges the network is an end of.
template <class T>
concept TermHasView = requires(const T& term, const Outputs& outputs) {
  { term.view(outputs) } -> std::same_as<torch::Tensor>;
};

/// 6. `loss(student_view, teacher_view) const` is a scalar. See MutualKL.
template <class T>
concept ComparesViews = TermHasView<T> && requires(const T& term, const torch::Tensor& view) {
  { term.loss(view, view) } -> std::same_as<torch::Tensor>;
};

/// ... or `group_loss(student_view, group) const` is a scalar: of a student and all that it learns from at once.
/// `group`
///    are constants: the views of its teachers and, last, the student's own. See EnsembleKL.
template <class T>
concept ComparesGroup =
    TermHasView<T> && requires(const T& term, const torch::Tensor& view, std::span<const torch::Tensor> group) {
      { term.group_loss(view, group) } -> std::same_as<torch::Tensor>;
    };

/// 7. Or the edge has layers of its own: `make_edge(student, teacher) const` makes them for maps of those
///    shapes, as a struct with a handle of a torch module named `transfer`, trained with the student.
template <class T>
concept TermMakesEdge = requires(const T& term, MapShape shape) {
  requires std::derived_from<std::remove_cvref_t<decltype(*term.make_edge(shape, shape).transfer)>, torch::nn::Module>;
};

/// The layers that a term puts on an edge.
template <TermMakesEdge T>
using EdgeLayers = decltype(std::declval<const T&>().make_edge(MapShape{}, MapShape{}));

/// 8. ... and `loss(edge, student_view, teacher_view) const` is a scalar. See FeatureL1.
template <class T>
concept ComparesThroughEdge = TermHasView<T> && TermMakesEdge<T> && (T::level == Level::feature) &&
                              requires(const T& term, EdgeLayers<T>& edge, const torch::Tensor& view) {
                                { term.loss(edge, view, view) } -> std::same_as<torch::Tensor>;
                              };

/// What both players of one edge minimise.
struct GameLosses {
  torch::Tensor generator;      ///< L_G, of the student's extractor and the edge's transfer layers
  torch::Tensor discriminator;  ///< L_D, of the edge's discriminator
};

/// 9. Or there is an adversary: the struct of 7 also has a module `discriminator`;
///    `fake(edge, student_view)` and `real(edge, teacher_view)` are the maps it judges, and
///    `generator_loss(edge, fake)`, `discriminator_loss(edge, real, fake)` and both at once, from one forward of
///    the fake map, `losses(edge, real, fake)`, are scalars. See Adversarial.
template <class T>
concept AdversarialTerm =
    TermBasics<T> && TermHasView<T> && TermMakesEdge<T> && (T::level == Level::feature) &&
    requires(const T& term, EdgeLayers<T>& edge, const torch::Tensor& map) {
      requires std::derived_from<std::remove_cvref_t<decltype(*edge.discriminator)>, torch::nn::Module>;
      { term.fake(edge, map) } -> std::same_as<torch::Tensor>;
      { term.real(edge, map) } -> std::same_as<torch::Tensor>;
      { term.generator_loss(edge, map) } -> std::same_as<torch::Tensor>;
      { term.discriminator_loss(edge, map, map) } -> std::same_as<torch::Tensor>;
      { term.losses(edge, map, map) } -> std::same_as<GameLosses>;
    };

/// A term of every edge teacher -> student, whose losses are averaged over the edges that end at a student; or of each
/// student with all its teachers.
template <class T>
concept EdgeTerm =
    TermBasics<T> && (ComparesViews<T> || ComparesGroup<T> || ComparesThroughEdge<T> || AdversarialTerm<T>);

/// A loss term. Not required: a base class, registration, a default constructor, that it knows the topology, the
/// other terms or the optimizers, that losses are positive, or that a term of an edge looks at features.
template <class T>
concept LossTerm = NetworkTerm<T> || EdgeTerm<T>;

namespace detail {

/// Fails to compile with one sentence that says what T lacks.
template <class T>
consteval bool require_term() {
  if constexpr (!TermBasics<T>) {
    static_assert(TermIsValue<T>, "afd: a loss term must be copyable: it holds hyper-parameters, no modules");
    static_assert(TermHasName<T>,
                  "afd: a loss term needs a name: static constexpr std::string_view name = \"my_term\";");
    static_assert(TermHasLevel<T>,
                  "afd: a loss term needs a level: static constexpr afd::Level level = afd::Level::logit; (or "
                  "afd::Level::feature)");
    static_assert(TermHasWeight<T>, "afd: a loss term needs a weight: double weight = 1.0;");
  } else if constexpr (TermMakesEdge<T>) {
    static_assert(T::level == Level::feature,
                  "afd: a loss term with layers on its edges must be of afd::Level::feature, whose optimizer trains "
                  "them");
    static_assert(T::level != Level::feature || LossTerm<T>,
                  "afd: a loss term with make_edge(MapShape student, MapShape teacher) also needs "
                  "torch::Tensor view(const afd::Outputs&) const and torch::Tensor loss(Edge&, const torch::Tensor& "
                  "student_view, const torch::Tensor& teacher_view) const, or the functions of an AdversarialTerm; "
                  "see afd/strategy/term.hpp");
  } else {
    static_assert(LossTerm<T>,
                  "afd: a loss term needs torch::Tensor loss(const afd::Outputs&, const torch::Tensor& targets) const "
                  "(a term of each network), or torch::Tensor view(const afd::Outputs&) const and torch::Tensor "
                  "loss(const torch::Tensor& student_view, const torch::Tensor& teacher_view) const (a term of each "
                  "edge); see afd/strategy/term.hpp");
  }
  return true;
}

}  // namespace detail
}  // namespace afd
