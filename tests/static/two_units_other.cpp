// SPDX-License-Identifier: MIT
#include <afd/afd.hpp>
#include <afd/data/gzip.hpp>
#include <afd/network/safetensors.hpp>
#include <afd/network/script.hpp>

double train_elsewhere(afd::PlainCnn& first, afd::PlainCnn& second, const afd::Batch& batch);

double train_elsewhere(afd::PlainCnn& first, afd::PlainCnn& second, const afd::Batch& batch) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, first, second};
  return distiller.step(batch).value("cross_entropy", 0);
}
