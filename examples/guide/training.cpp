// SPDX-License-Identifier: MIT
//
// Training as people do it: optimizers for networks and parameters, schedules of rates and of losses, freezing on the
// way, several sources to evaluate on, callbacks that remember.
#include <cmath>
#include <cstdint>
#include <iostream>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;

/// A backbone that may be trained already, and a head.
struct Net : nn::Module {
  explicit Net(std::int64_t width)
      : backbone(
            register_module("backbone", nn::Sequential(nn::Conv2d(1, width, 3), nn::BatchNorm2d(width), nn::ReLU()))),
        head(register_module("head", nn::Linear(width, 4))) {}

  afd::Outputs forward(torch::Tensor images) {
    const torch::Tensor features = backbone->forward(images);
    return {.features = features, .logits = head(features.mean({2, 3}))};
  }

  nn::Sequential backbone;
  nn::Linear head;
};

/// Trains heads alone in the first epoch, and everything from the second one on.
struct Unfreeze {
  std::vector<nn::Module*> backbones;

  void operator()(const auto& event) {
    if (event.epoch == 0) set(true);
  }
  void set(bool trained) {
    for (nn::Module* backbone : backbones)
      for (torch::Tensor& parameter : backbone->parameters()) parameter.requires_grad_(trained);
  }
};

/// Remembers the largest gradient of the logit losses, also when the training goes on in another process.
template <class D>
struct LargestGradient {
  D& distiller;
  double norm = 0;

  void on_step(const auto& /*event*/) { norm = std::fmax(norm, distiller.gradient_norms().logit[0]); }
  void visit_state(afd::StateVisitor auto& visitor) { visitor.real("norm", norm); }
};

/// Tells of every evaluation amid an epoch.
struct Tell {
  int told = 0;
  void on_evaluation(const auto& event) {
    std::cout << "step " << event.steps << ": loss " << event.scores[0].scores.networks[0].loss << '\n';
    ++told;
  }
};

int main() {
  torch::manual_seed(1);
  const std::vector<afd::Batch> train{{torch::randn({8, 1, 8, 8}), torch::randint(4, {8}, torch::kInt64)},
                                      {torch::randn({8, 1, 8, 8}), torch::randint(4, {8}, torch::kInt64)}};
  const std::vector<afd::Batch> validation{train[0]}, test{train[1]};
  Net small(4), large(8);

  // Each network has an optimizer of its own; the first trains its backbone at a tenth of the rate, once it is not
  // frozen any more, and does not decay biases and norms.
  const afd::PerParameter careful{afd::Sgd{.lr = 0.05},
                                  {{.names = "backbone.*", .rate = 0.1, .may_be_about_none = true},
                                   {.kind = afd::ParameterKind::vectors, .weight_decay = 0.0}}};
  const afd::DistillerOptions options{.logit = afd::PerNetwork{careful, afd::AdamW{.lr = 1e-3}},
                                      .measure_gradients = true};

  // What peers teach counts more and more over the first three epochs.
  const afd::Strategy strategy{
      afd::CrossEntropy{}, afd::Scheduled<afd::MutualKL>{.term = {.temperature = 3}, .weight = afd::Ramp{.epochs = 3}}};

  afd::Distiller distiller{afd::topology::Pair{}, strategy, options, small, large};
  Unfreeze unfreeze{{small.backbone.get(), large.backbone.get()}};
  unfreeze.set(false);
  LargestGradient<decltype(distiller)> largest{distiller};
  const torch::Tensor kernel = small.backbone->parameters()[0].detach().clone();

  // Rates rise and fall once; the second network's are halved after the second epoch.
  const auto result =
      afd::Trainer{distiller,
                   {.epochs = 4,
                    .schedule = afd::OneCycle{},
                    .network_schedules = {afd::Constant{}, [](const auto& now) { return now.epoch < 2 ? 1.0 : 0.5; }}}}
          .fit(train, afd::on("validation", validation).and_on("test", test), unfreeze, largest);

  check(!small.backbone->parameters()[0].equal(kernel), "what was unfrozen after the first epoch has moved");
  check(largest.norm > 0, "a callback sees norms of gradients");
  check(result.history.column("loss_0_on_test").size() == 4, "each source has columns of its own");
  const std::vector<double> rates = result.history.column("logit_rate_1");
  check(rates[1] > rates[0] && rates[3] < rates[1], "rates stand in the history");

  // In a loop of one's own.
  Net other(4);
  afd::Distiller alone{afd::topology::Single{}, afd::Strategy<afd::CrossEntropy>{},
                       afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.05, .accumulate = 4}}, other};
  const torch::Tensor start = other.head->weight.detach().clone();
  for (int epoch = 0; epoch < 2; ++epoch) {
    alone.set_progress({.epoch = static_cast<double>(epoch), .epochs = 2});  // for Scheduled terms
    alone.scale_rates({.logit = epoch == 0 ? 1.0 : 0.1});
    for (const afd::Batch& batch : train) alone.step(batch);
    alone.finish_accumulation();  // two steps wait for four: an update with what there is
  }
  check(!other.head->weight.equal(start), "what is left at an epoch's end is an update");

  // On a card without bfloat16; losses are scaled for their gradients, which would vanish in half precision.
  const afd::DistillerOptions in_half{.precision = afd::Precision::float16};
  afd::Distiller on_card{afd::topology::Single{}, afd::Alone{}, in_half, other};
  bool is_refused = false;
  try {
    on_card.step(train[0]);
  } catch (const afd::ConfigError&) {
    is_refused = true;
  }
  check(is_refused, "float16 is for an accelerator");

  Tell tell;
  afd::Trainer{alone, {.epochs = 2, .evaluate_every_steps = 1}}.fit(train, validation, tell);
  check(tell.told > 0, "evaluations amid an epoch are told");
  return failures;
}
