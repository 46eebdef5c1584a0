// SPDX-License-Identifier: MIT
#pragma once

// The main recipes as a user would write them by hand, for these networks and nothing else, on LibTorch and its
// optimizers alone. The library is measured against these: it must not cost a single operator more.

#include <array>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include <torch/torch.h>

namespace handwritten {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

constexpr double temperature = 3.0;

struct Out {
  Tensor features;
  Tensor logits;
};

inline Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  return torch::nn::functional::cross_entropy(logits, targets);
}

/// T^2 KL(teacher || student) of tempered log-probabilities.
inline Tensor kl(const Tensor& student, const Tensor& teacher) {
  return torch::kl_div(student, teacher, at::Reduction::Sum, /*log_target=*/true) *
         (temperature * temperature / static_cast<double>(student.size(0)));
}

inline Tensor tempered(const Tensor& logits) { return torch::log_softmax(logits / temperature, 1); }

inline torch::optim::SGD sgd(const Tensors& parameters) {
  return torch::optim::SGD(parameters, torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-4));
}

inline torch::optim::Adam adam(const Tensors& parameters) {
  return torch::optim::Adam(parameters, torch::optim::AdamOptions(2e-5).weight_decay(0.1));
}

inline Tensors gradients(const Tensor& loss, const Tensors& parameters, bool keep_graph) {
  return torch::autograd::grad({loss}, parameters, {}, keep_graph, false, /*allow_unused=*/true);
}

template <class Optimizer>
void update(Optimizer& optimizer, const Tensors& parameters, const Tensors& gradients) {
  for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].mutable_grad() = gradients[i];
  optimizer.step();
  for (const Tensor& parameter : parameters) parameter.mutable_grad().reset();
}

/// The discriminator of the method on [N, C, H, W] maps: Conv - BatchNorm - LeakyReLU - Conv over the rest.
struct DiscriminatorImpl : torch::nn::Module {
  DiscriminatorImpl(std::int64_t channels, std::int64_t height, std::int64_t width)
      : conv(torch::nn::Conv2dOptions(channels, 64, 3).stride(2).padding(1).bias(false)),
        norm(64),
        score(torch::nn::Conv2dOptions(64, 1, {(height + 1) / 2, (width + 1) / 2})) {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("score", score);
  }
  Tensor forward(const Tensor& map) {
    return score->forward(torch::leaky_relu(norm->forward(conv->forward(map)), 0.2)).flatten();
  }
  torch::nn::Conv2d conv;
  torch::nn::BatchNorm2d norm;
  torch::nn::Conv2d score;
};
TORCH_MODULE(Discriminator);

/// Deep mutual learning of two networks.
template <class A, class B>
class DmlPair {
 public:
  DmlPair(A a, B b)
      : a_(a), b_(b), pa_(a->parameters()), pb_(b->parameters()), sgd_a_(sgd(pa_)), sgd_b_(sgd(pb_)) {}

  std::array<Tensor, 4> step(const Tensor& inputs, const Tensor& targets) {
    const auto a = a_->forward(inputs);
    const auto b = b_->forward(inputs);
    const Tensor ce_a = cross_entropy(a.logits, targets), ce_b = cross_entropy(b.logits, targets);
    const Tensor la = tempered(a.logits), lb = tempered(b.logits);
    const Tensor kl_a = kl(la, lb.detach()), kl_b = kl(lb, la.detach());
    const Tensors ga = gradients(ce_a + kl_a, pa_, false);
    const Tensors gb = gradients(ce_b + kl_b, pb_, false);
    update(sgd_a_, pa_, ga);
    update(sgd_b_, pb_, gb);
    return {ce_a.detach(), ce_b.detach(), kl_a.detach(), kl_b.detach()};
  }

 private:
  A a_;
  B b_;
  Tensors pa_, pb_;
  torch::optim::SGD sgd_a_, sgd_b_;
};

}  // namespace handwritten
