// SPDX-License-Identifier: MIT

// Ends trainings in every way that a machine knows and counts what comes of it:
//
// - torture kills <count>: SIGKILL and SIGTERM at random moments, then resume; the end must be that of the whole run
// - torture steps: stopped after each step, then resumed, likewise
// - torture bytes: every byte of a checkpoint changed, every length cut
// - torture calls <stride>: open, write, fsync, close and rename of a training made to fail in turn, each (1) or some
//
// Prints figures, and ends with 1 at the first broken promise. Built with the linker's --wrap for the calls.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "support/remove_folder.hpp"

namespace {

namespace fs = std::filesystem;

// ---- calls that fail -----------------------------------------------------------------------------------------------

/// The calls of this program are numbered while `counting`; those from `first` to `last` fail.
struct Faults {
  static constexpr int max_files = 1024;
  std::atomic<bool> counting = false;
  std::atomic<bool> is_ours[max_files] = {};  ///< by descriptor
  std::atomic<std::int64_t> calls = 0, failed = 0;
  std::int64_t first = 0, last = -1;
  int error = ENOSPC;

  bool fails() {
    if (!counting) return false;
    const std::int64_t number = ++calls;
    if (number < first || number > last) return false;
    ++failed;
    errno = error;
    return true;
  }
};
Faults faults;

}  // namespace

extern "C" {
int __real_open(const char* path, int flags, mode_t mode);
ssize_t __real_write(int file, const void* bytes, size_t count);
int __real_fsync(int file);
int __real_close(int file);
int __real_rename(const char* from, const char* to);

int __wrap_open(const char* path, int flags, mode_t mode) {
  // Reading and folders do not count, nor does closing anything but a file of ours.
  if ((flags & O_CREAT) != 0 && faults.fails()) return -1;
  const int file = __real_open(path, flags, mode);
  if (file >= 0 && file < Faults::max_files) faults.is_ours[file] = std::string_view(path).ends_with(".tmp");
  return file;
}
ssize_t __wrap_write(int file, const void* bytes, size_t count) {
  if (!faults.fails()) return __real_write(file, bytes, count);
  // A disk that fills up takes a part first.
  if (count > 1 && faults.error == ENOSPC) static_cast<void>(__real_write(file, bytes, count / 2));
  errno = faults.error;
  return -1;
}
int __wrap_fsync(int file) {
  return faults.fails() ? -1 : __real_fsync(file);
}
int __wrap_close(int file) {
  const bool is_ours = file >= 0 && file < Faults::max_files && faults.is_ours[file];
  if (!is_ours || !faults.fails()) return __real_close(file);
  __real_close(file);
  errno = faults.error;
  return -1;
}
int __wrap_rename(const char* from, const char* to) {
  return faults.fails() ? -1 : __real_rename(from, to);
}
}

namespace {

/// Rewrites one line, for people who watch.
void show(const std::string& text) {
  static const bool live = ::isatty(STDOUT_FILENO) != 0;
  if (live) std::cout << "\r\033[K" << text << std::flush;
}

[[noreturn]] void broken(const std::string& what) {
  throw std::runtime_error("promise broken: " + what);
}

// ---- a training ----------------------------------------------------------------------------------------------------

afd::TensorDataset images(std::int64_t count) {
  torch::manual_seed(5);
  return {torch::randint(256, {count, 1, 8, 8}, torch::kUInt8), torch::arange(count, torch::kInt64).remainder(4)};
}

afd::PlainCnn network(std::vector<std::int64_t> widths) {
  return afd::PlainCnn(afd::PlainCnnOptions{.widths = std::move(widths), .classes = 4});
}

/// A state without its times.
afd::Bytes without_times(const afd::StateDict& state) {
  afd::StateDict rest;
  for (const auto& [key, value] : state.values()) {
    if (key == "trainer/seconds" || key == "trainer/epoch seconds") continue;
    if (key.ends_with("/libtorch")) continue;  // LibTorch names parameters by their addresses there
    if (key != "trainer/history") {
      rest.set(key, value);
      continue;
    }
    const afd::History history = afd::History::parse_csv(std::get<std::string>(value));
    std::string text;
    for (const auto& row : history.rows()) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string& column = history.columns()[i];
        if (column != "seconds" && column != "images_per_second") text += std::to_string(row[i]) + ' ';
      }
    }
    rest.set(key, text);
  }
  return rest.to_bytes();
}

/// The newest checkpoint, and the best one.
struct Outcome {
  afd::Bytes newest, best;
};
Outcome outcome(const fs::path& folder) {
  const afd::detail::CheckpointFolder files(folder);
  if (files.files().empty()) broken("there is no checkpoint in the end");
  Outcome result{.newest = without_times(afd::read_checkpoint(files.files().front().path)), .best = {}};
  if (fs::exists(files.best_path())) result.best = without_times(afd::read_checkpoint(files.best_path()));
  return result;
}

