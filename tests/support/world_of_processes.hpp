// SPDX-License-Identifier: MIT
#pragma once

// Runs a scenario in several processes, each this program again, which meet as a launcher would have it.

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_folder.hpp"

namespace afd_test {

/// What processes run, by name. Define it at namespace scope: `const Scenario sum("sum", [] { ... });`
class Scenario {
 public:
  Scenario(const char* name, std::function<void()> body) { all()[name] = std::move(body); }

  static std::map<std::string, std::function<void()>>& all() {
    static std::map<std::string, std::function<void()>> scenarios;
    return scenarios;
  }

  /// For main(): runs the scenario that the command line asks for, and returns its exit code; -1 if it asks for none.
  static int run(int argc, char** argv) {
    if (argc < 3 || std::string(argv[1]) != "--scenario") return -1;
    try {
      all().at(argv[2])();
      return 0;
    } catch (const std::exception& error) {
      std::cout << error.what() << std::endl;
      return 1;
    }
  }
};

struct EndedProcess {
  int code = 0;        ///< exit code, or 128 + the signal that killed it
  std::string output;  ///< of both streams
  double seconds = 0;  ///< from the first one's start to its end
};

class WorldOfProcesses {
 public:
  /// Starts `count` processes, or those of them in `ranks`.
  WorldOfProcesses(int count, const std::string& scenario, std::vector<int> ranks = {}) : start_(Clock::now()) {
    if (ranks.empty()) {
      for (int rank = 0; rank < count; ++rank) ranks.push_back(rank);
    }
    const std::string port = std::to_string(free_port());
    for (const int rank : ranks) processes_[rank] = begin(rank, count, port, scenario);
  }
  WorldOfProcesses(const WorldOfProcesses&) = delete;
  WorldOfProcesses& operator=(const WorldOfProcesses&) = delete;
  ~WorldOfProcesses() {
    for (const auto& [rank, process] : processes_) ::kill(process, SIGKILL);
  }

  void signal(int rank, int number) { ::kill(processes_.at(rank), number); }

  /// Waits for the end of a process; kills it after a while, and says so.
  EndedProcess end_of(int rank) {
    const pid_t process = processes_.at(rank);
    int status = 0;
    while (::waitpid(process, &status, WNOHANG) == 0) {
      if (seconds() > 60) {
        ::kill(process, SIGKILL);
        ::waitpid(process, &status, 0);
        processes_.erase(rank);
        return {-1, "it hung: " + output_of(rank), seconds()};
      }
      ::usleep(5000);
    }
    processes_.erase(rank);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output_of(rank), seconds()};
  }

  /// Waits until a process has printed something.
  void wait_for(int rank, const std::string& text) const {
    while (output_of(rank).find(text) == std::string::npos) {
      if (seconds() > 60) throw std::runtime_error("process " + std::to_string(rank) + " does not say " + text);
      ::usleep(5000);
    }
  }

  static int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("no free port");
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  [[nodiscard]] std::filesystem::path path_of(int rank) const { return folder_.path() / std::to_string(rank); }
  [[nodiscard]] std::string output_of(int rank) const {
    std::ifstream file(path_of(rank));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  pid_t begin(int rank, int count, const std::string& port, const std::string& scenario) const {
    std::vector<std::string> variables{"RANK=" + std::to_string(rank),
                                       "WORLD_SIZE=" + std::to_string(count),
                                       "LOCAL_RANK=" + std::to_string(rank),
                                       "MASTER_ADDR=127.0.0.1",
                                       "MASTER_PORT=" + port,
                                       "OMP_NUM_THREADS=1"};
    for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
    std::vector<char*> pointers;
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    std::string program = "/proc/self/exe", option = "--scenario", name = scenario;
    char* arguments[] = {program.data(), option.data(), name.data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path_of(rank).c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0600);
    ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    pid_t process = 0;
    const int failed = ::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments, pointers.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("a process cannot be started");
    return process;
  }

  TempFolder folder_;
  Clock::time_point start_;
  std::map<int, pid_t> processes_;
};

}  // namespace afd_test
