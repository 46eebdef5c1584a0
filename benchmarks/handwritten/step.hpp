// SPDX-License-Identifier: MIT
#pragma once

// The main recipes as a user would write them by hand, for these networks and nothing else, on LibTorch and its
// optimizers alone. The library is measured against these: it must not cost a single operator more.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
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

inline Tensor tempered(const Tensor& logits) {
  return torch::log_softmax(logits / temperature, 1);
}

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
  DmlPair(A a, B b) : a_(a), b_(b), pa_(a->parameters()), pb_(b->parameters()), sgd_a_(sgd(pa_)), sgd_b_(sgd(pb_)) {}

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

/// Two networks that learn from labels, from each other's probabilities, and through a discriminator each.
template <class A, class B>
class AfdPair {
 public:
  /// Both networks' maps must have the shape [channels, side, side].
  AfdPair(A a, B b, std::int64_t channels, std::int64_t side)
      : a_(a),
        b_(b),
        judge_a_(channels, side, side),
        judge_b_(channels, side, side),
        pa_(a->parameters()),
        pb_(b->parameters()),
        pda_(judge_a_->parameters()),
        pdb_(judge_b_->parameters()),
        sgd_a_(sgd(pa_)),
        sgd_b_(sgd(pb_)),
        adam_a_(adam(pa_)),
        adam_b_(adam(pb_)),
        adam_da_(adam(pda_)),
        adam_db_(adam(pdb_)) {
    for (Discriminator& judge : {std::ref(judge_a_), std::ref(judge_b_)}) judge->to(pa_.front().device());
  }

  std::array<Tensor, 8> step(const Tensor& inputs, const Tensor& targets) {
    const auto a = a_->forward(inputs);
    const auto b = b_->forward(inputs);
    const Tensor ce_a = cross_entropy(a.logits, targets), ce_b = cross_entropy(b.logits, targets);
    const Tensor la = tempered(a.logits), lb = tempered(b.logits);
    const Tensor kl_a = kl(la, lb.detach()), kl_b = kl(lb, la.detach());

    const Tensor fa = a.features, fb = b.features;
    const auto [g_a, d_a] = game(judge_a_, fb.detach(), fa);
    const auto [g_b, d_b] = game(judge_b_, fa.detach(), fb);

    const Tensors logit_a = gradients(ce_a + kl_a, pa_, true), logit_b = gradients(ce_b + kl_b, pb_, true);
    const Tensors real_a = gradients(d_a, pda_, true), real_b = gradients(d_b, pdb_, true);
    const Tensors feature_a = gradients(g_a, pa_, false), feature_b = gradients(g_b, pb_, false);
    update(sgd_a_, pa_, logit_a);
    update(adam_a_, pa_, feature_a);
    update(sgd_b_, pb_, logit_b);
    update(adam_b_, pb_, feature_b);
    update(adam_da_, pda_, real_a);
    update(adam_db_, pdb_, real_b);
    return {ce_a.detach(), ce_b.detach(), kl_a.detach(), kl_b.detach(),
            g_a.detach(),  d_a.detach(),  g_b.detach(),  d_b.detach()};
  }

  static std::pair<Tensor, Tensor> game(Discriminator& judge, const Tensor& real, const Tensor& fake) {
    const Tensor real_score = judge->forward(real), fake_score = judge->forward(fake);
    return {torch::sigmoid(-fake_score).square().mean(),
            torch::sigmoid(-real_score).square().mean() + torch::sigmoid(fake_score).square().mean()};
  }

 private:
  A a_;
  B b_;
  Discriminator judge_a_, judge_b_;
  Tensors pa_, pb_, pda_, pdb_;
  torch::optim::SGD sgd_a_, sgd_b_;
  torch::optim::Adam adam_a_, adam_b_, adam_da_, adam_db_;
};

/// Two networks that learn from labels and from the place by place distance of their maps.
template <class A, class B>
class L1Pair {
 public:
  L1Pair(A a, B b)
      : a_(a),
        b_(b),
        pa_(a->parameters()),
        pb_(b->parameters()),
        sgd_a_(sgd(pa_)),
        sgd_b_(sgd(pb_)),
        adam_a_(adam(pa_)),
        adam_b_(adam(pb_)) {}

