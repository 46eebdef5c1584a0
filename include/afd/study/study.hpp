// SPDX-License-Identifier: MIT
#pragma once

// Recipes compared on the user's own networks and data: each trained with several seeds, from the same weights and on
// the same batches; see docs/study.md. Not in afd.hpp: needs Boost.Math and nlohmann-json (afd::study in CMake).

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <afd/data/batch.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/folder_lock.hpp>
#include <afd/detail/for_each_index.hpp>
#include <afd/detail/make_folder.hpp>
#include <afd/error.hpp>
#include <afd/network/save_network.hpp>
#include <afd/observe/score.hpp>
#include <afd/study/cell.hpp>
#include <afd/study/cells_file.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/study_cell.hpp>
#include <afd/study/study_options.hpp>
#include <afd/study/study_progress.hpp>
#include <afd/study/study_recipe.hpp>
#include <afd/study/study_report.hpp>
#include <afd/study/verdict.hpp>
#include <afd/train/stop_signals.hpp>

namespace afd {

///     afd::Study study{{.seeds = 5, .folder = "runs/study"}};
///     const auto result = study.compare(make_networks, train, validation, test,
///         afd::recipe<"alone">([](auto&... networks) { return afd::Distiller{...}; }, {.epochs = 60}),
///         afd::recipe<"dml">(...), afd::recipe<"afd">(...));
///     std::cout << result.text();
///
/// The folder then has cells.jsonl, a line for each training; report.md, the table and a sentence for each recipe;
/// differences.svg and curves-<k>.svg, where gnuplot is installed; index.html, all of it in one file; and the trained
/// networks. Ctrl-C or SIGTERM stop it after a step, and the same call goes on there. Several processes may call it
/// with the same folder: each takes cells that no other is at, and all return when every cell is done.
class Study {
 public:
  /// Throws ConfigError for options that cannot work.
  explicit Study(StudyOptions options) : options_(std::move(options)), file_(options_.folder / "cells.jsonl") {
    if (options_.folder.empty())
      throw ConfigError("a study needs a folder for its results: {.folder = \"runs/study\"}");
    if (options_.seeds < 1) {
      throw ConfigError(
          detail::concat("a study needs at least 1 seed, and 2 to tell anything, but has ", options_.seeds));
    }
  }

