// SPDX-License-Identifier: MIT
#pragma once

// Puts states into files, at once or on a thread of its own.

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/checkpoint/checkpoint_folder.hpp>
#include <afd/data/bytes.hpp>
#include <afd/detail/atomic_file.hpp>
#include <afd/detail/concat.hpp>
#include <afd/detail/folder_lock.hpp>
#include <afd/state/envelope.hpp>
#include <afd/state/state_dict.hpp>

namespace afd::detail {

/// What cannot be written is told to the user, and the training goes on: the checkpoints before it are as they were.
class CheckpointWriter {
 public:
  /// Makes the folder, locks it, and clears away what a killed process left. Throws ConfigError if another training is
  /// at work there.
  explicit CheckpointWriter(const CheckpointOptions& options) : options_(options), folder_(options.folder) {
    const auto try_to = [&](const auto& prepare) {
      try {
        prepare();
      } catch (const FileError& error) {
        tell(options_, concat(error.what(), "; the training begins all the same"));
      }
    };
    try_to([&] { folder_.make(); });
    try_to([&] {
      lock();
      folder_.remove_temporary();
    });
  }
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;
  ~CheckpointWriter() {
    finish();
    put_best();  // if it is still to be written
    tell_problems();
  }

  /// Writes `state`, which belongs after `step`; also as the best one if `is_best`.
  void write(const StateDict& state, std::int64_t step, bool is_best) {
    finish();
    step_ = step;
    is_written_ = false;
    try {
      auto bytes = std::make_shared<const Bytes>(seal(state.to_bytes(), checkpoint_kind));
      if (is_best) best_ = bytes;
      if (!options_.asynchronous) {
        put(*bytes);
      } else {
        try {
          thread_ = std::thread([this, bytes] { put(*bytes); });
          return;
        } catch (const std::system_error&) {  // no thread is to be had now
          put(*bytes);
        }
      }
    } catch (const std::exception& error) {
      problems_.push_back(concat("no checkpoint after step ", step, ": ", error.what()));
    }
    tell_problems();
  }

  /// Whether what was written last is on the disk, whole. Call finish() before.
  [[nodiscard]] bool is_written() const { return is_written_; }

  /// Waits until everything is on the disk.
  void finish() {
    if (thread_.joinable()) thread_.join();
    tell_problems();
  }

 private:
  /// The best one first: were it second, a process killed between the two would know of a best epoch that no file has.
  void put(const Bytes& bytes) noexcept {
    put_best();
    is_written_ = attempt(concat("no checkpoint after step ", step_), [&] { write(folder_.path_of(step_), bytes); });
    if (is_written_) {
      attempt("old checkpoints stay", [&] { folder_.prune(options_.keep_last, step_); });
    }
  }

  /// If there is one. What could not be written is tried again with the next checkpoint.
  void put_best() noexcept {
    if (best_ && attempt("best.afd is not that of the best epoch", [&] { write(folder_.best_path(), *best_); })) {
      best_.reset();
    }
  }

  void write(const std::filesystem::path& path, const Bytes& content) {
    folder_.make();
    try {
      lock();
    } catch (const FileError&) {  // as it was told at first: some file systems have no locks
    }
    write_file_atomically(path, std::span(reinterpret_cast<const char*>(content.data()), content.size()));
  }

  /// The folder may have been moved or removed, and made anew by another training, since it was locked.
  void lock() {
    if (lock_ && lock_->is_in_place()) return;
    lock_.reset();
    lock_ = std::make_unique<const FolderLock>(options_.folder);
  }

  /// body(), and whether it did not throw.
  template <class Body>
  bool attempt(const std::string& what, const Body& body) {
    try {
      body();
      return true;
    } catch (const std::exception& error) {
      problems_.push_back(concat(what, ": ", error.what()));
      return false;
    }
  }

  void tell_problems() {
    for (const std::string& problem : problems_) tell(options_, problem + "; the training goes on");
    problems_.clear();
  }

  const CheckpointOptions& options_;
  CheckpointFolder folder_;
  std::int64_t step_ = 0;
  std::shared_ptr<const Bytes> best_;  // to be written
  // From here on the thread's as long as it runs.
  std::unique_ptr<const FolderLock> lock_;
  bool is_written_ = true;
  std::vector<std::string> problems_;
  std::thread thread_;
};

}  // namespace afd::detail
