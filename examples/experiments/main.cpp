// SPDX-License-Identifier: MIT

// Methods x networks x seeds, each cell trained and written as one JSON line. Finished cells are never run again, so an
// interrupted grid goes on where it stopped.

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>
#include <CLI/CLI.hpp>

#include <afd/compute/keep_memory.hpp>
#include <afd/network/save_network.hpp>

#include "cell.hpp"
#include "data.hpp"
#include "methods.hpp"
#include "presets.hpp"
#include "progress.hpp"
#include "results_file.hpp"
#include "training.hpp"

namespace {

using namespace experiments;

volatile std::sig_atomic_t interrupted = 0;

struct Options {
  Settings settings;
  std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "experiments_out";
  std::vector<std::string> casts = {"resnet8+resnet8", "resnet8+resnet20"};
  std::vector<std::string> methods;
  std::vector<std::filesystem::path> known;
  std::vector<std::uint64_t> seeds = {1, 2, 3, 4, 5};
  std::string preset = "none";
  int decode_threads = 1;
  bool dry_run = false;
  bool only_known = false;
};

/// Every cell, seed by seed, so that a part of the grid is a whole comparison; "alone" first, for it makes the
/// teachers.
std::vector<Cell> cells_of(const Options& options) {
  std::vector<Cell> cells;
  for (const std::uint64_t seed : options.seeds) {
    for (const std::string& cast : options.casts) {
      const std::vector<std::string> networks = split(cast);
      const Methods known = methods_for(networks.size());
      std::vector<std::string> names = options.methods;
      if (names.empty()) {
        for (const auto& [name, method] : known) names.push_back(name);
      }
      std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name == "alone"; });
      for (const std::string& name : names) {
        if (known.contains(name)) cells.push_back({name, networks, seed});
      }
    }
  }
  if (cells.empty()) throw afd::ConfigError("no method of these names is for these networks");
  return cells;
}

class Grid {
 public:
  explicit Grid(const Options& options) : options_(options), cells_(cells_of(options)), progress_(cells_.size()) {
    std::filesystem::create_directories(options.out / "teachers");
    find_finished(read_results(results_path()));
    fmt::print(stderr, "{} cells, {} of them finished before\n", cells_.size(), finished_.size());
    const auto failed = read_results<Failure>(failures_path());
    find_finished(failed);
    failed_ = failed.size();
  }

  void run() {
    ResultsFile results(results_path()), failures(failures_path());
    take_over(results);
    if (options_.only_known) return;
    files_ = read_files(options_.settings.data, options_.folder, options_.decode_threads);
    for (const Cell& cell : cells_) {
      const bool is_done = is_finished(cell);
      progress_.start(cell, is_done);
      if (is_done) continue;
      try {
        results.add(run(cell));
      } catch (const afd::NonFiniteError& error) {
        progress_.say(fmt::format("failed: {}", error.what()));
        failures.add(Failure{cell, options_.settings, error.what()});
        ++failed_;
      }
    }
    fmt::print(stderr, "\n{}\n", results_path().string());
    if (failed_ > 0) fmt::print(stderr, "{} failed cells are in {}\n", failed_, failures_path().string());
  }

 private:
  [[nodiscard]] std::filesystem::path results_path() const { return options_.out / "results.jsonl"; }
  [[nodiscard]] std::filesystem::path failures_path() const { return options_.out / "failed.jsonl"; }

  template <class Line>
  void find_finished(const std::vector<Line>& lines) {
    const nlohmann::json settings = options_.settings;
    for (const Line& line : lines) {
      if (nlohmann::json(line.settings) == settings) finished_.push_back(line.cell);
    }
  }

  [[nodiscard]] bool is_finished(const Cell& cell) const {
    return std::find(finished_.begin(), finished_.end(), cell) != finished_.end();
  }

  /// What other grids have finished with the same settings.
  void take_over(ResultsFile& results) {
    const nlohmann::json settings = options_.settings;
    for (const std::filesystem::path& path : options_.known) {
      for (const Result& result : read_results(path)) {
        const bool is_wanted = std::find(cells_.begin(), cells_.end(), result.cell) != cells_.end();
        if (!is_wanted || is_finished(result.cell) || nlohmann::json(result.settings) != settings) continue;
        results.add(result);
        finished_.push_back(result.cell);
      }
    }
  }

  Result run(const Cell& cell) {
    const CellData data = make_cell_data(files_, options_.settings, cell.seed);
    std::vector<afd::AnyNetwork> networks;
    for (std::size_t k = 0; k < cell.networks.size(); ++k) {
      networks.push_back(make_network(cell.networks[k], data.shape, 100 * cell.seed + k));
    }
    const Run run{cell,
                  options_.settings,
                  data,
                  networks,
                  [&](double share) {
                    progress_.show(share);
                    return interrupted == 0;
                  },
                  [&](const std::string& warning) { progress_.say(warning); }};
    const Method method = methods_for(networks.size()).at(cell.method);
    if (method.is_offline) {
      if (!std::filesystem::exists(teacher_path(cell))) make_teacher(run);
      afd::load_network(networks.back(), teacher_path(cell));
    }
    Result result = method.run(run);
    if (cell.method == "alone") afd::save_network(networks.back(), teacher_path(cell));
    return result;
  }

