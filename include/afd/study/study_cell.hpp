// SPDX-License-Identifier: MIT
#pragma once

// Trains one cell of a study.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/utils.h>

#include <afd/compute/multiply_adds.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/fingerprint.hpp>
#include <afd/data/policy_text.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/say.hpp>
#include <afd/error.hpp>
#include <afd/network/network_handle.hpp>
#include <afd/network/weights_fingerprint.hpp>
#include <afd/observe/score.hpp>
#include <afd/step/distiller.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/cell_callbacks.hpp>
#include <afd/study/machine.hpp>
#include <afd/study/study_recipe.hpp>
#include <afd/train/game_watch.hpp>
#include <afd/train/stoppable_source.hpp>
#include <afd/train/trainer.hpp>

namespace afd::detail {

/// What make_networks() gives, as a tuple.
template <class Made>
[[nodiscard]] auto as_tuple(Made made) {
  if constexpr (requires { std::tuple_size<Made>::value; }) {
    return std::apply([](auto&&... each) { return std::tuple(std::move(each)...); }, std::move(made));
  } else {
    return std::tuple<Made>(std::move(made));
  }
}

/// The networks of a seed: make(seed) or make(), with LibTorch's random numbers at that seed.
template <class Make>
[[nodiscard]] auto networks_of(const Make& make, std::uint64_t seed) {
  constexpr bool takes_seed = std::is_invocable_v<const Make&, std::uint64_t>;
  static_assert(takes_seed || std::is_invocable_v<const Make&>,
                "afd: make_networks is a function of the seed, or of nothing, that returns networks with new weights "
                "each time: one, or a std::tuple, std::pair or std::array of several");
  torch::manual_seed(seed);
  if constexpr (takes_seed) {
    return as_tuple(make(seed));
  } else {
    return as_tuple(make());
  }
}

/// The training source of a seed: train(seed), if it is a function; a loader in the orders of that seed; else what was
/// given, from its first epoch on.
template <class Train>
[[nodiscard]] decltype(auto) source_of(Train& train, std::uint64_t seed) {
  if constexpr (std::is_invocable_v<Train&, std::uint64_t>) {
    return train(seed);
  } else if constexpr (requires { train.with_seed(seed); }) {
    return train.with_seed(seed);
  } else {
    if constexpr (HasEpochs<Train>) train.start_epoch(0);
    return (train);
  }
}

/// 16 digits for what was put into a fingerprint.
[[nodiscard]] inline std::string hex_text(const Fingerprint& print) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(print.number()));
  return text;
}
[[nodiscard]] inline std::string hex_text(std::int64_t number) {
  Fingerprint print;
  print.add_number(number);
  return hex_text(print);
}

template <class Networks>
[[nodiscard]] std::string networks_text(Networks& networks) {
  Fingerprint print;
  std::apply(
      [&](auto&... each) {
        const auto add = [&](ContentKey key) {
          print.add_number(key.first);
          print.add_number(key.second);
        };
        (add(weights_fingerprint(module_of(each))), ...);
      },
      networks);
  return hex_text(print);
}

/// What trainers are told that changes what comes out.
template <class S>
[[nodiscard]] std::string training_text(const TrainerOptions<S>& training) {
  Fingerprint print;
  for (const std::int64_t number : {training.epochs, training.schedule_epochs, training.evaluate_every,
                                    training.evaluate_every_steps, training.patience}) {
    print.add_number(number);
  }
  for (const AnySchedule* schedule :
       {&training.schedule, &training.logit_schedule, &training.feature_schedule, &training.discriminator_schedule}) {
    add_policy(print, *schedule);
  }
  for (const AnySchedule& schedule : training.network_schedules) add_policy(print, schedule);
  add_policy(print, training.plateau);
  add_policy(print, training.score);
  return hex_text(print);
}

template <class D>
[[nodiscard]] std::string recipe_text(const D& distiller, const std::vector<WeightsFrom>& begins_with) {
  Fingerprint print;
  for (const auto& [key, value] : distiller.recipe()) {
    print.add_text(key);
    print.add_text(value);
  }
  for (const WeightsFrom& from : begins_with) {
    print.add_text(from.recipe);
    print.add_number(static_cast<std::uint64_t>(from.network));
  }
  return hex_text(print);
}

template <class S>
[[nodiscard]] CellScores cell_scores(const typename S::Result& result) {
  CellScores scores;
  if (result.samples == 0) return scores;
  for (const auto& column : S::columns) scores[std::string(column.name)] = result.*column.value;
  return scores;
}

/// Which of `networks` network k of the distiller is; the count of them if none.
template <class D, class Networks>
[[nodiscard]] std::array<std::size_t, D::network_count> places_of(D& distiller, Networks& networks) {
  std::array<std::size_t, D::network_count> places{};
  for_each_index<D::network_count>([&](auto k) {
    places[k] = std::tuple_size_v<Networks>;
    for_each_index<std::tuple_size_v<Networks>>([&](auto i) {
      if (&module_of(distiller.template network<k>()) == &module_of(std::get<i>(networks))) places[k] = i;
    });
  });
  return places;
}

