// SPDX-License-Identifier: MIT
// needs: torch
// expect: a callback needs on_step(const afd::StepEvent<D>&) or on_epoch(const afd::EpochEvent<D>&)
#include <vector>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>
#include <afd/zoo/plain_cnn.hpp>

struct Mine {
#ifdef AFD_EXPECT_OK
  template <class Event>
  void on_epoch(const Event&) {}
#else
  void on_batch() {}
#endif
};

void use(afd::PlainCnn& a, afd::PlainCnn& b, std::vector<afd::Batch>& batches) {
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  afd::Trainer{distiller, {.epochs = 1}}.fit(batches, batches, Mine{});
}