  /// Trains every recipe that is wanted with every seed, seed by seed, and compares all with the first of them.
  ///
  /// make_networks(seed), or make_networks(), returns networks with new weights, one or several in a std::tuple,
  /// std::pair or std::array; LibTorch's random numbers are at the seed. `train` is a source of batches, which a
  /// BatchLoader walks in orders of the seed, or a function of the seed that returns one. Networks are chosen on
  /// `validation`, and scored on `test` once their training is over. All recipes have the same score.
  ///
  /// A training whose losses are not finite is written down as failed. Throws ConfigError, before anything is trained,
  /// for cells in the folder that were computed from something else than they would be now, naming what; else what
  /// trainings throw.
  template <class MakeNetworks, class Train, BatchSource Validation, BatchSource Test, class... Recipes>
    requires(sizeof...(Recipes) > 0)
  StudyResult compare(const MakeNetworks& make_networks, Train&& train, Validation&& validation, Test&& test,
                      const Recipes&... recipes) {
    using S = ScoreOf<std::tuple_element_t<0, std::tuple<Recipes...>>>;
    static_assert((std::is_same_v<ScoreOf<Recipes>, S> && ...),
                  "afd: the recipes of a study have different scores in their trainer options, so they cannot be "
                  "compared: give all of them the same");
    constexpr auto column = S::columns[S::watched];
    const std::string label(column.label.empty() ? column.name : column.label);
    score_ = {std::string(column.name), label, column.factor, S::better == Better::higher};
    const Starts starts = choose({recipes.name...}, {recipes.begins_with...});
    check_names(starts);
    for (const char* part : {"networks", "running"}) detail::make_folder(options_.folder / part);

    const StopSignals signals;
    const std::map<std::string, std::string> sources{{"validation", detail::hex_text(fingerprint(validation))},
                                                     {"test", detail::hex_text(fingerprint(test))}};
    // Calls body(recipe) for that name.
    const auto with_recipe = [&](const std::string& name, const auto& body) {
      ((recipes.name == name ? body(recipes) : void()), ...);
    };
    const auto from_of = [&](const std::string& name, std::uint64_t seed) {
      std::map<std::string, std::string> from = sources;
      with_recipe(name, [&](const auto& recipe) {
        auto networks = detail::networks_of(make_networks, seed);
        from["networks"] = detail::networks_text(networks);
        network_count_ = std::tuple_size_v<decltype(networks)>;
        auto&& source = detail::source_of(train, seed);
        from["train"] = detail::hex_text(fingerprint(source));
        from["training"] = detail::training_text(recipe.training);
        const auto distiller = detail::distiller_of(recipe, networks, seed);
        from["recipe"] = detail::recipe_text(distiller, recipe.begins_with);
        const Recipe entries = distiller.recipe();
        entries_[name] = {entries.begin(), entries.end()};
      });
      return from;
    };
    const auto train_cell = [&](Cell& cell, const detail::CellRun& run) {
      bool is_finished = false;
      with_recipe(cell.recipe, [&](const auto& recipe) {
        auto networks = detail::networks_of(make_networks, cell.seed);
        load_weights(networks, recipe.begins_with, cell.seed);
        auto&& source = detail::source_of(train, cell.seed);
        const auto save = [&](auto& all) { save_networks(all, cell); };
        is_finished = detail::train_cell(cell, recipe, networks, source, validation, test,
                                         options_.weights == ComparedWeights::best, run, save);
      });
      return is_finished;
    };
    require_same_cells(from_of);
    const bool is_finished = run_all(starts, signals, from_of, train_cell);
    const detail::FolderLock one_at_a_time(options_.folder, detail::FolderLock::WhenHeld::wait);
    StudyResult result{wanted(file_.read()), {}, is_finished};
    result.comparison = compare_cells(result.cells, names_, network_names(), score_, options_.weights);
    StudyEntries entries;
    for (const std::string& name : names_) entries.emplace_back(name, entries_.at(name));
    write_study_report(result, entries, options_);
    return result;
  }

 private:
  template <class Recipe>
  using ScoreOf = std::remove_cvref_t<decltype(std::declval<const Recipe&>().training.score)>;
  using Starts = std::vector<std::vector<WeightsFrom>>;

