// SPDX-License-Identifier: MIT
#pragma once

// What one study of the experiments is: its data, networks, recipes and their settings.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <afd/error.hpp>

namespace experiments {

struct Settings {
  std::string data = "cifar100";           ///< fashion-mnist, cifar10, cifar100 or folders
  std::vector<std::string> networks = {};  ///< that train together, see networks.hpp; an offline teacher is the last
  std::vector<std::string> recipes = {};   ///< empty: all that there are for so many networks
  std::int64_t seeds = 5;
  std::uint64_t first_seed = 1;
  std::int64_t images = 0;         ///< for training, drawn with the seed; 0: all that are left
  std::int64_t validation = 2000;  ///< of the training set, which only choose epochs and settings
  bool scores_validation = false;  ///< while settings are chosen, in place of the test set, which is not read then
  std::int64_t epochs = 60;
  std::int64_t evaluate_every = 10;  ///< epochs between looks at the validation images
  std::int64_t batch = 64;
  std::int64_t image_side = 224;  ///< of folders' images; the others have the size that they have
  std::int64_t stem_stride = 2;
  std::vector<double> milestones = {0.5, 0.75};  ///< where all rates fall to a tenth, as shares of the training
  double lr = 0.1;                               ///< of the logit loss
  double feature_lr = 2e-5;                      ///< of adversarial feature loss and discriminators
  double feature_decay = 0.1;                    ///< weight decay of both
  double temperature = 3.0;
  double l1_weight = 0.01;
};

/// The studies of docs/experiments, and the paper's own settings, which nobody here has run. Each value: [P] from the
/// paper, [R] second-hand, [O] ours; docs/experiments has the reasons.
[[nodiscard]] inline std::map<std::string, Settings> known_studies() {
  std::map<std::string, Settings> all;

  const std::vector<std::string> questions{"alone", "dml",      "kd-offline",       "afd",
                                           "l1-kl", "afd-maps", "afd-maps-weight-0"};
  Settings few;  // [O] what two cores can do; chosen on validation images
  few.images = 5000;
  few.recipes = questions;
  few.l1_weight = 0.1;
  all["cifar100-equal"] = few;
  all["cifar100-equal"].networks = {"resnet8", "resnet8"};
  all["cifar100-equal"].epochs = 90;
  for (const char* part : {"dml-ramp", "afd-both-sides", "afd-logit-first"}) {
    all["cifar100-equal"].recipes.emplace_back(part);
  }
  all["cifar100-unequal"] = few;
  all["cifar100-unequal"].networks = {"resnet8", "wrn10-2"};
  all["cifar100-unequal"].seeds = 3;
  all["cifar100-three"] = few;
  all["cifar100-three"].networks = {"resnet8", "resnet8", "resnet8"};
  all["cifar100-three"].recipes = {"alone", "dml", "afd-cycle", "afd-cycle-dml"};
  all["cifar100-three"].seeds = 3;

  few.data = "fashion-mnist";
  few.images = 1000;
  few.l1_weight = 0.01;
  const auto long_and_short = [&](const std::string& name, const Settings& settings) {
    all[name] = all[name + "-short"] = settings;
    all[name].epochs = 240;
  };
  few.networks = {"resnet8", "resnet8"};
  long_and_short("fashion-equal", few);
  all["fashion-equal"].recipes = {"alone", "dml", "afd", "l1-kl", "afd-maps"};
  all["fashion-unequal"] = few;
  all["fashion-unequal"].networks = {"resnet8", "wrn10-2"};
  few.networks = {"resnet8", "resnet8", "resnet8"};
  few.recipes = all["cifar100-three"].recipes;
  long_and_short("fashion-three", few);

  Settings paper;
  paper.networks = {"resnet32", "resnet32"};  // [P]
  paper.seeds = 3;                            // [O]
  paper.validation = 5000;                    // [O]
  paper.epochs = 300;                         // [R]
  paper.batch = 128;                          // [R]
  paper.stem_stride = 1;                      // [P] the networks as published
  all["paper-cifar100"] = paper;

  Settings imagenet = paper;
  imagenet.data = "folders";                     // [P] ImageNet, here any folders of classes
  imagenet.networks = {"resnet18", "resnet34"};  // [P]
  imagenet.validation = 10000;                   // [O]
  imagenet.epochs = 90;                          // [O] usual for these networks, as what follows
  imagenet.batch = 256;
  imagenet.milestones = {1.0 / 3, 2.0 / 3};
  all["imagenet"] = imagenet;
  return all;
}

/// Throws afd::ConfigError for a name that it does not know.
[[nodiscard]] inline Settings study_called(const std::string& name) {
  const auto all = known_studies();
  if (const auto found = all.find(name); found != all.end()) return found->second;
  std::string names;
  for (const auto& [known, settings] : all) names += (names.empty() ? "" : ", ") + known;
  throw afd::ConfigError("there is no study called " + name + "; choose one of " + names);
}

}  // namespace experiments
