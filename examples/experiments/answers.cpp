// SPDX-License-Identifier: MIT

// The paper's questions over all studies that are there: a table of all differences and a picture for each question.
// answers FOLDER: reads FOLDER/<study>/cells.jsonl; writes FOLDER/answers.md, rq1.svg to rq4.svg and parts.svg, and
// each study's similarity.svg.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <afd/detail/atomic_file.hpp>
#include <afd/error.hpp>
#include <afd/study/cells_file.hpp>
#include <afd/study/comparison.hpp>
#include <afd/study/study_options.hpp>
#include <afd/study/study_report.hpp>
#include <afd/study/table.hpp>

#include "questions.hpp"
#include "settings.hpp"
#include "similarity.hpp"

namespace {

using namespace experiments;

struct DataSet {
  const char* prefix;  ///< of its studies' names
  const char* name;
};
constexpr DataSet all_data[] = {{"cifar100-", "CIFAR-100"}, {"fashion-", "Fashion-MNIST"}};

struct Picture {
  const char* name;
  std::vector<std::string_view> kinds;  ///< of studies that it is about
  std::vector<std::string_view> rows;   ///< differences
};
const std::vector<Picture> all_pictures{
    {"rq1",
     {"equal", "unequal"},
     {"dml − alone", "afd − alone", "afd − dml", "afd-maps − alone", "afd-maps − afd-maps-weight-0"}},
    {"rq2", {"equal", "unequal"}, {"afd − l1-kl"}},
    {"rq3", {"three"}, {"dml − alone", "afd-cycle − alone", "afd-cycle − dml", "afd-cycle-dml − dml"}},
    {"rq4", {"equal", "unequal"}, {"dml − alone", "afd − alone", "kd-offline − alone"}},
    {"parts", {"equal"}, {"dml-ramp − dml", "afd-both-sides − afd", "afd-logit-first − afd"}},
};

/// What there is of a study, and what it answers.
struct Answered {
  Settings settings;
  afd::StudyResult result = {};
  afd::Comparison answers = {};
};

[[nodiscard]] Answered read_study(const Settings& settings, const std::filesystem::path& file) {
  Answered study{.settings = settings};
  const std::vector<std::string>& recipes = settings.recipes;
  for (const afd::Cell& cell : afd::CellsFile(file).read()) {
    const bool is_of_it = std::find(recipes.begin(), recipes.end(), cell.recipe) != recipes.end();
    if (is_of_it && cell.seed >= settings.first_seed &&
        cell.seed < settings.first_seed + static_cast<std::uint64_t>(settings.seeds)) {
      study.result.cells.push_back(cell);
    }
  }
  study.result.comparison = afd::compare_cells(study.result.cells, recipes, settings.networks);
  study.answers = answers(study.result, settings.networks);
  return study;
}

/// "resnet8 beside wrn10-2", or "each of 2 resnet8".
[[nodiscard]] std::string network_in(const Settings& settings, const std::string& name) {
  std::vector<std::string> others;
  for (const std::string& other : settings.networks) {
    if (other != name) others.push_back(other);
  }
  if (others.empty()) return fmt::format("each of {} {}", settings.networks.size(), name);
  return fmt::format("{} beside {}", name, fmt::join(others, " and "));
}

/// The picture's rows, data set by data set, with a column for each network of each kind of study.
[[nodiscard]] afd::Comparison rows_of(const Picture& picture, const std::map<std::string, Answered>& studies) {
  afd::Comparison all;
  const auto column_of = [&](const std::string& network) {
    const auto found = std::find(all.networks.begin(), all.networks.end(), network);
    const auto column = static_cast<std::size_t>(found - all.networks.begin());
    if (found == all.networks.end()) all.networks.push_back(network);
    return column;
  };
  all.recipes.push_back({.name = "the recipe without it"});
  for (const std::string_view row : picture.rows) {
    for (const DataSet& data : all_data) {
      afd::RecipeSummary line{.name = fmt::format("{}: {}", data.name, row)};
      for (const std::string_view kind : picture.kinds) {
        const auto study = studies.find(fmt::format("{}{}", data.prefix, kind));
        if (study == studies.end()) continue;
        const afd::Comparison& answers = study->second.answers;
        const auto found = std::find_if(answers.recipes.begin(), answers.recipes.end(),
                                        [&](const afd::RecipeSummary& known) { return known.name == row; });
        if (found == answers.recipes.end()) continue;
        for (std::size_t k = 0; k < answers.networks.size(); ++k) {
          const std::size_t column = column_of(network_in(study->second.settings, answers.networks[k]));
          if (line.networks.size() <= column) line.networks.resize(column + 1);
          line.networks[column] = found->networks[k];
        }
      }
      if (!line.networks.empty()) all.recipes.push_back(line);
    }
  }
  for (afd::RecipeSummary& recipe : all.recipes) recipe.networks.resize(all.networks.size());
  return all;
}

/// A study's own table without its times: cells of one study may have run on several machines.
[[nodiscard]] afd::TextTable scores_of(const afd::Comparison& comparison) {
  afd::TextTable table = afd::table_of(comparison);
  const auto is_time = [](const std::string& title) { return title == "ms per step" || title == "times"; };
  for (std::size_t column = table[0].size(); column-- > 0;) {
    if (!is_time(table[0][column])) continue;
    for (std::vector<std::string>& row : table) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
  }
  return table;
}

/// Every figure of a study.
[[nodiscard]] std::string section_of(const std::string& name, const Answered& study) {
  const Settings& s = study.settings;
  return fmt::format(
      "## {}\n{}: {}; {} images, {} epochs, batch {}; {} of {} trainings are there.\n\n{}\n"
      "Planned differences; p by itself, and corrected for all in this table:\n\n{}\n",
      name, s.data, fmt::join(s.networks, ", "), s.images == 0 ? std::string("all") : std::to_string(s.images),
      s.epochs, s.batch, study.result.cells.size(), s.recipes.size() * static_cast<std::size_t>(s.seeds),
      afd::markdown(scores_of(study.result.comparison)), afd::markdown(question_table(study.answers)));
}

void answer_all(const std::filesystem::path& folder) {
  std::map<std::string, Answered> studies;
  std::string text =
      "# All figures\n"
      "Written by `answers` from the studies' `cells.jsonl`. Top-1 on test images after the last epoch, mean over "
      "seeds;\n"
      "differences are paired by seed, with 95 % intervals by Student's t. In a study's first table they are to its "
      "first\n"
      "recipe, and p is corrected (Holm) for all in that table.\n\n";
  const auto known = known_studies();
  for (const DataSet& data : all_data) {
    for (const char* kind : {"equal", "equal-short", "unequal", "three", "three-short"}) {
      const std::string name = fmt::format("{}{}", data.prefix, kind);
      const std::filesystem::path file = folder / name / "cells.jsonl";
      if (!std::filesystem::exists(file)) continue;
      const Answered& study = studies[name] = read_study(known.at(name), file);
      text += section_of(name, study);
      draw_similarities(study.result, {.folder = folder / name});
    }
  }
  if (studies.empty()) throw afd::ConfigError("there is no study in " + folder.string());
  afd::detail::write_file_atomically(folder / "answers.md", text);
  for (const Picture& picture : all_pictures) {
    draw_differences(rows_of(picture, studies), picture.name, folder, afd::say_on_stderr);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: answers FOLDER, which has a folder with cells.jsonl for each study\n");
    return 2;
  }
  try {
    answer_all(argv[1]);
    return 0;
  } catch (const afd::Error& error) {
    fmt::print(stderr, "answers: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "answers: unexpected: {}\n", error.what());
  }
  return 1;
}