  /// Keeps the names of the recipes that are wanted; returns where their weights come from. Throws ConfigError for
  /// wanted ones that there are not.
  [[nodiscard]] Starts choose(const std::vector<std::string>& names, const Starts& starts) {
    const auto has = [](const std::vector<std::string>& all, const std::string& name) {
      return std::find(all.begin(), all.end(), name) != all.end();
    };
    for (const std::string& name : options_.recipes) {
      if (has(names, name)) continue;
      throw ConfigError(detail::concat("a study has no recipe called ", name, "; there are ", detail::listed(names)));
    }
    names_.clear();
    Starts chosen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!options_.recipes.empty() && !has(options_.recipes, names[i])) continue;
      names_.push_back(names[i]);
      chosen.push_back(starts[i]);
    }
    return chosen;
  }

  void check_names(const Starts& starts) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto place = std::find(names_.begin(), names_.end(), names_[i]);
      if (place != names_.begin() + static_cast<std::ptrdiff_t>(i)) {
        throw ConfigError(detail::concat("two recipes of a study are called ", names_[i]));
      }
      for (const WeightsFrom& from : starts[i]) {
        const auto end = names_.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(names_.begin(), end, from.recipe) != end) continue;
        throw ConfigError(detail::concat("recipe ", names_[i], " begins with weights of ", from.recipe,
                                         ", which must be a recipe before it"));
      }
      if (!starts[i].empty() && !options_.save_networks) {
        throw ConfigError(detail::concat("recipe ", names_[i], " begins with weights of another, so that a study ",
                                         "cannot go without save_networks"));
      }
    }
  }

  [[nodiscard]] std::vector<std::string> network_names() const {
    std::vector<std::string> names = options_.networks;
    if (names.empty()) {
      for (std::size_t k = 0; k < network_count_; ++k) names.push_back(detail::concat("network ", k));
    }
    if (names.size() == network_count_) return names;
    throw ConfigError(detail::concat("a study has names for ", names.size(), " networks, but make_networks() returns ",
                                     network_count_));
  }

  [[nodiscard]] std::uint64_t seed_of(std::size_t place) const { return options_.first_seed + place; }

  /// Of those that were found, the ones that belong to this comparison; others stay in the file.
  [[nodiscard]] std::vector<Cell> wanted(const std::vector<Cell>& cells) const {
    std::vector<Cell> all;
    for (const Cell& cell : cells) {
      const bool seed = cell.seed >= options_.first_seed &&
                        cell.seed < options_.first_seed + static_cast<std::uint64_t>(options_.seeds);
      if (seed && std::find(names_.begin(), names_.end(), cell.recipe) != names_.end()) all.push_back(cell);
    }
    return all;
  }

  /// One for every recipe at least, for what it consists of stands in the report.
  template <class FromOf>
  void require_same_cells(const FromOf& from_of) {
    for (const std::string& name : names_) static_cast<void>(from_of(name, options_.first_seed));
    static_cast<void>(network_names());
    for (const Cell& cell : wanted(file_.read())) {
      std::string differing;
      for (const auto& [what, number] : from_of(cell.recipe, cell.seed)) {
        const auto found = cell.from.find(what);
        if (found != cell.from.end() && found->second == number) continue;
        differing += (differing.empty() ? "" : ", ") + what;
      }
      if (differing.empty()) continue;
      throw ConfigError(detail::concat(
          file_.path(), " has ", cell.recipe, ", seed ", cell.seed, ", of another ", differing, " than here; choose ",
          "another folder, or take its line out of the file, and its networks with it, to train it again"));
    }
  }

  [[nodiscard]] static bool has(const std::vector<Cell>& cells, const std::string& recipe, std::uint64_t seed) {
    return std::any_of(cells.begin(), cells.end(),
                       [&](const Cell& cell) { return cell.recipe == recipe && cell.seed == seed; });
  }

  /// Whether all cells are finished; false if a signal came.
  template <class FromOf, class TrainCell>
  bool run_all(const Starts& starts, const StopSignals& signals, const FromOf& from_of, const TrainCell& train_cell) {
    detail::StudyProgress progress(options_.progress, names_.size() * static_cast<std::size_t>(options_.seeds));
    while (true) {
      bool is_one_left = false, was_one_done = false;
      for (std::size_t s = 0; s < static_cast<std::size_t>(options_.seeds); ++s) {
        for (std::size_t r = 0; r < names_.size(); ++r) {
          const std::vector<Cell> cells = wanted(file_.read());
          if (has(cells, names_[r], seed_of(s))) continue;
          is_one_left = true;
          bool can_begin = true;
          for (const WeightsFrom& from : starts[r]) can_begin = can_begin && has(cells, from.recipe, seed_of(s));
          if (!can_begin) continue;
          if (signals.signal() != 0) return false;
          const auto done = run_cell(names_[r], seed_of(s), starts[r], progress, signals, from_of, train_cell);
          if (done && !*done) return false;
          was_one_done = was_one_done || done;
        }
      }
      if (!is_one_left) return true;
      if (was_one_done) continue;
      if (signals.signal() != 0) return false;
      std::this_thread::sleep_for(std::chrono::seconds(1));  // others are at what is left
    }
  }

  /// Nothing if another process is at this cell, or has finished it; false if a signal came.
  template <class FromOf, class TrainCell>
  std::optional<bool> run_cell(const std::string& name, std::uint64_t seed, const std::vector<WeightsFrom>& begins_with,
                               detail::StudyProgress& progress, const StopSignals& signals, const FromOf& from_of,
                               const TrainCell& train_cell) {
    const std::filesystem::path folder = options_.folder / "running" / cell_name(name, seed);
    detail::make_folder(folder);
    std::optional<detail::FolderLock> lock;
    try {
      lock.emplace(folder);
    } catch (const ConfigError&) {  // somebody has it
      return std::nullopt;
    } catch (const FileError&) {
      if (std::filesystem::exists(folder)) throw;
      return std::nullopt;  // somebody has just finished it
    }
    if (!lock->is_in_place() || has(file_.read(), name, seed)) return std::nullopt;
    Cell cell{.recipe = name, .seed = seed, .from = from_of(name, seed), .machine = detail::machine_text()};
    progress.begin_cell(cell_name(name, seed), wanted(file_.read()).size());
    const detail::CellRun run{
        folder / "checkpoints",
        [&](double share) {
          progress.show(share);
          return signals.signal() == 0;
        },
        [&](const std::string& text) { detail::tell(options_.say, cell_name(name, seed) + ": " + text); }};
    cell.failure = failure_before(begins_with, seed);
    try {
      if (cell.failure.empty() && !train_cell(cell, run)) return false;
    } catch (const NonFiniteError& error) {
      cell.failure = error.what();
    }
    if (!cell.failure.empty()) progress.say(detail::concat(cell_name(name, seed), " failed: ", cell.failure));
    file_.add(cell);
    std::filesystem::remove_all(folder);
    return true;
  }

  /// Why a recipe that begins with these weights cannot; empty if it can.
  [[nodiscard]] std::string failure_before(const std::vector<WeightsFrom>& begins_with, std::uint64_t seed) const {
    const std::vector<Cell> cells = file_.read();
    for (const WeightsFrom& from : begins_with) {
      for (const Cell& cell : cells) {
        if (cell.recipe != from.recipe || cell.seed != seed || cell.failure.empty()) continue;
        return from.recipe + ", whose weights it begins with, failed";
      }
    }
    return {};
  }

  [[nodiscard]] static std::string cell_name(const std::string& recipe, std::uint64_t seed) {
    return detail::concat(recipe, "-seed", seed);
  }
  [[nodiscard]] std::filesystem::path network_path(const std::string& recipe, std::uint64_t seed,
                                                   std::size_t network) const {
    return options_.folder / "networks" / detail::concat(cell_name(recipe, seed), '-', network, ".afd");
  }

  template <class Networks>
  void load_weights(Networks& networks, const std::vector<WeightsFrom>& begins_with, std::uint64_t seed) const {
    for (const WeightsFrom& from : begins_with) {
      if (from.network >= std::tuple_size_v<Networks>) {
        throw ConfigError(detail::concat("a recipe begins with weights of network ", from.network, " of ", from.recipe,
                                         ", but there are ", std::tuple_size_v<Networks>));
      }
      detail::for_each_index<std::tuple_size_v<Networks>>([&](auto k) {
        if (k == from.network) load_network(std::get<k>(networks), network_path(from.recipe, seed, k));
      });
    }
  }
  template <class Networks>
  void save_networks(Networks& networks, const Cell& cell) const {
    if (!options_.save_networks) return;
    detail::for_each_index<std::tuple_size_v<Networks>>(
        [&](auto k) { save_network(std::get<k>(networks), network_path(cell.recipe, cell.seed, k)); });
  }

  StudyOptions options_;
  CellsFile file_;
  ComparedScore score_;
  std::vector<std::string> names_;  ///< of recipes
  std::size_t network_count_ = 0;
  std::map<std::string, std::map<std::string, std::string>> entries_;  ///< what each recipe consists of
};

}  // namespace afd
