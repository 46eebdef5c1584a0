// SPDX-License-Identifier: MIT
#include <afd/compute/precision.hpp>
//
#include <tuple>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/step/distiller.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/plain_cnn.hpp>

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("compute");

namespace {

/// Notes in which precision it ran.
struct WatchedImpl : torch::nn::Module {
  WatchedImpl() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("head", head);
  }
  afd::Outputs forward(const torch::Tensor& inputs) {
    const torch::Tensor map = conv->forward(inputs);
    dtype = map.scalar_type();
    const torch::Tensor features = torch::relu(norm->forward(map));
    return {features, head->forward(features.mean({2, 3}))};
  }
  torch::Dtype dtype = torch::kFloat32;
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(1, 8, 3).stride(2).padding(1)};
  torch::nn::BatchNorm2d norm{8};
  torch::nn::Linear head{8, 4};
};
TORCH_MODULE(Watched);

/// Takes two inputs and returns a struct of its own.
struct Found {
  std::vector<torch::Tensor> boxes;
  torch::Tensor labels;
  torch::Tensor nothing;
  double number = 0;
};
struct Detector : torch::nn::Module {
  Found forward(const torch::Tensor& ids, const torch::Tensor& rows) {
    const torch::Tensor products = rows.mm(rows.t());
    dtype = products.scalar_type();
    return {{products, rows}, ids, {}, 2.5};
  }
  torch::Dtype dtype = torch::kFloat32;
};

/// Its tensors cannot be found.
class Sealed {
 public:
  explicit Sealed(torch::Tensor value) : value_(std::move(value)) {}
  [[nodiscard]] const torch::Tensor& value() const { return value_; }

 private:
  torch::Tensor value_;
};
struct Secretive : torch::nn::Module {
  Sealed forward(const torch::Tensor& inputs) { return Sealed(inputs * 2); }
};

}  // namespace

TEST_CASE("a network's own outputs in full precision, given back as float from bfloat16") {
  torch::manual_seed(1);
  Watched network;
  const torch::Tensor inputs = torch::randn({4, 1, 8, 8});
  const afd::Outputs full = afd::detail::run_in(afd::Precision::full, network, inputs);
  CHECK((network->dtype == torch::kFloat32));
  const afd::Outputs half = afd::detail::run_in(afd::Precision::bfloat16, network, inputs);
  CHECK((network->dtype == torch::kBFloat16));
  CHECK((half.features.scalar_type() == torch::kFloat32));
  CHECK((half.logits.scalar_type() == torch::kFloat32));
  CHECK(torch::allclose(full.logits, half.logits, 0.05, 0.05));
  CHECK_FALSE(torch::equal(full.logits, half.logits));
}

TEST_CASE("so are outputs of any kind, as deep as their tensors lie") {
  Detector network;
  const torch::Tensor ids = torch::arange(4), rows = torch::randn({4, 3});
  const Found half = afd::detail::run_in(afd::Precision::bfloat16, network, std::tuple{ids, rows});
  CHECK((network.dtype == torch::kBFloat16));
  REQUIRE(half.boxes.size() == 2);
  CHECK((half.boxes[0].scalar_type() == torch::kFloat32));
  CHECK(torch::allclose(half.boxes[0], rows.mm(rows.t()), 0.05, 0.05));
  CHECK(half.boxes[1].is_same(rows));
  CHECK(half.labels.is_same(ids));
  CHECK_FALSE(half.nothing.defined());
  CHECK(half.number == 2.5);
}

TEST_CASE("outputs whose tensors cannot be found are returned in full precision only") {
  Secretive network;
  const torch::Tensor inputs = torch::ones({2});
  CHECK(afd::detail::run_in(afd::Precision::full, network, inputs).value().equal(inputs * 2));
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::detail::run_in(afd::Precision::bfloat16, network, inputs)),
                       doctest::Contains("list them in it"), afd::ConfigError);
}

TEST_CASE("a step in bfloat16 learns nearly the same, and parameters stay as they are") {
  const auto trained = [](afd::Precision precision) {
    torch::manual_seed(2);
    Watched a, b;
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                             afd::DistillerOptions{.precision = precision}, a, b};
    const afd::Batch batch{torch::randn({8, 1, 8, 8}), torch::arange(8, torch::kInt64).remainder(4)};
    for (int i = 0; i < 3; ++i) distiller.step(batch);
    CHECK((a->dtype == (precision == afd::Precision::full ? torch::kFloat32 : torch::kBFloat16)));
    return a->parameters();
  };
  const auto full = trained(afd::Precision::full), half = trained(afd::Precision::bfloat16);
  for (std::size_t i = 0; i < full.size(); ++i) {
    CHECK((half[i].scalar_type() == torch::kFloat32));
    CHECK(torch::allclose(full[i], half[i], 0.1, 0.1));
  }
}

TEST_SUITE_END();
