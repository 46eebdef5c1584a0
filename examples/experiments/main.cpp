// SPDX-License-Identifier: MIT

// The studies of docs/experiments: recipes x seeds, each trained and written down as it is done. Whoever starts it
// again goes on; several processes share the work.

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>
#include <CLI/CLI.hpp>

#include <afd/compute/keep_memory.hpp>
#include <afd/train/stop_signals.hpp>

#include "activation.hpp"
#include "data.hpp"
#include "questions.hpp"
#include "run.hpp"
#include "settings.hpp"
#include "similarity.hpp"

namespace {

using namespace experiments;

struct Command {
  std::string study = "cifar100-equal";
  Settings settings;
  std::filesystem::path folder;
  std::filesystem::path out = "experiments_out";
  int threads = 1;
  int decode_threads = 1;
  bool lists = false;
};

void add_options(CLI::App& app, Command& command) {
  Settings& s = command.settings;
  app.add_option("study", command.study, "Which study; other options change it")->capture_default_str();
  app.add_flag("--list", command.lists, "Name the studies and stop");
  app.add_option("--folder", command.folder, "Folder of the data's files");
  app.add_option("--out", command.out, "Folder; results go to <out>/<study>")->capture_default_str();
  app.add_option("--threads", command.threads, "Threads of LibTorch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--decode-threads", command.decode_threads, "Threads that decode folders' images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--data", s.data, "fashion-mnist, cifar10, cifar100 or folders (train and val, a folder per class)")
      ->capture_default_str();
  app.add_option("--networks", s.networks, "Two to four that train together")->expected(2, 4);
  app.add_option("--recipes", s.recipes, "Only these; all: every one that there is for so many networks");
  app.add_option("--seeds", s.seeds, "How many")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--first-seed", s.first_seed, "The first of them")->capture_default_str();
  app.add_option("--images", s.images, "Training images; 0: all")->capture_default_str();
  app.add_option("--validation", s.validation, "Images of the training set that only choose")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--score-validation", s.scores_validation, "Score on these in place of the test images");
  app.add_option("--epochs", s.epochs, "Epochs")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--evaluate-every", s.evaluate_every, "Epochs between looks at the validation images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--batch", s.batch, "Images per batch")->check(CLI::Range(2, 1 << 20))->capture_default_str();
  app.add_option("--image-side", s.image_side, "Pixels of folders' images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--stem-stride", s.stem_stride, "2 halves every map")->check(CLI::Range(1, 2))->capture_default_str();
  app.add_option("--milestones", s.milestones, "Where rates fall to a tenth, as shares of the training")
      ->capture_default_str();
  app.add_option("--lr", s.lr, "Rate of the logit loss")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--feature-lr", s.feature_lr, "Rate of feature losses and discriminators")->capture_default_str();
  app.add_option("--feature-decay", s.feature_decay, "Weight decay of both")->capture_default_str();
  app.add_option("--temperature", s.temperature, "Of probabilities")->capture_default_str();
  app.add_option("--l1-weight", s.l1_weight, "Of L1")->capture_default_str();
}

void list_studies() {
  for (const auto& [name, s] : known_studies()) {
    fmt::print("{:16} {}, {} on {} images, {} epochs, {} seeds\n", name, s.data, fmt::join(s.networks, " + "),
               s.images == 0 ? std::string("all") : std::to_string(s.images), s.epochs, s.seeds);
  }
}

afd::StudyOptions study_options(const Command& command) {
  const Settings& s = command.settings;
  return {.seeds = s.seeds,
          .first_seed = s.first_seed,
          .folder = command.out / command.study,
          .title = command.study,
          .networks = s.networks,
          .recipes = s.recipes == std::vector<std::string>{"all"} ? std::vector<std::string>{} : s.recipes};
}

/// Whether all of it is done.
bool run_study(const Command& command) {
  const Settings& s = command.settings;
  std::filesystem::path folder = command.folder;
  if (folder.empty() && s.data == "fashion-mnist") folder = "/usr/share/datasets/fashion-mnist";
  const Files files = read_files(s.data, folder, command.decode_threads);
  const Run run{s, make_study_data(files, s), study_options(command)};
  afd::StudyResult result;
  switch (s.networks.size()) {
    case 2:
      result = compare_pair(run);
      break;
    case 3:
      result = compare_three(run);
      break;
    case 4:
      result = compare_four(run);
      break;
    default:
      throw afd::ConfigError("studies are of 2, 3 or 4 networks");
  }
  answer_questions(result, run.options);
  draw_similarities(result, run.options);
  if (result.is_finished) draw_activations(run, result);
  fmt::print("{}\n", result.text());
  return result.is_finished;
}

}  // namespace

int main(int argc, char** argv) {
  Command command;
  try {
    // Read first, so that the other options change what is known of the study.
    CLI::App first;
    first.allow_extras();
    first.set_help_flag();
    first.add_option("study", command.study);
    CLI11_PARSE(first, argc, argv);
    command.settings = study_called(command.study);
    CLI::App app{"Compares recipes of distillation: same networks, initial weights and batches for a seed."};
    add_options(app, command);
    CLI11_PARSE(app, argc, argv);
    if (command.lists) {
      list_studies();
      return 0;
    }
    afd::keep_freed_memory();
    torch::set_num_threads(command.threads);
    return run_study(command) ? 0 : afd::interrupted_exit_code;
  } catch (const afd::Error& error) {
    fmt::print(stderr, "\nexperiments: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nexperiments: unexpected: {}\n", error.what());
  }
  return 1;
}
