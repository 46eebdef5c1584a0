// SPDX-License-Identifier: MIT
#pragma once

// Ctrl-C and SIGTERM as a wish to stop after this step. Torch-free; POSIX.

#include <csignal>

namespace afd {

/// What a program should return from main() when its training was stopped by a signal and can be resumed: EX_TEMPFAIL,
/// "try again".
inline constexpr int interrupted_exit_code = 75;

/// While one lives, the first SIGINT or SIGTERM is noted and nothing else happens; the second does what it would have
/// done without this.
class StopSignals {
 public:
  StopSignals() {
    caught() = 0;
    struct sigaction action{};
    action.sa_handler = [](int signal) { caught() = signal; };
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }

  /// The number of the signal that came; 0: none.
  [[nodiscard]] int signal() const { return caught(); }

 private:
  static volatile std::sig_atomic_t& caught() {
    static volatile std::sig_atomic_t signal = 0;
    return signal;
  }

  struct sigaction interrupt_{};
  struct sigaction terminate_{};
};

}  // namespace afd
