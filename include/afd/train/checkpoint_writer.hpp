// SPDX-License-Identifier: MIT
#pragma once

// Puts states into files, at once or on a thread of its own.

#include <cstdint>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include <afd/data/bytes.hpp>
#include <afd/data/envelope.hpp>
#include <afd/data/state_dict.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/train/checkpoint.hpp>

namespace afd::detail {

/// What cannot be written is told to the user, and the training goes on: the checkpoints before it are as they were.
class CheckpointWriter {
 public:
  explicit CheckpointWriter(const CheckpointOptions& options) : options_(options), folder_(options.folder) {}
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  ~CheckpointWriter() { finish(); }

  /// Writes `state`, which belongs after `step`; also as the best one if `is_best`.
  void write(const StateDict& state, std::int64_t step, bool is_best) {
    finish();
    Bytes bytes;
    try {
      bytes = seal(state.to_bytes(), checkpoint_kind);
    } catch (const std::exception& error) {
      tell(step, error.what());
      return;
    }
    const auto put = [this, bytes = std::move(bytes), step, is_best] {
      try {
        folder_.make();
        const std::span<const char> content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        write_file_atomically(folder_.path_of(step), content);
        if (is_best) write_file_atomically(folder_.best_path(), content);
        folder_.prune(options_.keep_last);
      } catch (const std::exception& error) {
        problem_ = error.what();
      }
    };
    if (options_.asynchronous) {
      step_ = step;
      thread_ = std::thread(put);
    } else {
      put();
      tell_problem(step);
    }
  }

  /// Waits until everything is on the disk.
  void finish() {
    if (!thread_.joinable()) return;
    thread_.join();
    tell_problem(step_);
  }

 private:
  void tell_problem(std::int64_t step) {
    if (!problem_.empty()) tell(step, problem_);
    problem_.clear();
  }
  void tell(std::int64_t step, const std::string& why) const {
    options_.say(concat("no checkpoint after step ", step, ": ", why, "; the training goes on"));
  }

  const CheckpointOptions& options_;
  CheckpointFolder folder_;
  std::thread thread_;
  std::string problem_;  // of the thread; read when it is joined
  std::int64_t step_ = 0;
};

}  // namespace afd::detail
