// SPDX-License-Identifier: MIT
#pragma once

// The check of targets that have the shape of what the network predicts: a number for each number.

#include <string>
#include <string_view>

#include <torch/types.h>

#include <afd/detail/concat.hpp>
#include <afd/error.hpp>
#include <afd/loss/class_targets.hpp>

namespace afd::detail {

/// The call that gives targets the shape of the outputs, "" if it is theirs; "?" if there is none.
[[nodiscard]] inline std::string_view reshaping(torch::IntArrayRef outputs, torch::IntArrayRef targets) {
  if (targets == outputs) return "";
  if (outputs.size() == targets.size() + 1 && outputs[1] == 1 && outputs.slice(2) == targets.slice(1)) {
    return ".unsqueeze(1)";
  }
  if (targets.size() == outputs.size() + 1 && targets[1] == 1 && targets.slice(2) == outputs.slice(1)) {
    return ".squeeze(1)";
  }
  return "?";
}

/// Throws DataError unless targets are of a floating dtype and of the outputs' shape: [N] and [N, 1] would be broadcast
/// to all pairs, and something else be learnt. `what` names the outputs, `otherwise` ends the advice for shapes that no
/// call can repair. Values are not looked at.
inline void check_matching_targets(const torch::Tensor& outputs, const torch::Tensor& targets, std::string_view term,
                                   std::string_view what, std::string_view otherwise) {
  require_targets(targets, term, concat("floating targets of the ", what, "' shape ", outputs.sizes()));
  const bool is_floating = targets.is_floating_point();
  if (is_floating && targets.sizes() == outputs.sizes()) return;
  require_target_rows(outputs, targets, "row of targets");
  const std::string_view reshape = reshaping(outputs.sizes(), targets.sizes());
  const std::string found = concat(term, ": targets are ", targets.scalar_type(), " of shape ", targets.sizes(),
                                   ", but must be floating and of the ", what, "' shape ", outputs.sizes());
  if (reshape == "?") throw DataError(concat(found, "; ", otherwise));
  throw DataError(concat(found, "; give targets", reshape, is_floating ? "" : ".to(torch::kFloat32)"));
}

}  // namespace afd::detail
