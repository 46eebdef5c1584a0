// SPDX-License-Identifier: MIT
#include <afd/strategy/every.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "worker/distiller_step.hpp"

namespace {

using worker::Cell;
using worker::Step;

/// A teacher that only teaches; its type is another, so it is made here.
template <class Options>
Step offline(const Cell& cell, const Options& options) {
  auto teacher = afd::frozen(worker::make_network(cell, 0));
  auto student = worker::make_network(cell, 1);
  using Distiller =
      decltype(afd::Distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, options, teacher, student});
  auto distiller =
      std::make_shared<Distiller>(afd::topology::OneWay{}, afd::KnowledgeDistillation{}, options, teacher, student);
  return [distiller, batch = cell.make_batch()] { distiller->step(batch); };
}

}  // namespace

worker::Step worker::pair_step(const Cell& cell) {
  using afd::topology::Pair;
  using Sparse = afd::Strategy<afd::CrossEntropy, afd::MutualKL, afd::Every<4, afd::Adversarial<>>>;
  if (cell.recipe == "l1") return make_step<Pair, afd::DirectAlignment>(cell);
  if (cell.recipe == "afd-every-4") return make_step<Pair, Sparse>(cell);
  if (cell.recipe == "afd-joint") return make_step<Pair, afd::AdversarialFeatureDistillation, afd::JointUpdate>(cell);
  if (cell.recipe != "kd") return {};
  if (cell.peers) {
    return offline(cell, afd::DistillerOptions{.execution = afd::PeerThreads{.threads = cell.threads},
                                               .layout = cell.layout,
                                               .precision = cell.precision});
  }
  return offline(cell, afd::DistillerOptions{.layout = cell.layout, .precision = cell.precision});
}
