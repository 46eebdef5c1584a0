// SPDX-License-Identifier: MIT
#pragma once

// Draws by gnuplot, where it is installed. Torch-free; POSIX.

#include <cerrno>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <afd/detail/atomic_file.hpp>

namespace afd::detail {

/// Runs a script, which is kept in the file `kept` for those who want to change a picture. False if there is no gnuplot
/// or it did not like the script; what it says goes nowhere. Throws FileError if the script cannot be written.
[[nodiscard]] inline bool draw(const std::string& script, const std::filesystem::path& kept) {
  write_file_atomically(kept, script);
  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return false;
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  }
  std::string program = "gnuplot", file = kept.string();
  char* arguments[] = {program.data(), file.data(), nullptr};
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, "gnuplot", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace afd::detail
