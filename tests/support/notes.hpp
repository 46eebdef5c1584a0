// SPDX-License-Identifier: MIT
#pragma once

// What optimizers were given in a step, and what a step written by hand would give them.

#include <vector>

#include <torch/torch.h>

#include <afd/step/options.hpp>

#include "support/doctest.hpp"
#include "support/recorder.hpp"

namespace afd_test {

/// All optimizers take notes and change nothing.
struct Notes {
  Recorder logit, feature, discriminator;
  template <class Order = afd::Simultaneous>
  [[nodiscard]] auto options() const {
    return afd::DistillerOptions{.logit = logit, .feature = feature, .discriminator = discriminator, .order = Order{}};
  }
};

inline std::vector<torch::Tensor> reference_gradients(const torch::Tensor& loss,
                                                      const std::vector<torch::Tensor>& inputs) {
  return torch::autograd::grad({loss}, inputs, {}, /*retain_graph=*/true, false, /*allow_unused=*/true);
}

inline void check_close(const std::vector<torch::Tensor>& gradients, const std::vector<torch::Tensor>& expected) {
  REQUIRE(gradients.size() == expected.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    REQUIRE(gradients[i].defined() == expected[i].defined());
    if (expected[i].defined()) CHECK(torch::allclose(gradients[i], expected[i], 1e-9, 1e-12));
  }
}

/// T^2 KL(teacher || student), summed over classes and averaged over the rows, written out.
inline torch::Tensor kl(const torch::Tensor& student, const torch::Tensor& teacher, double temperature) {
  const torch::Tensor p = torch::softmax(teacher.detach() / temperature, 1);
  const torch::Tensor q = torch::softmax(student / temperature, 1);
  return temperature * temperature * (p * (p.log() - q.log())).sum() / static_cast<double>(student.size(0));
}

}  // namespace afd_test
