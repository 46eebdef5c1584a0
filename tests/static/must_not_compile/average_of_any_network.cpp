// SPDX-License-Identifier: MIT
// needs: torch
// expect: a network behind a handle with NetworkTraits of its own, such as afd::AnyNetwork, cannot be cloned
#include <afd/network/any_network.hpp>
#include <afd/network/ema.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>

void use(afd::AnyNetwork student, afd::AnyNetwork second, const afd::Batch& batch) {
#ifdef AFD_EXPECT_OK
  const auto teacher = afd::ema(second, student);
#else
  const auto teacher = afd::ema(student);
#endif
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, teacher, student};
  distiller.step(batch);
}
