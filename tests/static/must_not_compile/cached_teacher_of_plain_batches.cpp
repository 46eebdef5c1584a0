// SPDX-License-Identifier: MIT
// needs: torch
// expect: a network has no public forward that takes the batch's inputs
// expect: afd::Cached
#include <afd/data/loader.hpp>
#include <afd/network/cached_source.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/zoo/plain_cnn.hpp>

void use(afd::PlainCnn& teacher, afd::PlainCnn& student, afd::BatchLoader<> loader) {
  const afd::TeacherCache cache{"cache", teacher};
#ifdef AFD_EXPECT_OK
  auto source = afd::with_cached<0, 2>(loader, cache);
#else
  auto& source = loader;
#endif
  afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::Cached{}, student};
  for (const auto& batch : source) distiller.step(batch);
}
