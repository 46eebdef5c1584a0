// SPDX-License-Identifier: MIT
// Whole steps on a card: what they compute, how often the host waits, and what its errors become.
#include <cmath>
#include <string>

#include <torch/torch.h>

#include <afd/detail/device.hpp>
#include <afd/network/frozen.hpp>
#include <afd/network/safetensors.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/zoo/resnet.hpp>

#include "card/waits.hpp"
#include "support/doctest.hpp"
#include "support/temp_folder.hpp"
#include "support/tiny.hpp"
#include "support/trained_on.hpp"

TEST_SUITE_BEGIN("card");

namespace {

using afd_test::batch_on;

const torch::Device there(torch::kCUDA, 0);

afd::ResNet network(std::int64_t depth = 8) {
  return afd_test::network_on(there, depth);
}

/// How often the host waits in a step, when all that is made once has been made.
template <class Options>
std::int64_t waits_of_step(const Options& options, std::int64_t depth = 8) {
  auto a = network(depth), b = network(depth);
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  const afd::Batch batch = batch_on(there);
  distiller.step(batch);
  return card::waits([&] { distiller.step(batch); });
}

/// Takes more memory than there is, or ends the card's work with an index that is out of range, when it is told to.
struct FaultyImpl : torch::nn::Module {
  FaultyImpl() : inner(register_module("inner", network())) {}
  afd::Outputs forward(const torch::Tensor& inputs) {
    if (fault == "memory") return inner->forward(torch::empty({std::int64_t{1} << 42}, inputs.options()));
    if (fault == "kernel") {
      const torch::Tensor far = torch::full({4}, 1 << 30, inputs.options().dtype(torch::kInt64));
      return inner->forward(inputs + inputs.flatten().index_select(0, far).sum());
    }
    return inner->forward(inputs);
  }
  std::string fault;
  afd::ResNet inner;
};
TORCH_MODULE(Faulty);

}  // namespace

TEST_CASE("steps are those on the CPU, in double precision") {
  afd_test::each_distance_from_cpu(there, [](double distance) { CHECK(distance <= 1e-8); });
}

TEST_CASE("a default step waits twice, for labels and for one number that stands for all that is looked at") {
  if (!card::counts_waits) return;
  CHECK(card::waits([] { static_cast<void>(torch::ones({}, there).item<float>()); }) == 1);
  for (const std::int64_t depth : {8, 20}) CHECK(waits_of_step(afd::DistillerOptions{}, depth) == 2);
  const auto clipped = afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0}, .feature = afd::Adam{.max_norm = 1.0}};
  CHECK(waits_of_step(clipped) == 2);
  CHECK(waits_of_step(afd::DistillerOptions{.order = afd::DiscriminatorFirst{}}) == 3);
  CHECK(waits_of_step(afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}}) == 0);
  CHECK(waits_of_step(afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0, .accumulate = 2},
                                            .non_finite = afd::DeferNonFinite{},
                                            .layout = afd::Layout::channels_last}) == 0);
}

TEST_CASE("with DeferNonFinite nothing waits in a step, on no thread") {
  if (!card::counts_waits) return;
  CHECK_THROWS_WITH(card::without_waits([] { static_cast<void>(torch::ones({}, there).item<float>()); }),
                    doctest::Contains("synchronizing"));
  const auto check = [](const auto& strategy, const auto& options) {
    auto a = network(), b = network(14);
    afd::Distiller distiller{afd::topology::Pair{}, strategy, options, a, b};
    const afd::Batch batch = batch_on(there);
    distiller.step(batch);
    CHECK_NOTHROW(card::without_waits([&] { distiller.step(batch); }));
  };
  check(afd::AdversarialFeatureDistillation{}, afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}});
  check(afd::AdversarialFeatureDistillation{},
        afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}, .execution = afd::PeerThreads{.threads = 2}});
  check(afd::DirectAlignmentWithKL{}, afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}});
  check(afd::DeepMutualLearning{}, afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}});
}

