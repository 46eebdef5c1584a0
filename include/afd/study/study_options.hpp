// SPDX-License-Identifier: MIT
#pragma once

// How a study goes about it. Torch-free.

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <afd/detail/say.hpp>
#include <afd/study/comparison.hpp>

namespace afd {

struct StudyOptions {
  std::int64_t seeds = 5;             ///< how many times each recipe is trained; two at least to tell anything
  std::uint64_t first_seed = 1;       ///< the others follow it
  std::filesystem::path folder = {};  ///< where results lie, made if need be
  std::string title = "study";        ///< of the page
  /// What networks are called; empty: "network 0", ... Where several share a name, as twins do, their mean is compared,
  /// which tells more: one difference, with less noise.
  std::vector<std::string> networks = {};
  std::vector<std::string> recipes = {};            ///< only those of these names are trained and compared; empty: all
  ComparedWeights weights = ComparedWeights::last;  ///< which are compared, and saved
  bool save_networks = true;                        ///< as <folder>/networks/<recipe>-seed<n>-<network>.afd
  std::ostream* progress = &std::cerr;              ///< where it is shown how far the study is; nullptr: nowhere
  Say say = say_on_stderr;                          ///< what the user should know of a training
};

}  // namespace afd