  /// Trains the networks alone once more, because their weights are not there.
  void make_teacher(const Run& offline) {
    Cell cell = offline.cell;
    cell.method = "alone";
    static_cast<void>(run(cell));
  }

  [[nodiscard]] std::filesystem::path teacher_path(const Cell& cell) const {
    const std::string key = nlohmann::json(options_.settings).dump();
    return options_.out / "teachers" /
           fmt::format("{}_seed{}_{:016x}.afd", joined(cell.networks), cell.seed, std::hash<std::string>{}(key));
  }

  const Options& options_;
  Files files_;
  std::vector<Cell> cells_;
  std::vector<Cell> finished_;
  std::size_t failed_ = 0;
  Progress progress_;
};

void add_options(CLI::App& app, Options& options) {
  Settings& s = options.settings;
  app.add_option("--preset", options.preset, "paper-cifar100 or imagenet; other options change its values");
  app.add_option("--data", s.data, "fashion-mnist, cifar10, cifar100 or folders (train and val, a folder per class)")
      ->capture_default_str();
  app.add_option("--folder", options.folder, "Folder of the data's files")->capture_default_str();
  app.add_option("--out", options.out, "Folder for results.jsonl and teachers")->capture_default_str();
  app.add_option("--known", options.known, "results.jsonl of other grids: what is in them is not run again")
      ->check(CLI::ExistingFile);
  app.add_flag("--only-known", options.only_known, "Take over what is in --known and stop");
  app.add_option("--networks", options.casts, "Networks that train together, joined by +")->capture_default_str();
  app.add_option("--methods", options.methods, "Methods (default: all)");
  app.add_option("--seeds", options.seeds, "Seeds")->capture_default_str();
  app.add_option("--images", s.images, "Training images; 0: all")->capture_default_str();
  app.add_option("--validation", s.validation, "Images of the training set that only choose")->capture_default_str();
  app.add_option("--score-on", s.score_on, "validation: to choose settings without the test set")
      ->check(CLI::IsMember({"test", "validation"}))
      ->capture_default_str();
  app.add_option("--evaluate-every", s.evaluate_every, "Epochs between looks at the validation images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--epochs", s.epochs, "Epochs")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--batch", s.batch, "Images per batch")->check(CLI::Range(2, 1 << 20))->capture_default_str();
  app.add_option("--image-side", s.image_side, "Pixels of folders' images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--decode-threads", options.decode_threads, "Threads that decode folders' images")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--milestones", s.milestones, "Where rates fall to a tenth, as shares of the training")
      ->capture_default_str();
  app.add_flag("--dry-run", options.dry_run, "Name the cells and stop");
  app.add_option("--stem-stride", s.stem_stride, "2 halves every map")->check(CLI::Range(1, 2))->capture_default_str();
  app.add_option("--lr", s.lr, "Rate of the logit loss")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--feature-lr", s.feature_lr, "Rate of feature losses and discriminators")->capture_default_str();
  app.add_option("--feature-decay", s.feature_decay, "Weight decay of both")->capture_default_str();
  app.add_option("--temperature", s.temperature, "Of probabilities")->capture_default_str();
  app.add_option("--l1-weight", s.l1_weight, "Of L1")->capture_default_str();
  app.add_option("--l2-weight", s.l2_weight, "Of L2")->capture_default_str();
  app.add_option("--at-weight", s.at_weight, "Of attention transfer")->capture_default_str();
  app.add_option("--threads", s.threads, "Threads of LibTorch")->check(CLI::PositiveNumber)->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  // Read first, so that the other options change its values.
  CLI::App first;
  first.allow_extras();
  first.set_help_flag();
  first.add_option("--preset", options.preset);
  CLI11_PARSE(first, argc, argv);
  try {
    options.settings = preset(options.preset);
    CLI::App app{"Compares methods of distillation: same networks, initial weights and batches for a seed."};
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    if (options.dry_run) {
      for (const Cell& cell : cells_of(options)) {
        fmt::print("{} {} seed {}\n", joined(cell.networks), cell.method, cell.seed);
      }
      return 0;
    }
    afd::keep_freed_memory();
    torch::set_num_threads(options.settings.threads);
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    Grid(options).run();
    return 0;
  } catch (const Interrupted&) {
    fmt::print(stderr, "\ninterrupted; finished cells are kept, start again to go on\n");
    return 130;
  } catch (const afd::Error& error) {
    fmt::print(stderr, "\nexperiments: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nexperiments: unexpected: {}\n", error.what());
  }
  return 1;
}