TEST_CASE("what is not finite is named, before any weight changes") {
  auto a = network(), b = network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::Batch batch = batch_on(there);
  distiller.step(batch);
  const afd::StateDict state = distiller.state();
  afd::Batch bad{batch.inputs.clone(), batch.targets.clone()};
  bad.inputs[1].fill_(std::nan(""));
  CHECK_THROWS_WITH_AS(distiller.step(bad), doctest::Contains("inputs hold NaN"), afd::DataError);
  bad = {batch.inputs, batch.targets + 3};
  CHECK_THROWS_WITH_AS(distiller.step(bad), doctest::Contains("is out of range"), afd::DataError);
  const torch::Tensor head = b->parameters().back();
  const torch::Tensor before = head.detach().clone();
  {
    const torch::NoGradGuard no_grad;
    head.fill_(INFINITY);
  }
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 1: the loss cross_entropy is"),
                       afd::NonFiniteError);
  {
    const torch::NoGradGuard no_grad;
    head.copy_(before);
  }
  CHECK(distiller.state().to_bytes() == state.to_bytes());
  CHECK_NOTHROW(distiller.step(batch));
}

TEST_CASE("mixed precision trains, in bfloat16 and beside a teacher of half precision") {
  torch::manual_seed(7);
  auto a = network(), b = network();
  afd::Distiller distiller{
      afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
      afd::DistillerOptions{.layout = afd::Layout::channels_last, .precision = afd::Precision::bfloat16}, a, b};
  const afd::Batch batch = batch_on(there, 64);
  const auto loss = [&] { return distiller.step(batch).value("cross_entropy", 0); };
  const double first = loss();
  double last = first;
  for (int i = 0; i < 30; ++i) last = loss();
  CHECK(last < 0.8 * first);
  CHECK(a->parameters()[0].dtype() == torch::kFloat32);

  auto teacher = network(14);
  teacher->to(torch::kHalf);
  auto student = network();
  auto frozen = afd::frozen(teacher);
  afd::Distiller offline{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, frozen, student};
  CHECK(std::isfinite(offline.step(batch).value("mutual_kl", 0, 1)));
}

TEST_CASE("float16 trains with scaled losses, and gradients are those of float32 but for their rounding") {
  const afd::Batch batch = batch_on(there, 64);
  const auto trained = [&](afd::Precision precision) {
    torch::manual_seed(7);
    auto a = network(), b = network();
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                             afd::DistillerOptions{.precision = precision, .measure_gradients = true}, a, b};
    const auto first = distiller.step(batch);
    const double norm = distiller.gradient_norms().logit[0];
    double loss = 0;
    for (int i = 0; i < 30; ++i) loss = distiller.step(batch).value("cross_entropy", 0);
    CHECK_FALSE(first.skipped);
    CHECK(loss < 0.8 * first.value("cross_entropy", 0));
    CHECK((a->parameters()[0].scalar_type() == torch::kFloat32));
    return norm;
  };
  CHECK(trained(afd::Precision::float16) == doctest::Approx(trained(afd::Precision::full)).epsilon(0.05));
}

TEST_CASE("networks and batches on different devices are refused, and so is a network that was moved") {
  auto a = network(), b = afd_test::network_on(torch::kCPU);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(there)),
                       doctest::Contains("network 1 is on cpu, but network 0 on cuda:0"), afd::ConfigError);
  b->to(torch::kCUDA);  // the current card, which is this one
  CHECK_NOTHROW(distiller.step(batch_on(torch::kCUDA)));
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(torch::kCPU)),
                       doctest::Contains("inputs are on cpu, but the networks are on cuda:0"), afd::DataError);
  a->to(torch::kCPU);
  b->to(torch::kCPU);
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(torch::kCPU)),
                       doctest::Contains("network 0 has changed since its optimizers were made"), afd::ConfigError);
}

