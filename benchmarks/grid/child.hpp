// SPDX-License-Identifier: MIT
#pragma once

// A process that does steps when told to; see worker/main.cpp for what is said.

#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace grid {

class Child {
 public:
  /// Starts it. Throws std::runtime_error if that cannot be done.
  explicit Child(const std::vector<std::string>& command) : name_(command.at(0)) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for " + name_);
    process_ = fork();
    if (process_ < 0) throw std::runtime_error("cannot start " + name_);
    if (process_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      // The ends themselves close on exec: a child that held another's would keep it from ending.
      std::vector<std::string> words = command;
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    in_ = fdopen(to[1], "w");
    out_ = fdopen(from[0], "r");
  }

  /// Waits until it is ready. Throws std::runtime_error if it does not come up.
  void wait() {
    if (in_ == nullptr || out_ == nullptr || answer() != "ready") {
      throw std::runtime_error(name_ + " did not start; its own message is above");
    }
  }

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  ~Child() {
    if (in_ != nullptr) std::fclose(in_);  // the child ends at the end of its input
    if (out_ != nullptr) std::fclose(out_);
    if (process_ > 0) waitpid(process_, nullptr, 0);
  }

  /// Seconds that `steps` steps took.
  double run(int steps) {
    begin(steps);
    return end();
  }
  /// The same in two halves, for several at once.
  void begin(int steps) { say(std::to_string(steps)); }
  double end() { return std::stod(answer()); }
  /// Peak resident memory in MiB.
  double memory() {
    say("memory");
    return std::stod(answer()) / 1024;
  }

 private:
  void say(const std::string& line) {
    std::fprintf(in_, "%s\n", line.c_str());
    std::fflush(in_);
  }

  std::string answer() {
    char line[128];
    if (std::fgets(line, sizeof line, out_) == nullptr) throw std::runtime_error(name_ + " ended early");
    std::string text(line);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  std::string name_;
  pid_t process_ = -1;
  std::FILE* in_ = nullptr;
  std::FILE* out_ = nullptr;
};

}  // namespace grid