struct Told {
  std::vector<std::string> all;
  [[nodiscard]] bool has(const char* words) const {
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& text) { return text.find(words) != std::string::npos; });
  }
};

struct Saving {
  std::int64_t every_steps = 1;
  bool asynchronous = false;
};

/// Ends a training after so many of its steps; 0: never.
struct StopAfter {
  int left;
  template <class D>
  bool on_step(const afd::StepEvent<D>& /*event*/) {
    return --left != 0;
  }
};

constexpr int recipe_count = 4;

/// Trains 4 epochs of 6 steps, going on from what is in the folder.
template <class D>
afd::StopReason train_distiller(D& distiller, const fs::path& folder, Told& told, const Saving& saving, int stop) {
  const afd::TensorDataset data = [] {
    const afd::detail::RandomNumbersGuard guard(afd::detail::RandomNumbers(std::vector<torch::Device>{}));
    return images(36);
  }();
  using Loader = decltype(afd::BatchLoader(data, {}, afd::Compose{afd::PadCrop{1}, afd::UnitRange{}}));
  afd::Prefetch<Loader> train(
      afd::BatchLoader(data, {.batch_size = 6, .seed = 2}, afd::Compose{afd::PadCrop{1}, afd::UnitRange{}}));
  afd::Trainer trainer{
      distiller,
      afd::TrainerOptions{.epochs = 4,
                          .logit_schedule = afd::MultiStep{},
                          .checkpoint = {.folder = folder,
                                         .every_steps = saving.every_steps,
                                         .asynchronous = saving.asynchronous,
                                         .say = [&](const std::string& text) { told.all.push_back(text); }}}};
  struct Drawing {  // from LibTorch's generator, as its random sampler does
    decltype(afd::BatchLoader(data, {})) loader;
    auto begin() {
      static_cast<void>(torch::randperm(4));
      return loader.begin();
    }
    auto end() { return loader.end(); }
  };
  Drawing evaluation{afd::BatchLoader(data, {.batch_size = 36, .shuffle = false})};
  return trainer.fit(train, evaluation, StopAfter{stop}).stop;
}

/// A pair; a cycle of three whose game rests every other step and whose gradients are summed up; a frozen teacher with
/// a student whose forward draws random numbers; all pairs of three with one optimizer of LibTorch.
afd::StopReason train(int recipe, const fs::path& folder, std::uint64_t seed, Told& told, const Saving& saving = {},
                      int stop = 0) {
  namespace topology = afd::topology;
  torch::manual_seed(seed);
  const auto run = [&](auto distiller) { return train_distiller(distiller, folder, told, saving, stop); };
  if (recipe == 0) {
    return run(
        afd::Distiller{topology::Pair{}, afd::AdversarialFeatureDistillation{}, network({3, 5}), network({4, 6})});
  }
  if (recipe == 1) {
    return run(afd::Distiller{
        topology::Cycle<3>{}, afd::Strategy{afd::CrossEntropy{}, afd::MutualKL{}, afd::Every<2, afd::Adversarial<>>{}},
        afd::DistillerOptions{.logit = afd::Sgd{.accumulate = 2}, .order = afd::DiscriminatorFirst{}}, network({3, 5}),
        network({4, 6}), network({3, 4})});
  }
  if (recipe == 2) {
    const auto student = afd::extractor_head(
        torch::nn::Sequential(torch::nn::Conv2d(1, 4, 3), torch::nn::BatchNorm2d(4), torch::nn::Dropout2d(0.3)),
        torch::nn::Linear(4, 4));
    return run(afd::Distiller{topology::OneWay{}, afd::DirectAlignmentWithKL{}, afd::frozen(network({3, 5})), student});
  }
  using Rms = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
  return run(afd::Distiller{
      topology::AllPairs<3>{}, afd::AttentionDistillation{},
      afd::DistillerOptions{.logit = Rms{torch::optim::RMSpropOptions(1e-3)}, .updates = afd::JointUpdate{}},
      network({3, 5}), network({4, 6}), network({3, 4})});
}

/// A folder that is gone in the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("afd_torture_" + std::to_string(::getpid()))) {
    afd_test::remove_folder(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { afd_test::remove_folder(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// ---- kills ---------------------------------------------------------------------------------------------------------

/// Runs body() in a process of its own.
template <class Body>
pid_t in_child(const Body& body) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child > 0) return child;
  int code = 99;
  try {
    code = body();
  } catch (const std::exception& error) {
    std::cerr << "torture: a training threw: " << error.what() << '\n';
  }
  ::_exit(code);
}

int exit_code(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("cannot wait");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool has_temporary(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".tmp") return true;
  }
  return false;
}