/// Distiller and networks of a cell before its first step.
template <class Recipe, class Networks>
[[nodiscard]] auto distiller_of(const Recipe& recipe, Networks& networks, std::uint64_t seed) {
  torch::manual_seed(seed + 1000003);  // transfer layers and discriminators, which networks know nothing of
  return std::apply([&](auto&... each) { return recipe.make(each...); }, networks);
}

/// What a cell needs from outside.
struct CellRun {
  std::filesystem::path folder;                ///< for checkpoints
  std::function<bool(double share)> progress;  ///< is told how much is done, and says whether to go on
  Say say;                                     ///< what the user should know
};

/// Trains a cell and scores it. False in `finished` if it was told to stop; it goes on from its checkpoint then.
/// `use(networks)` is called with the weights that are compared.
template <class Recipe, class Networks, class Train, class Validation, class Test, class Use>
bool train_cell(Cell& cell, const Recipe& recipe, Networks& networks, Train& train, Validation& validation, Test& test,
                bool uses_best, const CellRun& run, const Use& use) {
  auto distiller = distiller_of(recipe, networks, cell.seed);
  using D = decltype(distiller);
  using S = std::remove_cvref_t<decltype(recipe.training.score)>;
  constexpr std::size_t count = D::network_count;
  const auto places = places_of(distiller, networks);
  for (std::size_t k = 0; k < count; ++k) {
    if (D::Plan::frozen[k] || places[k] < std::tuple_size_v<Networks>) continue;
    throw ConfigError(concat("recipe ", recipe.name, " trains a network ", k, " that make_networks() did not return; ",
                             "make it there, so that all recipes begin with the same weights"));
  }

  auto training = recipe.training;
  if (!training.checkpoint.folder.empty()) {
    throw ConfigError(concat("recipe ", recipe.name, " has a checkpoint folder of its own; a study keeps each ",
                             "training's checkpoints where it finds them again"));
  }
  if constexpr (D::can_be_saved) {
    training.checkpoint.folder = run.folder;
    training.checkpoint.keep_last = 1;
    training.checkpoint.keep_best = false;
    training.checkpoint.say = {};
  }
  CellWatch<D> watch(run.progress);
  BestWeights<D> best(distiller);
  GameWatch games{distiller, StoppableSource(validation, nullptr), training.evaluate_every, run.say};
  auto observer = [&] {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(recipe.observe)>, NoObserver>) {
      return [](const EpochEvent<D, S>&) {};
    } else {
      return recipe.observe(distiller);
    }
  }();
  Trainer trainer{distiller, training};
  const auto trained = trainer.fit(train, validation, watch, best, games, observer);
  if (trained.stop == StopReason::callback || trained.stop == StopReason::signal) return false;

  cell.seconds = watch.seconds();
  cell.seconds_per_step = watch.seconds_per_step();
  cell.step_multiply_adds = watch.multiply_adds_per_sample();
  for (const auto& module : distiller.cohort().edges().modules()) cell.edge_parameters += parameter_count(*module);
  for (const GameRecord& record : games.records()) {
    cell.games.resize(record.games.size());
    for (std::size_t i = 0; i < record.games.size(); ++i) {
      cell.games[i].place = record.games[i].place();
      cell.games[i].real.push_back(record.games[i].real);
      cell.games[i].fake.push_back(record.games[i].fake);
    }
  }
  if constexpr (requires { observer.json(); }) cell.observed = observer.json();

  constexpr std::size_t all = std::tuple_size_v<Networks>;
  cell.networks.resize(all);
  const std::string watched(S::columns[S::watched].name);
  const std::vector<double> epochs = trained.history.column("epoch");
  std::vector<std::vector<double>> curves;
  for (std::size_t k = 0; k < count; ++k) curves.push_back(trained.history.column(concat(watched, '_', k)));
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    bool is_evaluated = false;
    for (const auto& curve : curves) is_evaluated = is_evaluated || !std::isnan(curve[i]);
    if (!is_evaluated) continue;
    cell.epochs.push_back(static_cast<std::int64_t>(epochs[i]));
    for (std::size_t k = 0; k < count; ++k) {
      if (places[k] < all) cell.networks[places[k]].curve.push_back(curves[k][i]);
    }
  }
  const auto last = distiller.evaluate(test, training.score);
  cell.ensemble = cell_scores<S>(last.ensemble);
  if (!uses_best) use(networks);
  best.restore();
  const auto at_best = distiller.evaluate(test, training.score);
  if (uses_best) use(networks);
  for (std::size_t k = 0; k < count; ++k) {
    if (places[k] == all) continue;
    CellNetwork& network = cell.networks[places[k]];
    network.is_trained = !D::Plan::frozen[k];
    network.last = cell_scores<S>(last.networks[k]);
    network.best = cell_scores<S>(at_best.networks[k]);
    network.best_epoch = trained.best[k].epoch;
    network.validation = trained.best[k].scores.*S::columns[S::watched].value;
  }
  for_each_index<all>([&](auto i) { cell.networks[i].parameters = parameter_count(module_of(std::get<i>(networks))); });
  return true;
}

}  // namespace afd::detail