  std::array<Tensor, 4> step(const Tensor& inputs, const Tensor& targets) {
    const auto a = a_->forward(inputs);
    const auto b = b_->forward(inputs);
    const Tensor ce_a = cross_entropy(a.logits, targets), ce_b = cross_entropy(b.logits, targets);
    const Tensor l1_a = torch::l1_loss(a.features, b.features.detach());
    const Tensor l1_b = torch::l1_loss(b.features, a.features.detach());
    const Tensors logit_a = gradients(ce_a, pa_, true), logit_b = gradients(ce_b, pb_, true);
    const Tensors feature_a = gradients(l1_a, pa_, false), feature_b = gradients(l1_b, pb_, false);
    update(sgd_a_, pa_, logit_a);
    update(adam_a_, pa_, feature_a);
    update(sgd_b_, pb_, logit_b);
    update(adam_b_, pb_, feature_b);
    return {ce_a.detach(), ce_b.detach(), l1_a.detach(), l1_b.detach()};
  }

 private:
  A a_;
  B b_;
  Tensors pa_, pb_;
  torch::optim::SGD sgd_a_, sgd_b_;
  torch::optim::Adam adam_a_, adam_b_;
};

/// A student that learns from labels and from a fixed teacher's probabilities.
template <class Teacher, class Student>
class OfflineKd {
 public:
  OfflineKd(Teacher teacher, Student student)
      : teacher_(teacher), student_(student), parameters_(student->parameters()), sgd_(sgd(parameters_)) {
    teacher_->eval();
  }

  std::array<Tensor, 2> step(const Tensor& inputs, const Tensor& targets) {
    Tensor taught;
    {
      const torch::NoGradGuard no_grad;
      taught = tempered(teacher_->forward(inputs).logits);
    }
    const auto student = student_->forward(inputs);
    const Tensor ce = cross_entropy(student.logits, targets);
    const Tensor distance = kl(tempered(student.logits), taught);
    const Tensors gradient = gradients(ce + distance, parameters_, false);
    update(sgd_, parameters_, gradient);
    return {ce.detach(), distance.detach()};
  }

 private:
  Teacher teacher_;
  Student student_;
  Tensors parameters_;
  torch::optim::SGD sgd_;
};

/// Three equal networks around a cycle, 0 -> 1 -> 2 -> 0, with labels, probabilities and discriminators.
template <class N>
class AfdCycle3 {
 public:
  AfdCycle3(std::array<N, 3> networks, std::int64_t channels, std::int64_t side) : networks_(std::move(networks)) {
    for (std::size_t k = 0; k < 3; ++k) {
      judges_.emplace_back(channels, side, side);
      parameters_.push_back(networks_[k]->parameters());
      judges_[k]->to(parameters_[k].front().device());
      judge_parameters_.push_back(judges_[k]->parameters());
      sgd_.push_back(std::make_unique<torch::optim::SGD>(sgd(parameters_[k])));
      adam_.push_back(std::make_unique<torch::optim::Adam>(adam(parameters_[k])));
      judge_adam_.push_back(std::make_unique<torch::optim::Adam>(adam(judge_parameters_[k])));
    }
  }

  std::array<Tensor, 12> step(const Tensor& inputs, const Tensor& targets) {
    std::array<Tensor, 3> features, logits, probabilities;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto out = networks_[k]->forward(inputs);
      features[k] = out.features;
      logits[k] = out.logits;
      probabilities[k] = tempered(out.logits);
    }
    std::array<Tensor, 12> losses;
    std::array<Tensors, 3> logit, judge, feature;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::size_t teacher = (k + 2) % 3;
      const Tensor ce = cross_entropy(logits[k], targets);
      const Tensor distance = kl(probabilities[k], probabilities[teacher].detach());
      const auto [g, d] = AfdPair<N, N>::game(judges_[k], features[teacher].detach(), features[k]);
      logit[k] = gradients(ce + distance, parameters_[k], true);
      judge[k] = gradients(d, judge_parameters_[k], true);
      feature[k] = gradients(g, parameters_[k], false);
      losses[4 * k] = ce.detach();
      losses[4 * k + 1] = distance.detach();
      losses[4 * k + 2] = g.detach();
      losses[4 * k + 3] = d.detach();
    }
    for (std::size_t k = 0; k < 3; ++k) {
      update(*sgd_[k], parameters_[k], logit[k]);
      update(*adam_[k], parameters_[k], feature[k]);
      update(*judge_adam_[k], judge_parameters_[k], judge[k]);
    }
    return losses;
  }

 private:
  std::array<N, 3> networks_;
  std::vector<Discriminator> judges_;
  std::vector<Tensors> parameters_, judge_parameters_;
  std::vector<std::unique_ptr<torch::optim::SGD>> sgd_;
  std::vector<std::unique_ptr<torch::optim::Adam>> adam_, judge_adam_;
};

}  // namespace handwritten
