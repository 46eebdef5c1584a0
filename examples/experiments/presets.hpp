// SPDX-License-Identifier: MIT
#pragma once

// Settings to begin with.

#include <string>

#include <afd/error.hpp>

#include "cell.hpp"

namespace experiments {

/// A start for other options to change. Each value: [P] from the paper, [R] second-hand, [O] ours; docs/experiments has
/// the reasons.
[[nodiscard]] inline Settings preset(const std::string& name) {
  Settings settings;
  if (name == "none") return settings;
  settings.images = 0;           // [P] all of them, less the validation images, which are [O]
  settings.stem_stride = 1;      // [P] the networks as published
  settings.lr = 0.1;             // [R] by SGD with momentum 0.9, Nesterov's form and weight decay 1e-4
  settings.feature_lr = 2e-5;    // [R] by Adam; [P] much smaller than the logit loss's
  settings.feature_decay = 0.1;  // [R]
  settings.temperature = 3;      // [R]
  settings.l1_weight = 0.01;     // [O] these three as chosen on Fashion-MNIST; not tried on other data
  settings.l2_weight = 0.01;
  settings.at_weight = 10;
  if (name == "paper-cifar100") {
    settings.data = "cifar100";         // [P]
    settings.validation = 5000;         // [O]
    settings.epochs = 300;              // [R]
    settings.evaluate_every = 1;        // [O]
    settings.batch = 128;               // [R]
    settings.milestones = {0.5, 0.75};  // [R]
    return settings;
  }
  if (name == "imagenet") {
    settings.data = "folders";                 // [P] ImageNet, here any folders of classes
    settings.validation = 10000;               // [O]
    settings.epochs = 90;                      // [O] usual for these networks
    settings.evaluate_every = 5;               // [O]
    settings.batch = 256;                      // [O] usual
    settings.milestones = {1.0 / 3, 2.0 / 3};  // [O] usual: after 30 and 60 epochs
    settings.image_side = 224;                 // [O] usual
    return settings;
  }
  throw afd::ConfigError("there is no preset called " + name + "; choose paper-cifar100 or imagenet");
}

}  // namespace experiments
