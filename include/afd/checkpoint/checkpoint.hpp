// SPDX-License-Identifier: MIT
#pragma once

// Checkpoints of a run: each a file of its own, written whole or not at all and checked before it is read.

#include <cstdint>
#include <filesystem>
#include <string>

#include <afd/data/bytes.hpp>
#include <afd/detail/say.hpp>
#include <afd/error.hpp>
#include <afd/state/envelope.hpp>
#include <afd/state/state_dict.hpp>

namespace afd {

struct CheckpointOptions {
  std::filesystem::path folder{};  ///< where checkpoints lie, made if need be; empty: none are written or read
  std::int64_t every_epochs = 1;   ///< epochs between checkpoints; 0: only at the end and when the training is stopped
  std::int64_t every_steps = 0;    ///< steps between checkpoints inside an epoch; 0: none
  std::int64_t keep_last = 2;      ///< how many stay, the newest ones
  bool keep_best = true;           ///< best.afd stays, too: after the epoch of the best mean top-1
  bool asynchronous = false;       ///< written on a thread of its own; the next one waits for it
  /// What the user should know: where the training goes on, which file is damaged, what could not be written.
  /// Empty: nothing is said. What it throws is lost: no message is worth a training.
  Say say = say_on_stderr;
};

/// Version of what is in a checkpoint. Those of version 1 lack what edges were made for, and are refused by that name.
inline constexpr ContentKind checkpoint_kind{"run", 2};

/// The state in a checkpoint. Throws FileError for a file that cannot be read, FormatError for one that is damaged or
/// something else, VersionError for one of a newer format.
[[nodiscard]] inline StateDict read_checkpoint(const std::filesystem::path& path) {
  const Bytes bytes = detail::read_raw(path);
  const std::string name = path.string();
  return StateDict::from_bytes(unseal(bytes, checkpoint_kind, name), name);
}

namespace detail {

inline void tell(const CheckpointOptions& options, const std::string& text) noexcept {
  tell(options.say, text);
}

}  // namespace detail
}  // namespace afd
