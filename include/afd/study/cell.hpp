// SPDX-License-Identifier: MIT
#pragma once

// One cell of a study: a recipe that was trained with a seed, and what came out. Torch-free; needs nlohmann-json.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace afd {

/// The numbers of a score by their columns' names. NaN, which JSON does not have, is written as null.
using CellScores = std::map<std::string, double>;

/// What came out for one network.
struct CellNetwork {
  bool is_trained = false;       ///< by this recipe: frozen networks, and those that it leaves out, are not
  CellScores last{};             ///< on the test source, after the last epoch
  CellScores best{};             ///< with the weights of the epoch that was best on the validation source
  double validation = 0;         ///< the best of the watched column there
  std::int64_t best_epoch = -1;  ///< from 0
  std::int64_t parameters = 0;
  std::vector<double> curve{};  ///< the watched column on the validation source, at each of Cell::epochs
};

/// How well the discriminator of an edge tells maps apart, at each of Cell::epochs, on the validation source.
struct CellGame {
  std::string place{};
  std::vector<double> real{};  ///< share of real maps taken for real
  std::vector<double> fake{};  ///< share of fake maps taken for fake
};

struct Cell {
  std::string recipe{};
  std::uint64_t seed = 0;
  /// What it was computed from, a number for each of networks, recipe, training, train, validation and test.
  std::map<std::string, std::string> from{};
  std::vector<CellNetwork> networks{};
  CellScores ensemble{};               ///< of the networks that were trained, after the last epoch, on the test source
  std::vector<std::int64_t> epochs{};  ///< that were evaluated, from 1
  std::vector<CellGame> games{};
  double seconds = 0;                ///< of the whole training
  double seconds_per_step = 0;       ///< median, with the making of batches, without evaluation
  double step_multiply_adds = 0;     ///< of the forwards of a step, of networks and edge layers, per sample
  std::int64_t edge_parameters = 0;  ///< of transfer layers and discriminators, which are dropped after training
  nlohmann::json observed{};         ///< what the recipe's own observer says
  std::string failure{};             ///< why the training could not go on; nothing else is known then
  std::string machine{};             ///< what it was computed with
};

namespace detail {

[[nodiscard]] inline nlohmann::json json_of(const std::vector<double>& values) {
  nlohmann::json all = nlohmann::json::array();
  for (const double value : values) all.push_back(std::isfinite(value) ? nlohmann::json(value) : nlohmann::json());
  return all;
}
[[nodiscard]] inline nlohmann::json json_of(const CellScores& scores) {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [name, value] : scores) all[name] = std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  return all;
}
[[nodiscard]] inline double number_in(const nlohmann::json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}
[[nodiscard]] inline std::vector<double> numbers_in(const nlohmann::json& json) {
  std::vector<double> values;
  for (const nlohmann::json& value : json) values.push_back(number_in(value));
  return values;
}
[[nodiscard]] inline CellScores scores_in(const nlohmann::json& json) {
  CellScores scores;
  for (const auto& [name, value] : json.items()) scores[name] = number_in(value);
  return scores;
}

}  // namespace detail

inline void to_json(nlohmann::json& json, const CellNetwork& network) {
  json = {{"is_trained", network.is_trained},       {"last", detail::json_of(network.last)},
          {"best", detail::json_of(network.best)},  {"validation", detail::json_of(std::vector{network.validation})[0]},
          {"best_epoch", network.best_epoch},       {"parameters", network.parameters},
          {"curve", detail::json_of(network.curve)}};
}
inline void from_json(const nlohmann::json& json, CellNetwork& network) {
  network = {.is_trained = json.at("is_trained").get<bool>(),
             .last = detail::scores_in(json.at("last")),
             .best = detail::scores_in(json.at("best")),
             .validation = detail::number_in(json.at("validation")),
             .best_epoch = json.at("best_epoch").get<std::int64_t>(),
             .parameters = json.at("parameters").get<std::int64_t>(),
             .curve = detail::numbers_in(json.at("curve"))};
}

inline void to_json(nlohmann::json& json, const CellGame& game) {
  json = {{"place", game.place}, {"real", detail::json_of(game.real)}, {"fake", detail::json_of(game.fake)}};
}
inline void from_json(const nlohmann::json& json, CellGame& game) {
  game = {json.at("place").get<std::string>(), detail::numbers_in(json.at("real")),
          detail::numbers_in(json.at("fake"))};
}

inline void to_json(nlohmann::json& json, const Cell& cell) {
  json = {{"recipe", cell.recipe}, {"seed", cell.seed}, {"from", cell.from}, {"machine", cell.machine}};
  if (!cell.failure.empty()) {
    json["failure"] = cell.failure;
    return;
  }
  json["networks"] = cell.networks;
  json["ensemble"] = detail::json_of(cell.ensemble);
  json["epochs"] = cell.epochs;
  json["seconds"] = cell.seconds;
  json["seconds_per_step"] = cell.seconds_per_step;
  json["step_multiply_adds"] = cell.step_multiply_adds;
  json["edge_parameters"] = cell.edge_parameters;
  if (!cell.games.empty()) json["games"] = cell.games;
  if (!cell.observed.is_null()) json["observed"] = cell.observed;
}
inline void from_json(const nlohmann::json& json, Cell& cell) {
  cell = {};
  json.at("recipe").get_to(cell.recipe);
  json.at("seed").get_to(cell.seed);
  json.at("from").get_to(cell.from);
  json.at("machine").get_to(cell.machine);
  if (json.contains("failure")) {
    json.at("failure").get_to(cell.failure);
    return;
  }
  json.at("networks").get_to(cell.networks);
  cell.ensemble = detail::scores_in(json.at("ensemble"));
  json.at("epochs").get_to(cell.epochs);
  json.at("seconds").get_to(cell.seconds);
  json.at("seconds_per_step").get_to(cell.seconds_per_step);
  json.at("step_multiply_adds").get_to(cell.step_multiply_adds);
  json.at("edge_parameters").get_to(cell.edge_parameters);
  if (json.contains("games")) json.at("games").get_to(cell.games);
  if (json.contains("observed")) cell.observed = json.at("observed");
}

}  // namespace afd
