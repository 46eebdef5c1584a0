// SPDX-License-Identifier: MIT
#include <afd/network/network.hpp>
//
#include <functional>
#include <memory>
#include <tuple>
#include <utility>

#include <torch/nn.h>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("network");

using torch::Tensor;

namespace {

struct Named : torch::nn::Module {
  afd::Outputs forward(Tensor inputs) { return {inputs * 2, inputs * 3}; }
};
struct PairedImpl : torch::nn::Module {
  std::pair<Tensor, Tensor> forward(const Tensor& inputs) const { return {inputs * 2, inputs * 3}; }
};
TORCH_MODULE(Paired);
struct Tupled : torch::nn::Module {
  virtual std::tuple<Tensor, Tensor> forward(const Tensor& inputs) { return {inputs * 2, inputs * 3}; }
};
struct OneTensor : torch::nn::Module {
  Tensor forward(const Tensor& inputs) { return inputs; }
};
struct Hidden : torch::nn::Module {
 private:
  afd::Outputs forward(const Tensor& inputs) { return {inputs, inputs}; }
};
struct NoModule {
  afd::Outputs forward(const Tensor& inputs) { return {inputs, inputs}; }
};
struct WantsTwo : torch::nn::Module {
  afd::Outputs forward(const Tensor& inputs, const Tensor&) { return {inputs, inputs}; }
};

}  // namespace

static_assert(afd::Network<Named> && afd::Network<Named&> && afd::Network<Paired> && afd::Network<Tupled>);
static_assert(afd::Network<std::shared_ptr<Named>> && afd::Network<std::reference_wrapper<Tupled>>);
static_assert(!afd::Network<NoModule> && !afd::Network<int> && !afd::Network<std::shared_ptr<NoModule>>);
static_assert(!afd::Network<OneTensor> && afd::NetworkForwardsTensor<OneTensor>);
static_assert(!afd::Network<torch::nn::Linear> && !afd::Network<torch::nn::Sequential>);
static_assert(!afd::NetworkForwardsTensor<Hidden> && afd::NetworkHasModule<Hidden>);
static_assert(!afd::NetworkForwardsTensor<WantsTwo>);

TEST_CASE("run calls the module behind every kind of handle once and reads its outputs") {
  const Tensor inputs = torch::ones({1, 1});
  const auto right = [&](const afd::Outputs& outputs) {
    return outputs.features.item<float>() == 2 && outputs.logits.item<float>() == 3;
  };
  Named plain;
  Paired holder;
  auto shared = std::make_shared<Tupled>();
  const std::reference_wrapper<Named> reference(plain);
  CHECK(right(afd::run(plain, inputs)));
  CHECK(right(afd::run(holder, inputs)));
  CHECK(right(afd::run(shared, inputs)));
  CHECK(right(afd::run(reference, inputs)));
}

TEST_SUITE_END();
