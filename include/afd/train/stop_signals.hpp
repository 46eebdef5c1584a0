// SPDX-License-Identifier: MIT
#pragma once

// Ctrl-C and SIGTERM as a wish to stop after this step. Torch-free; POSIX.

#include <atomic>
#include <csignal>

namespace afd {

/// What a program should return from main() when its training was stopped by a signal and can be resumed: EX_TEMPFAIL,
/// "try again".
inline constexpr int interrupted_exit_code = 75;

/// While one lives, the first SIGINT or SIGTERM is noted and nothing else happens; the second does what it would have
/// done without this. A signal that is ignored, as a shell's background jobs ignore Ctrl-C, stays so. Of several at a
/// time each is told.
class StopSignals {
 public:
  StopSignals() {
    if (living()++ > 0) return;
    caught() = 0;
    take(SIGINT, before().interrupt);
    take(SIGTERM, before().terminate);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    if (--living() == 0) put_back();
  }

  /// The number of the signal that came; 0: none.
  [[nodiscard]] int signal() const { return caught(); }

 private:
  struct Before {
    struct sigaction interrupt{};
    struct sigaction terminate{};
  };
  static Before& before() {
    static Before actions;
    return actions;
  }
  static std::atomic<int>& caught() {
    static std::atomic<int> signal = 0;
    static_assert(std::atomic<int>::is_always_lock_free, "else a signal handler must not use it");
    return signal;
  }
  static std::atomic<int>& living() {
    static std::atomic<int> count = 0;
    return count;
  }

  static void take(int signal, struct sigaction& old) {
    sigaction(signal, nullptr, &old);
    if ((old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_IGN) return;
    struct sigaction action{};
    action.sa_handler = [](int number) {
      caught() = number;
      put_back();  // sigaction() may be called here
    };
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
  }
  static void put_back() {
    sigaction(SIGINT, &before().interrupt, nullptr);
    sigaction(SIGTERM, &before().terminate, nullptr);
  }
};

}  // namespace afd
