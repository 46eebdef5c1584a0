// SPDX-License-Identifier: MIT
//
// Which network learns what from whom: edges and networks of a term's own, one term twice, and one network alone.
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "check.hpp"
namespace nn = torch::nn;
using afd::Edge;
using afd::topology::Graph;
using afd::topology::Networks;

nn::Sequential network(std::int64_t width) {
  return nn::Sequential(nn::Linear(16, width), nn::ReLU(), nn::Linear(width, 4));
}

/// 512 samples around the centres of four classes.
afd::TensorDataset samples() {
  const torch::Tensor labels = torch::randint(4, {512}, torch::kInt64);
  return {torch::randn({4, 16}).index_select(0, labels) + 0.5 * torch::randn({512, 16}), labels};
}

/// Trains any networks by any recipe; returns the first one's accuracy.
template <class Topology, class Recipe, class... Nets>
double accuracy_of_first(Topology topology, Recipe recipe, const afd::TensorDataset& data, Nets... networks) {
  const auto [train, test] = data.split(128, /*seed=*/1);
  afd::BatchLoader batches{train, {.batch_size = 32}}, test_batches{test, {.shuffle = false}};
  afd::Distiller distiller{topology, recipe, networks...};
  return afd::Trainer{distiller, {.epochs = 5}}.fit(batches, test_batches).last[0].scores.top1;
}

template <class Distiller>
std::vector<std::string> losses(const Distiller&) {
  std::vector<std::string> names;
  for (const auto& entry : Distiller::Report::entries) names.push_back(entry.column());
  return names;
}

int main() {
  torch::manual_seed(1);
  nn::Sequential a = network(32), b = network(16), c = network(8);
  using Names = std::vector<std::string>;

  // Network 2 has no labels, and learns from both others; networks 0 and 1 learn nothing from it.
  using Labels = afd::Over<Networks<0, 1>, afd::CrossEntropy>;
  using Imitation = afd::Over<Graph<3, Edge{0, 2}, Edge{1, 2}>, afd::MutualKL>;
  afd::Distiller partly{Graph<3>{}, afd::Strategy<Labels, Imitation>{}, a, b, c};
  check(losses(partly) == Names{"cross_entropy_0", "cross_entropy_1", "mutual_kl_0_to_2", "mutual_kl_1_to_2"},
        "a term is for the networks or edges that Over gives it");

  // The same term twice needs a name for one of them.
  const afd::Strategy twice{afd::CrossEntropy{}, afd::MutualKL{.temperature = 1},
                            afd::Named<"soft_kl", afd::MutualKL>{{.temperature = 6, .weight = 0.5}}};
  afd::Distiller named{afd::topology::OneWay{}, twice, a, b};
  check(losses(named) == Names{"cross_entropy_0", "cross_entropy_1", "mutual_kl_0_to_1", "soft_kl_0_to_1"},
        "Named tells them apart in reports and histories");

  // A baseline and a pair by the same code.
  const afd::TensorDataset data = samples();
  const double alone = accuracy_of_first(afd::topology::Single{}, afd::Alone{}, data, network(8));
  const double taught =
      accuracy_of_first(afd::topology::Pair{}, afd::DeepMutualLearning{}, data, network(8), network(32));
  std::cout << "alone " << alone << ", in a pair " << taught << '\n';
  check(alone > 0.9 && taught > 0.9, "one network alone is a topology, too");
  return failures;
}