constexpr int saw_torn_file = 98;

/// A training in a process of its own: this one computes nothing, for LibTorch's threads would not survive a fork.
pid_t train_in_child(int recipe, const fs::path& place, std::uint64_t seed, const Saving& saving = {}, int stop = 0) {
  return in_child([&] {
    Told told;
    const afd::StopReason reason = train(recipe, place, seed, told, saving, stop);
    if (told.has("looking for an older")) return saw_torn_file;
    return reason == afd::StopReason::finished ? 0 : afd::interrupted_exit_code;
  });
}

/// Whether the training in `place` ended as the whole one did, best epoch and history included.
bool ended_alike(const fs::path& place, const fs::path& whole) {
  return exit_code(in_child([&] {
           const Outcome ours = outcome(place), theirs = outcome(whole);
           return ours.newest == theirs.newest && ours.best == theirs.best ? 0 : 1;
         })) == 0;
}

/// One whole training of each recipe, and how long it took.
class Wholes {
 public:
  explicit Wholes(const fs::path& folder) : folder_(folder) {
    for (int recipe = 0; recipe < recipe_count; ++recipe) {
      const auto started = std::chrono::steady_clock::now();
      if (exit_code(train_in_child(recipe, place(recipe), 1)) != 0) broken("a whole training does not end well");
      seconds_.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
    }
  }
  [[nodiscard]] fs::path place(int recipe) const { return folder_ / ("whole" + std::to_string(recipe)); }
  [[nodiscard]] double seconds(int recipe) const { return seconds_[static_cast<std::size_t>(recipe)]; }

 private:
  fs::path folder_;
  std::vector<double> seconds_;
};

void kills(int wanted) {
  const Folder folder;
  const Wholes wholes(folder.path());
  std::mt19937_64 random(7);
  int killed = 0, in_saving = 0, terminated = 0, runs = 0;
  while (killed < wanted) {
    const fs::path place = folder.path() / "parts";
    afd_test::remove_folder(place);
    const int recipe = runs % recipe_count;
    const Saving saving{.every_steps = 1 + runs / 2 % 3, .asynchronous = runs % 3 == 1};
    for (std::uint64_t attempt = 0;; ++attempt) {
      // The weights that a process begins with must not matter once there is a checkpoint; before, they do.
      const bool has_begun = !afd::detail::CheckpointFolder(place).files().empty();
      const pid_t child = train_in_child(recipe, place, has_begun ? 1000 + attempt : 1, saving);
      const double share = std::uniform_real_distribution<double>(0.02, 0.7)(random);
      std::this_thread::sleep_for(std::chrono::duration<double>(share * wholes.seconds(recipe)));
      const bool gently = random() % 5 == 0;
      ::kill(child, gently ? SIGTERM : SIGKILL);
      const int code = exit_code(child);
      if (code == 128 + SIGKILL) {
        ++killed;
        if (has_temporary(place)) ++in_saving;
      } else if (code == afd::interrupted_exit_code || code == 128 + SIGTERM) {
        ++terminated;  // 128 + SIGTERM: before the training had begun
      } else if (code == 0) {
        break;
      } else if (code == saw_torn_file) {
        broken("a killed training left a torn file");
      } else {
        broken("a resumed training ended with " + std::to_string(code));
      }
    }
    ++runs;
    if (!ended_alike(place, wholes.place(recipe)))
      broken("a killed training ended in another state than the whole one");
    show("kills " + std::to_string(killed) + '/' + std::to_string(wanted));
  }
  show("");
  std::cout << "kills: " << killed << " by SIGKILL, " << in_saving << " of them while a file was written, "
            << terminated << " by SIGTERM; " << runs << " trainings of 24 steps, by " << recipe_count
            << " recipes in turn, all with the same bits in the end\n";
}

// ---- steps ---------------------------------------------------------------------------------------------------------

void steps() {
  const Folder folder;
  const Wholes wholes(folder.path());
  int resumed = 0;
  for (int recipe = 0; recipe < recipe_count; ++recipe) {
    for (int stop = 1; stop < 24; ++stop) {
      const fs::path place = folder.path() / "parts";
      afd_test::remove_folder(place);
      const Saving saving{.every_steps = 0};
      if (exit_code(train_in_child(recipe, place, 1, saving, stop)) != afd::interrupted_exit_code ||
          exit_code(train_in_child(recipe, place, 1000, saving)) != 0) {
        broken("a training that was stopped after step " + std::to_string(stop) + " does not go on");
      }
      if (!ended_alike(place, wholes.place(recipe))) {
        broken("stopped after step " + std::to_string(stop) + ", a training ended in another state");
      }
      ++resumed;
      show("steps " + std::to_string(resumed));
    }
  }
  show("");
  std::cout << "steps: " << resumed << " trainings of " << recipe_count
            << " recipes, stopped after each of their steps and resumed, all with the same bits in the end\n";
}

