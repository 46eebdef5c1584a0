// SPDX-License-Identifier: MIT
#pragma once

// Checks gradients against central finite differences, in double.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <torch/types.h>

#include <torch/csrc/autograd/autograd.h>

namespace afd_test {

/// The largest |autograd - central difference| / max(1, |central difference|) over all elements of `inputs`,
/// for the scalar `f(inputs)`. Inputs are leaves in double, contiguous; they are disturbed in place and
/// restored, so that they may also be parameters of a module which `f` runs. An input that `f` ignores is an
/// error.
template <class F>
[[nodiscard]] double max_gradient_error(F&& f, std::vector<torch::Tensor> inputs, double step = 1e-5) {
  for (torch::Tensor& input : inputs) {
    if (input.scalar_type() != torch::kDouble || !input.is_contiguous() || !input.is_leaf()) {
      throw std::logic_error("max_gradient_error needs contiguous leaf tensors in double");
    }
    input.requires_grad_();
  }
  const std::vector<torch::Tensor> gradients = torch::autograd::grad({f(inputs)}, inputs);

  const torch::NoGradGuard no_grad;
  double worst = 0.0;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    torch::Tensor values = inputs[k].detach().flatten();
    const torch::Tensor slopes = gradients[k].flatten();
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      torch::Tensor element = values[i];
      const double original = element.item<double>();
      element.fill_(original + step);
      const double above = f(inputs).template item<double>();
      element.fill_(original - step);
      const double below = f(inputs).template item<double>();
      element.fill_(original);
      const double expected = (above - below) / (2 * step);
      const double error = std::abs(slopes[i].item<double>() - expected) / std::max(1.0, std::abs(expected));
      if (!(error <= worst)) worst = error;  // also catches NaN, which then stays
      if (std::isnan(worst)) return worst;
    }
  }
  return worst;
}

}  // namespace afd_test
