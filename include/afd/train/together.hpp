// SPDX-License-Identifier: MIT
#pragma once

// What a training of several processes does together. Alone everything is as it is here.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <torch/types.h>

#include <afd/checkpoint/checkpoint.hpp>
#include <afd/checkpoint/checkpoint_folder.hpp>
#include <afd/data/batch.hpp>
#include <afd/data/shard.hpp>
#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/observe/sharing.hpp>
#include <afd/state/process_parts.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/exchange.hpp>
#include <afd/train/trainer_state.hpp>

namespace afd::detail {

/// Every function is called by all processes, at the same place.
template <class D>
class Together {
 public:
  static constexpr bool are_several = D::exchanges;

  explicit Together(const D& distiller) : distiller_(distiller) {}

  /// Whether this process writes files and talks.
  [[nodiscard]] bool is_first() const {
    if constexpr (are_several) return exchange().is_first();
    return true;
  }

  /// Throws ConfigError for processes that would not walk the same epochs, each its own part of them.
  template <class Source, class Options>
  void require_same_training(const Source& source, const Options& options) const {
    if constexpr (are_several) {
      if constexpr (places_networks<std::remove_cvref_t<decltype(exchange())>>) {
        if (shard_of(source).count > 1) {
          throw ConfigError("every process trains networks of its own on whole batches: give the loader no .shard");
        }
      } else if constexpr (HasShard<Source>) {
        if (!is_part_of(exchange(), source) && exchange().size() > 1) {
          throw ConfigError("every process would train on all samples: give the loader .shard = world.shard()");
        }
      }
      const auto number = [](const auto& value) { return concat(value); };
      const auto batches = batch_count(source);
      exchange().require_same({{"fingerprint of the training source", number(fingerprint(source))},
                               {"batches in an epoch", batches ? number(*batches) : "unknown"},
                               {"epochs", number(options.epochs)},
                               {"patience", number(options.patience)},
                               {"evaluate_every", number(options.evaluate_every)},
                               {"evaluate_every_steps", number(options.evaluate_every_steps)},
                               {"checkpoints", options.checkpoint.folder.empty() ? "none" : "some"},
                               {"checkpoint.every_epochs", number(options.checkpoint.every_epochs)},
                               {"checkpoint.every_steps", number(options.checkpoint.every_steps)},
                               {"checkpoint.keep_best", number(options.checkpoint.keep_best)}});
    }
  }

  /// Why all stop, if one of them wants to.
  [[nodiscard]] StopReason agreed(StopReason own) const {
    if constexpr (are_several) {
      for (const std::string& word : exchange().gather(concat(static_cast<int>(own)))) {
        if (const auto reason = static_cast<StopReason>(std::stoi(word)); reason != StopReason::finished) return reason;
      }
      return StopReason::finished;
    }
    return own;
  }

  /// What is so for the first process.
  [[nodiscard]] bool as_first(bool own) const {
    if constexpr (are_several) return exchange().from_first(own ? "1" : "0") == "1";
    return own;
  }

  /// This process's part of the newest checkpoint, which the first one reads.
  [[nodiscard]] std::optional<FoundCheckpoint> newest(const CheckpointOptions& options) const {
    std::optional<FoundCheckpoint> found;
    if (is_first()) found = newest_checkpoint(options);
    std::size_t rank = 0, size = 1;
    if constexpr (are_several) {
      std::string text;
      if (found) {
        const Bytes bytes = found->state.to_bytes();
        text = found->path.string() + '\0' + std::string(bytes.begin(), bytes.end());
      }
      text = exchange().from_first(std::move(text));
      const std::size_t end = text.find('\0');
      if (end == std::string::npos) return std::nullopt;
      const std::string path = text.substr(0, end);
      const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()) + end + 1, text.size() - end - 1);
      found = FoundCheckpoint{StateDict::from_bytes(bytes, path), path};
      rank = static_cast<std::size_t>(exchange().rank());
      size = static_cast<std::size_t>(exchange().size());
    }
    if (found && (size > 1 || found->state.contains("processes"))) {
      found->state = ProcessParts(found->state).of(rank, size);
    }
    return found;
  }

  /// With what is each process's own, in the first one. Throws ConfigError there if they have drifted apart.
  [[nodiscard]] StateDict joined(StateDict state) const {
    if constexpr (are_several) {
      const Bytes own = own_part(state).to_bytes();
      const std::vector<std::string> texts =
          exchange().gather_to_first(shared_fingerprint(state) + '\0' + std::string(own.begin(), own.end()));
      if (!is_first()) return state;
      std::vector<StateDict> others;
      for (std::size_t rank = 1; rank < texts.size(); ++rank) {
        const std::size_t end = texts[rank].find('\0');
        if (texts[rank].compare(0, end, texts[0], 0, texts[0].find('\0')) != 0 || end != texts[0].find('\0')) {
          throw ConfigError(concat("process ", rank,
                                   " has other weights than process 0 by now: something changes them ",
                                   "in one process only, a callback perhaps"));
        }
        const auto* first = reinterpret_cast<const std::uint8_t*>(texts[rank].data()) + end + 1;
        others.push_back(StateDict::from_bytes(std::span(first, texts[rank].size() - end - 1),
                                               concat("the part of process ", rank)));
      }
      add_parts(state, others);
    }
    return state;
  }

  /// Whether what is thrown here is thrown in all processes: they can still do something together.
  [[nodiscard]] static bool fail_together(const std::exception_ptr& error) {
    if constexpr (are_several) {
      try {
        std::rethrow_exception(error);
      } catch (const NonFiniteError&) {
        return true;
      } catch (...) {
        return false;
      }
    }
    return true;
  }

 private:
  [[nodiscard]] const auto& exchange() const { return distiller_.exchange(); }

  const D& distiller_;
};

}  // namespace afd::detail
