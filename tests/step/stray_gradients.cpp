// SPDX-License-Identifier: MIT
#include <afd/step/stray_gradients.hpp>
//
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using torch::Tensor;

namespace {

/// Runs a layer without a graph, and again with one in its backward, which calls backward() itself: gradient
/// checkpointing as it is often written.
struct Recompute : torch::autograd::Function<Recompute> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input,
                        const std::shared_ptr<torch::nn::LinearImpl>& layer) {
    context->save_for_backward({input});
    context->saved_data["layer"] = reinterpret_cast<std::int64_t>(layer.get());  // NOLINT: lives in the network
    const torch::NoGradGuard no_grad;
    return layer->forward(input);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    auto* layer = reinterpret_cast<torch::nn::LinearImpl*>(context->saved_data["layer"].toInt());  // NOLINT
    const torch::AutoGradMode with_graph(true);
    const Tensor input = context->get_saved_variables()[0].detach().requires_grad_();
    layer->forward(input).backward(gradients[0]);
    return {input.grad(), Tensor()};
  }
};

struct CheckpointedImpl : torch::nn::Module {
  CheckpointedImpl()
      : first(register_module("first", torch::nn::Linear(64, 8))),
        block(register_module("block", torch::nn::Linear(8, 8))),
        head(register_module("head", torch::nn::Linear(8, afd_test::tiny_classes))) {
    to(torch::kDouble);
  }
  Tensor forward(const Tensor& images) {
    const Tensor hidden = torch::relu(first->forward(images.flatten(1)));
    return head->forward(recomputes ? Recompute::apply(hidden, block.ptr()) : block->forward(hidden));
  }
  bool recomputes = true;
  torch::nn::Linear first, block, head;
};
TORCH_MODULE(Checkpointed);

}  // namespace

TEST_CASE("a gradient that comes is told with its parameter; one that was there is the user's") {
  const afd_test::Probe module;
  afd::detail::StrayGradients stray;
  stray.add("network 3", *module);
  Tensor weight = module->head->weight;
  weight.mutable_grad() = torch::ones_like(weight);
  stray.note();
  CHECK_NOTHROW(stray.require_none());
  weight.mutable_grad().add_(1);  // accumulated in place
  CHECK_THROWS_WITH_AS(stray.require_none(), doctest::Contains("network 3, parameter head.weight"), afd::ConfigError);
  stray.note();
  CHECK_NOTHROW(stray.require_none());
  Tensor bias = module->conv->bias;
  bias.mutable_grad() = torch::ones_like(bias);
  CHECK_THROWS_WITH_AS(stray.require_none(), doctest::Contains("parameter conv.bias"), afd::ConfigError);
}

TEST_CASE("a block that calls backward inside its own backward is refused before any weight changes") {
  torch::manual_seed(1);
  Checkpointed a, b;
  b->recomputes = false;
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const auto before_a = afd_test::state_of(*a), before_b = afd_test::state_of(*b);
  const afd::Batch batch = afd_test::tiny_batch();
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 0, parameter block."), afd::ConfigError);
  CHECK(afd_test::same_state(*a, before_a));
  CHECK(afd_test::same_state(*b, before_b));
  a->recomputes = false;
  CHECK_NOTHROW(distiller.step(batch));  // what the user finds in .grad() is left there
  CHECK_FALSE(afd_test::same_state(*a, before_a));
}

TEST_SUITE_END();
