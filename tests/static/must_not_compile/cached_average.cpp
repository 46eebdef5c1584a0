// SPDX-License-Identifier: MIT
// needs: torch
// expect: an average moves with its student, so nothing it returns can be kept
#include <afd/network/ema.hpp>
#include <afd/network/teacher_cache.hpp>
#include <afd/zoo/plain_cnn.hpp>

void use(afd::PlainCnn& student, const torch::Tensor& images) {
#ifdef AFD_EXPECT_OK
  const afd::TeacherCache cache{"cache", student};
#else
  const afd::TeacherCache cache{"cache", afd::ema(student)};
#endif
  static_cast<void>(cache.outputs(images));
}