TEST_CASE("a step on a stream of the caller's, with threads for peers, is the one on the default stream") {
  const auto trained = [](bool on_side, const auto& options) {
    torch::manual_seed(9);
    auto a = network(), b = network();
    a->to(torch::kDouble);
    b->to(torch::kDouble);
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
    const afd::Batch batch = batch_on(there);
    const afd::Batch exact{batch.inputs.to(torch::kDouble), batch.targets};
    const afd::detail::DeviceStream side = afd::detail::DeviceStream::beside(there);
    const afd::detail::Parcel so_far(there);
    for (int i = 0; i < 2; ++i) {
      if (on_side) {
        const afd::detail::DeviceStream::Guard guard(side);
        so_far.open();
        distiller.step(exact);
      } else {
        distiller.step(exact);
      }
    }
    torch::cuda::synchronize();
    return a->parameters()[0].detach().clone();
  };
  const torch::Tensor serial = trained(false, afd::DistillerOptions{});
  CHECK(torch::allclose(trained(true, afd::DistillerOptions{}), serial, 1e-9, 1e-9));
  const auto threads = afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 2}};
  CHECK(torch::allclose(trained(true, threads), serial, 1e-9, 1e-9));
  CHECK(torch::allclose(trained(false, threads), serial, 1e-9, 1e-9));
}

TEST_CASE("a state is saved on the card and loaded on the CPU, and the other way round") {
  auto a = network(), b = network(), c = afd_test::network_on(torch::kCPU), d = afd_test::network_on(torch::kCPU);
  afd::Distiller here{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, c, d},
      on_card{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const auto bytes_of = [](const afd::StateDict& state) {
    afd::StateDict rest;
    for (const auto& [key, value] : state.values()) {
      if (!key.starts_with("random numbers cuda")) rest.set(key, value);
    }
    return rest.to_bytes();
  };
  const auto same = [&](const auto& one, const auto& other) { return bytes_of(one) == bytes_of(other); };
  for (int i = 0; i < 3; ++i) on_card.step(batch_on(there));
  const afd::StateDict state = on_card.state();
  CHECK(state.contains("random numbers cuda:0"));
  here.load_state(state);
  CHECK(same(here.state(), state));
  here.step(batch_on(torch::kCPU));
  const afd::StateDict next = here.state();
  on_card.load_state(next);
  CHECK(same(on_card.state(), next));
  CHECK_NOTHROW(on_card.step(batch_on(there)));
}

TEST_CASE("weights are saved from the card, loaded on the CPU and on the card") {
  auto a = network(), b = network(), c = afd_test::network_on(torch::kCPU);
  const afd_test::TempFolder folder;
  afd::save_safetensors(a, folder.path() / "a.safetensors");
  afd::load_safetensors(c, folder.path() / "a.safetensors");
  CHECK(torch::equal(a->parameters()[3].cpu(), c->parameters()[3]));
  afd::load_safetensors(b, folder.path() / "a.safetensors");
  CHECK(torch::equal(a->parameters()[3], b->parameters()[3]));
}

TEST_CASE("memory that is full is an OutOfMemoryError that names the network, and the training goes on") {
  Faulty a, b;
  a->to(there);
  b->to(there);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const afd::Batch batch = batch_on(there);
  distiller.step(batch);
  const auto before = afd_test::state_of(*a);
  b->fault = "memory";
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 1: memory is full"), afd::OutOfMemoryError);
  CHECK(afd_test::same_state(*a, before));
  b->fault.clear();
  CHECK_NOTHROW(distiller.step(batch));
}

// The card does nothing more for the process after it, so it is run alone, by name.
TEST_CASE("a kernel that fails is a DeviceError, and does not end the process" * doctest::skip()) {
  Faulty a, b;
  a->to(there);
  b->to(there);
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  const afd::Batch batch = batch_on(there);
  distiller.step(batch);
  b->fault = "kernel";
  CHECK_THROWS_AS(distiller.step(batch), afd::DeviceError);
  CHECK_THROWS_AS(distiller.step(batch), afd::Error);
  CHECK_THROWS_AS(static_cast<void>(distiller.state()), afd::Error);
}

TEST_SUITE_END();
