// SPDX-License-Identifier: MIT
// Every header in two translation units of one program: nothing may be defined twice. The other one trains.
#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/network/safetensors.hpp>
#include <afd/network/script.hpp>

double train_elsewhere(afd::PlainCnn& first, afd::PlainCnn& second, const afd::Batch& batch);

int main() {
  torch::manual_seed(1);
  afd::PlainCnn first(afd::PlainCnnOptions{.widths = {4, 4}});
  afd::PlainCnn second(afd::PlainCnnOptions{.widths = {4, 4}});
  const afd::Batch batch{torch::randn({4, 1, 8, 8}), torch::tensor({0, 1, 2, 3}, torch::kInt64)};
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  const double here = distiller.step(batch).value("cross_entropy", 0);
  const double there = train_elsewhere(first, second, batch);
  return here > 0 && there > 0 && there != here ? 0 : 1;
}
