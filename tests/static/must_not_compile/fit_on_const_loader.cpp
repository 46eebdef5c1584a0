// SPDX-License-Identifier: MIT
// needs: torch
// expect: this source has other batches in each epoch, but it is const
#include <torch/torch.h>

#include <afd/data/loader.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/train/trainer.hpp>
#include <afd/zoo/plain_cnn.hpp>

#ifdef AFD_EXPECT_OK
using Loader = afd::BatchLoader<>;
#else
using Loader = const afd::BatchLoader<>;
#endif
using Options = afd::DistillerOptions<>;
using Pair = afd::Distiller<afd::topology::Pair, afd::DeepMutualLearning, Options, afd::PlainCnn, afd::PlainCnn>;

void use(Pair& pair, Loader& train) {
  afd::Trainer(pair, {.epochs = 1}).fit(train);
}