// ---- bytes ---------------------------------------------------------------------------------------------------------

/// Of every `stride`th byte.
void bytes(std::size_t stride) {
  const Folder folder;
  Told told;
  train(0, folder.path(), 1, told, {.every_steps = 0});
  const fs::path file = afd::detail::CheckpointFolder(folder.path()).files().front().path;
  const afd::Bytes whole = afd::detail::read_raw(file);
  std::size_t tried = 0, refused = 0;
  const auto must_refuse = [&](std::span<const std::uint8_t> damaged, const char* how) {
    try {
      static_cast<void>(afd::StateDict::from_bytes(afd::unseal(damaged, afd::checkpoint_kind, "file"), "file"));
      broken(afd::detail::concat("a checkpoint that was ", how, " is loaded"));
    } catch (const afd::FormatError&) {
      ++refused;
    }
  };
  for (std::size_t at = 0; at < whole.size(); at += stride) {
    tried += 4;
    afd::Bytes damaged = whole;
    for (const int bit : {0, 3, 7}) {
      damaged[at] = static_cast<std::uint8_t>(whole[at] ^ (1 << bit));
      must_refuse(damaged, "changed");
    }
    damaged[at] = whole[at];
    must_refuse(std::span(whole).first(at), "cut");
    if (at / stride % 1000 == 0) show("bytes " + std::to_string(at) + '/' + std::to_string(whole.size()));
  }
  show("");
  std::cout << "bytes: a checkpoint of " << whole.size() << " bytes, three bits of every "
            << (stride == 1 ? "" : std::to_string(stride) + "th ") << "byte flipped and cut before it: " << refused
            << " of " << tried << " refused\n";
}

// ---- calls ---------------------------------------------------------------------------------------------------------

void calls(std::int64_t stride) {
  const Folder folder;
  Told told;
  train(0, folder.path() / "whole", 1, told);
  const Outcome whole = outcome(folder.path() / "whole");
  std::int64_t trainings = 0, all = 0;
  // One failure at a time, then everything from some call on, as on a disk that is full or gone.
  for (const bool forever : {false, true}) {
    for (const int error : {ENOSPC, EIO}) {
      for (std::int64_t first = 1;; first += forever ? 7 * stride : stride) {
        const fs::path place = folder.path() / "faulty";
        afd_test::remove_folder(place);
        Told here;
        faults.calls = faults.failed = 0;
        faults.first = first;
        faults.last = forever ? INT64_MAX : first;
        faults.error = error;
        faults.counting = true;
        const afd::StopReason stop = train(0, place, 1, here, {.asynchronous = trainings % 2 == 1});
        faults.counting = false;
        if (faults.failed == 0) break;
        all += faults.failed;
        ++trainings;
        if (stop != afd::StopReason::finished) broken("a training stopped because a file could not be written");
        if (here.all.empty()) broken("a file was not written, and nobody was told");
        // What is there is whole, and goes on to the same end.
        if (afd::detail::CheckpointFolder(place).files().empty()) continue;
        Told again;
        train(0, place, 9, again);
        if (again.has("looking for an older")) broken("a torn checkpoint");
        const Outcome end = outcome(place);
        if (end.newest != whole.newest) broken("after failing calls a training ends in another state");
        if (!forever && end.best != whole.best) broken("after a failing call the best epoch is not in its file");
        if (trainings % 10 == 0) show("calls: " + std::to_string(trainings) + " trainings");
      }
    }
  }
  show("");
  std::cout << "calls: " << all << " failing calls (open, write, fsync, close, rename; ENOSPC, EIO) in " << trainings
            << " trainings: all went on and told the user, every checkpoint left was whole\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    torch::set_num_threads(1);
    if (what == "kills" && argc == 3) {
      kills(std::stoi(argv[2]));
    } else if (what == "steps") {
      steps();
    } else if (what == "bytes" && argc == 3) {
      bytes(static_cast<std::size_t>(std::stoll(argv[2])));
    } else if (what == "calls" && argc == 3) {
      calls(std::stoll(argv[2]));
    } else {
      std::cerr << "torture kills <count> | steps | bytes <stride> | calls <stride>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "\ntorture: " << error.what() << '\n';
    return 1;
  }
}
