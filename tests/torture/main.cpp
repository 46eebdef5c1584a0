// SPDX-License-Identifier: MIT

// Ends trainings in every way that a machine knows and counts what comes of it:
//
// - torture kills <count>: SIGKILL and SIGTERM at random moments, then resume; the end must be that of the whole run
// - torture bytes: every byte of a checkpoint changed, every length cut
// - torture calls <stride>: open, write, fsync, close and rename of a training made to fail in turn, each (1) or some
//
// Prints figures, and ends with 1 at the first broken promise. Built with the linker's --wrap for the calls.

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
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <torch/torch.h>

#include <afd/afd.hpp>

namespace {

namespace fs = std::filesystem;

// ---- calls that fail -----------------------------------------------------------------------------------------------

/// The calls of this program are numbered while `counting`; those from `first` to `last` fail.
struct Faults {
  std::atomic<bool> counting = false;
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
  // Reading and folders do not count.
  return (flags & O_CREAT) != 0 && faults.fails() ? -1 : __real_open(path, flags, mode);
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
  if (!faults.fails()) return __real_close(file);
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

/// All of the newest checkpoint but times.
afd::Bytes outcome(const fs::path& folder) {
  const auto files = afd::detail::CheckpointFolder(folder).files();
  if (files.empty()) broken("there is no checkpoint in the end");
  afd::StateDict rest;
  const afd::StateDict state = afd::read_checkpoint(files.front().path);
  for (const auto& [key, value] : state.values()) {
    if (key != "trainer/seconds" && key != "trainer/epoch seconds" && key != "trainer/history") rest.set(key, value);
  }
  return rest.to_bytes();
}

struct Told {
  std::vector<std::string> all;
};

/// Trains 4 epochs of 6 steps, with a checkpoint after each step, going on from what is in the folder.
afd::StopReason train(const fs::path& folder, std::uint64_t seed, Told& told, std::int64_t every_steps = 1,
                      bool asynchronous = false) {
  const afd::TensorDataset data = images(36);
  torch::manual_seed(seed);
  auto a = network({3, 5}), b = network({4, 6});
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  afd::Trainer trainer{
      distiller,
      afd::TrainerOptions{.epochs = 4,
                          .logit_schedule = afd::MultiStep{},
                          .checkpoint = {.folder = folder,
                                         .every_steps = every_steps,
                                         .asynchronous = asynchronous,
                                         .say = [&](const std::string& text) { told.all.push_back(text); }}}};
  return trainer
      .fit(afd::BatchLoader(data, {.batch_size = 6, .seed = 2}, afd::Compose{afd::PadCrop{1}, afd::UnitRange{}}),
           afd::BatchLoader(data, {.batch_size = 36, .shuffle = false}))
      .stop;
}

/// A folder that is gone in the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("afd_torture_" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
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

void kills(int wanted) {
  const Folder folder;
  // This process computes nothing: LibTorch's threads would not survive a fork.
  const auto run_in = [&](const fs::path& place, std::uint64_t seed, bool asynchronous) {
    return in_child([&] {
      Told told;
      const afd::StopReason stop = train(place, seed, told, 1, asynchronous);
      return stop == afd::StopReason::finished ? 0 : afd::interrupted_exit_code;
    });
  };
  const auto started = std::chrono::steady_clock::now();
  if (exit_code(run_in(folder.path() / "whole", 1, false)) != 0) broken("the whole training does not end well");
  const double whole_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const auto reads = [&](const fs::path& place) {
    return in_child([&] { return outcome(place) == outcome(folder.path() / "whole") ? 0 : 1; });
  };

  std::mt19937_64 random(7);
  int killed = 0, in_saving = 0, terminated = 0, runs = 0;
  while (killed < wanted) {
    const fs::path place = folder.path() / "parts";
    fs::remove_all(place);
    const bool asynchronous = runs % 2 == 1;
    for (std::uint64_t attempt = 0;; ++attempt) {
      // The weights that a process begins with must not matter once there is a checkpoint; before, they do.
      const bool has_begun = !afd::detail::CheckpointFolder(place).files().empty();
      const pid_t child = run_in(place, has_begun ? 1000 + attempt : 1, asynchronous);
      const double share = std::uniform_real_distribution<double>(0.02, 0.6)(random);
      std::this_thread::sleep_for(std::chrono::duration<double>(share * whole_seconds));
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
      } else {
        broken("a resumed training ended with " + std::to_string(code));
      }
    }
    ++runs;
    if (exit_code(reads(place)) != 0) broken("a killed training ended in another state than the whole one");
    show("kills " + std::to_string(killed) + '/' + std::to_string(wanted));
  }
  show("");
  std::cout << "kills: " << killed << " by SIGKILL, " << in_saving << " of them while a file was written, "
            << terminated << " by SIGTERM; " << runs << " trainings of 24 steps, all with the same bits in the end\n";
}

// ---- bytes ---------------------------------------------------------------------------------------------------------

void bytes() {
  const Folder folder;
  Told told;
  train(folder.path(), 1, told, 0);
  const fs::path file = afd::detail::CheckpointFolder(folder.path()).files().front().path;
  const afd::Bytes whole = afd::detail::read_raw(file);
  std::size_t refused = 0;
  const auto must_refuse = [&](std::span<const std::uint8_t> damaged, const char* how) {
    try {
      static_cast<void>(afd::StateDict::from_bytes(afd::unseal(damaged, afd::checkpoint_kind, "file"), "file"));
      broken(std::string("a checkpoint that was ") + how + " is loaded");
    } catch (const afd::FormatError&) {
      ++refused;
    }
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    afd::Bytes damaged = whole;
    for (const int bit : {0, 3, 7}) {
      damaged[at] = static_cast<std::uint8_t>(whole[at] ^ (1 << bit));
      must_refuse(damaged, "changed");
    }
    damaged[at] = whole[at];
    must_refuse(std::span(whole).first(at), "cut");
    if (at % 1000 == 0) show("bytes " + std::to_string(at) + '/' + std::to_string(whole.size()));
  }
  show("");
  std::cout << "bytes: a checkpoint of " << whole.size()
            << " bytes, three bits of every byte flipped and every length cut: " << refused << " of "
            << 4 * whole.size() << " refused\n";
}

// ---- calls ---------------------------------------------------------------------------------------------------------

void calls(std::int64_t stride) {
  const Folder folder;
  Told told;
  train(folder.path() / "whole", 1, told);
  const afd::Bytes whole = outcome(folder.path() / "whole");
  std::int64_t trainings = 0, warned = 0, all = 0;
  // One failure at a time, then everything from some call on, as on a disk that is full or gone.
  for (const bool forever : {false, true}) {
    for (const int error : {ENOSPC, EIO}) {
      for (std::int64_t first = 1;; first += forever ? 7 * stride : stride) {
        const fs::path place = folder.path() / "faulty";
        fs::remove_all(place);
        Told here;
        faults.calls = faults.failed = 0;
        faults.first = first;
        faults.last = forever ? INT64_MAX : first;
        faults.error = error;
        faults.counting = true;
        const afd::StopReason stop = train(place, 1, here);
        faults.counting = false;
        if (faults.failed == 0) break;
        all += faults.failed;
        ++trainings;
        if (stop != afd::StopReason::finished) broken("a training stopped because a file could not be written");
        if (!here.all.empty()) ++warned;
        // What is there is whole, and goes on to the same end.
        if (afd::detail::CheckpointFolder(place).files().empty()) continue;
        Told again;
        train(place, 9, again);
        for (const std::string& text : again.all) {
          if (text.find("looking for an older") != std::string::npos) broken("a torn checkpoint: " + text);
        }
        if (outcome(place) != whole) broken("after failing calls a training ends in another state");
        if (trainings % 10 == 0) show("calls: " + std::to_string(trainings) + " trainings");
      }
    }
  }
  show("");
  std::cout << "calls: " << all << " failing calls (open, write, fsync, close, rename; ENOSPC, EIO) in " << trainings
            << " trainings: all went on, " << warned << " told the user, every checkpoint left was whole\n";
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  try {
    torch::set_num_threads(1);
    if (what == "kills" && argc == 3) {
      kills(std::stoi(argv[2]));
    } else if (what == "bytes") {
      bytes();
    } else if (what == "calls" && argc == 3) {
      calls(std::stoll(argv[2]));
    } else {
      std::cerr << "torture kills <count> | bytes | calls <stride>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "\ntorture: " << error.what() << '\n';
    return 1;
  }
}
