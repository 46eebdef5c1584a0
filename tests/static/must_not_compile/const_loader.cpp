// SPDX-License-Identifier: MIT
// needs: torch
// expect: a const BatchLoader cannot be walked, for each walk goes on to the next epoch
#include <afd/data/horizontal_flip.hpp>
#include <afd/data/loader.hpp>

void use(const afd::BatchLoader<afd::HorizontalFlip>& loader) {
#ifdef AFD_EXPECT_OK
  for (const afd::Batch& batch : loader.epoch(0)) static_cast<void>(batch);
#else
  for (const afd::Batch& batch : loader) static_cast<void>(batch);
#endif
}
