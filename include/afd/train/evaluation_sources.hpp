// SPDX-License-Identifier: MIT
#pragma once

// Several sources to evaluate on, each with a name.

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/error.hpp>
#include <afd/observe/evaluate.hpp>

namespace afd {

/// The scores on one of them.
template <class S, std::size_t N>
struct NamedScores {
  std::string source;
  CohortScores<S, N> scores;
};

/// fit(train, on("validation", validation).and_on("test", test)): the first is the one that best results, patience and
/// plateaus go by; the others are evaluated beside it, and stand in the history as top1_0_on_test. Sources must outlive
/// the training.
template <class... Sources>
class EvaluationSources {
 public:
  static constexpr std::size_t size = sizeof...(Sources);

  EvaluationSources(std::array<std::string, size> names, std::tuple<Sources*...> sources)
      : names_(std::move(names)), sources_(std::move(sources)) {}

  /// Throws ConfigError for a name that is empty, is there already, or cannot be part of a column's name.
  template <BatchSource Source>
  [[nodiscard]] EvaluationSources<Sources..., Source> and_on(std::string name, Source& source) const {
    std::array<std::string, size + 1> names;
    for (std::size_t i = 0; i < size; ++i) {
      if (names_[i] == name) throw ConfigError(detail::concat("two sources to evaluate on are called ", name));
      names[i] = names_[i];
    }
    names[size] = std::move(name);
    require_name(names[size]);
    return {std::move(names), std::tuple_cat(sources_, std::tuple<Source*>(&source))};
  }

  [[nodiscard]] const std::array<std::string, size>& names() const { return names_; }

  /// body(name, source) for each.
  template <class Body>
  void each(const Body& body) const {
    detail::for_each_index<size>([&](auto i) { body(names_[i], *std::get<i>(sources_)); });
  }

  static void require_name(const std::string& name) {
    if (!name.empty() && name.find_first_of(",\n\"") == std::string::npos) return;
    throw ConfigError(detail::concat("a source to evaluate on is called \"", name,
                                     "\"; its name is part of a column of ",
                                     "the history, and must be some text without commas, quotes and line ends"));
  }

 private:
  std::array<std::string, size> names_;
  std::tuple<Sources*...> sources_;
};

/// See EvaluationSources.
template <BatchSource Source>
[[nodiscard]] EvaluationSources<Source> on(std::string name, Source& source) {
  EvaluationSources<Source>::require_name(name);
  return {{std::move(name)}, std::tuple<Source*>(&source)};
}

namespace detail {

template <class T>
inline constexpr bool is_evaluation_sources = false;
template <class... Sources>
inline constexpr bool is_evaluation_sources<EvaluationSources<Sources...>> = true;

/// What fit() can evaluate on.
template <class T>
concept EvaluatedOn = is_evaluation_sources<std::remove_cvref_t<T>> || BatchSource<std::remove_reference_t<T>>;

/// body(name, source) for each; one alone has no name.
template <class Evaluation, class Body>
void each_evaluation_source(Evaluation& evaluation, const Body& body) {
  if constexpr (is_evaluation_sources<std::remove_cvref_t<Evaluation>>) {
    evaluation.each(body);
  } else {
    body(std::string(), evaluation);
  }
}

template <class Evaluation>
[[nodiscard]] std::vector<std::string> names_of_sources(Evaluation& evaluation) {
  std::vector<std::string> names;
  each_evaluation_source(evaluation, [&](const std::string& name, auto&) { names.push_back(name); });
  return names;
}

}  // namespace detail
}  // namespace afd
