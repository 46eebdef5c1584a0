// SPDX-License-Identifier: MIT
// Whole steps on an accelerator that is pretended: what they compute, and what they ask of the device and of the host.
#include <cmath>
#include <string>
#include <vector>

#include <torch/torch.h>
#include <torch/version.h>

#include <afd/detail/device.hpp>
#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/networks.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>
#include <afd/topology/single.hpp>
#include <afd/zoo/plain_cnn.hpp>
#include <afd/zoo/resnet.hpp>

#include "support/doctest.hpp"
#include "support/pretend_device.hpp"
#include "support/tiny.hpp"
#include "support/trained_on.hpp"

TEST_SUITE_BEGIN("pretend");

namespace {

using afd_test::batch_on;

afd::ResNet network() {
  return afd_test::network_on(torch::kCPU);
}
afd::ResNet network_there(std::int64_t depth = 8) {
  return afd_test::network_on(pretend::device(), depth);
}

/// What the second step of a pair asks for, when all that is made once has been made.
template <class Options>
pretend::Counts counts_of_step(const Options& options, std::int64_t depth = 8) {
  auto a = network_there(depth), b = network_there(depth);
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, options, a, b};
  const afd::Batch batch = batch_on(pretend::device());
  distiller.step(batch);
  return pretend::counted([&] { distiller.step(batch); });
}

constexpr auto waits = [](const pretend::Counts& counts, const char* why) {
  const auto found = counts.waits.find(why);
  return found == counts.waits.end() ? 0 : found->second;
};

/// A network in which inputs that are not finite cannot be seen in what it returns.
struct SwallowsImpl : torch::nn::Module {
  SwallowsImpl() : inner(register_module("inner", network())) {}
  afd::Outputs forward(const torch::Tensor& inputs) {
    return inner->forward(torch::nan_to_num(inputs, 0.0, 1.0, -1.0));
  }
  afd::ResNet inner;
};
TORCH_MODULE(Swallows);

/// A loss of its own that is computed on the CPU.
struct OnHost {
  static constexpr std::string_view name = "on_host";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;

  torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return logits.cpu().square().mean();
  }
};

/// A loss that is finite, with a gradient that is not, if it is told to.
struct Cliff {
  static constexpr std::string_view name = "cliff";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;
  static inline bool is_steep = false;

  torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return is_steep ? (logits * 0).sqrt().mean() : logits.square().mean();
  }
};

/// A loss whose gradients are finite in float, but not when they are many times as large.
struct Steep {
  static constexpr std::string_view name = "steep";
  static constexpr afd::Level level = afd::Level::logit;
  using Reads = afd::Logits;
  double weight = 1.0;

  torch::Tensor loss(const torch::Tensor& logits, const torch::Tensor& /*targets*/) const {
    return logits.sum() * 1e33;
  }
};

}  // namespace

TEST_CASE("steps are those on the CPU, up to how sums of gradients' updates are rounded") {
  // Without an optimizer's update everything is the same to the bit: see tests/pretend/device.cpp.
  afd_test::each_distance_from_cpu(pretend::device(), [](double distance) { CHECK(distance <= 1e-9); });
}

TEST_CASE("a default step waits twice: for labels, and for one number that stands for all that is looked at") {
  for (const std::int64_t depth : {8, 20}) {
    const pretend::Counts counts = counts_of_step(afd::DistillerOptions{}, depth);
    CHECK(waits(counts, "copy out") == 1);                   // least and greatest label, and their number
    CHECK(waits(counts, "aten::_local_scalar_dense") == 1);  // inputs, losses and gradients
    CHECK(counts.wait_total() == 2);
    CHECK(counts.copies_in == 0);
    CHECK(counts.copies_out == 1);
  }
  const auto clipped = afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0}, .feature = afd::Adam{.max_norm = 1.0}};
  CHECK(counts_of_step(clipped).wait_total() == 2);  // the norm that is looked at is the one that is clipped
  const auto first = afd::DistillerOptions{.order = afd::DiscriminatorFirst{}};
  CHECK(counts_of_step(first).wait_total() == 3);  // once for each of the two moves
}

TEST_CASE("DeferNonFinite and UncheckedLosses wait for nothing, copy nothing, and take no tensor of the host") {
  const pretend::Counts unchecked = counts_of_step(afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}});
  const auto check_none = [&](const pretend::Counts& counts) {
    CHECK(counts.wait_total() == 0);
    CHECK(counts.copies_in == 0);
    CHECK(counts.copies_out == 0);
    CHECK(counts.host_operands == unchecked.host_operands);
  };
  check_none(unchecked);
  // In LibTorch 1.13 gradients of means divide by a number that is a tensor.
  CHECK(unchecked.host_operands <= 4);
  check_none(counts_of_step(afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}}));
  check_none(
      counts_of_step(afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}, .layout = afd::Layout::channels_last}));
  const auto clipped = afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0, .accumulate = 2},
                                             .discriminator = afd::AdamW{.max_norm = 1.0},
                                             .non_finite = afd::DeferNonFinite{}};
  CHECK(counts_of_step(clipped).wait_total() == 0);
}

TEST_CASE("labels of the data set's classes are looked at with one wait, also where some are ignored") {
  auto a = network_there(), b = network_there();
  const afd::Strategy recipe{afd::CrossEntropy{.class_weights = std::vector<double>(10, 0.5)}, afd::MutualKL{}};
  afd::Distiller distiller{afd::topology::Pair{}, recipe, a, b};
  afd::Batch batch = batch_on(pretend::device());
  batch.targets.slice(0, 0, 3).fill_(-100);
  distiller.step(batch);
  const pretend::Counts counts = pretend::counted([&] { distiller.step(batch); });
  CHECK(counts.wait_total() == 2);
  CHECK(counts.copies_in == 2);  // the weights of classes, of which nobody waits for
  batch.targets.slice(0, 3, 5).fill_(10);
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("label 10 is out of range"), afd::DataError);
  batch.targets.fill_(-100);
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("no label"), afd::DataError);
}

TEST_CASE("what is not finite is named there as here, before any weight changes") {
  auto a = network_there(), b = network_there();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::Batch batch = batch_on(pretend::device());
  distiller.step(batch);
  const afd::StateDict state = distiller.state();

  afd::Batch bad{batch.inputs.clone(), batch.targets};
  bad.inputs[1].fill_(std::nan(""));
  CHECK_THROWS_WITH_AS(distiller.step(bad), doctest::Contains("inputs hold NaN"), afd::DataError);
  CHECK(distiller.state().to_bytes() == state.to_bytes());

  const torch::Tensor head = b->parameters().back();
  const torch::Tensor before = head.detach().clone();
  torch::NoGradGuard no_grad;
  head.fill_(INFINITY);
  torch::GradMode::set_enabled(true);
  CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 1: the loss cross_entropy is"),
                       afd::NonFiniteError);
  torch::GradMode::set_enabled(false);
  head.copy_(before);
  torch::GradMode::set_enabled(true);
  CHECK(distiller.state().to_bytes() == state.to_bytes());
  CHECK_NOTHROW(distiller.step(batch));
}

TEST_CASE("inputs that are not finite are refused though no loss shows it") {
  torch::manual_seed(5);
  Swallows a, b;
  a->to(pretend::device());
  b->to(pretend::device());
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(batch_on(pretend::device()));
  const auto before = afd_test::state_of(*a);
  afd::Batch bad = batch_on(pretend::device());
  bad.inputs[2].fill_(std::nan(""));
  CHECK_THROWS_WITH_AS(distiller.step(bad), doctest::Contains("inputs hold NaN"), afd::DataError);
  CHECK(afd_test::same_state(*a, before));
}

TEST_CASE("a gradient that is not finite of a loss that is so is named, or its step is skipped") {
  const auto check = [](const auto& options, const auto& refuses) {
    auto a = network_there(), b = network_there();
    const afd::Strategy recipe{afd::Over<afd::topology::Networks<0>, afd::CrossEntropy>{}, afd::MutualKL{},
                               afd::Over<afd::topology::Networks<1>, Cliff>{}};
    afd::Distiller distiller{afd::topology::Pair{}, recipe, options, a, b};
    const afd::Batch batch = batch_on(pretend::device());
    distiller.step(batch);
    const torch::Tensor weight = a->parameters()[0].detach().clone();
    Cliff::is_steep = true;
    refuses(distiller, batch);
    Cliff::is_steep = false;
    CHECK(torch::equal(a->parameters()[0], weight));
    CHECK_NOTHROW(distiller.step(batch));
    CHECK_FALSE(torch::equal(a->parameters()[0], weight));
  };
  const auto throws = [](auto& distiller, const afd::Batch& batch) {
    CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 1, logit gradients: one of shape"),
                         afd::NonFiniteError);
  };
  check(afd::DistillerOptions{}, throws);
  check(afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0}}, throws);
  check(afd::DistillerOptions{.logit = afd::Sgd{.max_norm = 1.0}, .non_finite = afd::SkipNonFinite{}},
        [](auto& distiller, const afd::Batch& batch) {
          CHECK(distiller.step(batch).skipped);
          CHECK(distiller.skipped_steps() == 1);
        });
}

TEST_CASE("with channels_last no list of an optimizer falls back to a kernel for each tensor") {
  for (const bool clips : {false, true}) {
    const auto options =
        afd::DistillerOptions{.logit = afd::Sgd{.max_norm = clips ? 1.0 : 0.0}, .layout = afd::Layout::channels_last};
    CHECK(counts_of_step(options).slow_lists == 0);
  }
  // Also where a library of convolutions gives a gradient in another layout than that of its kernel.
  const torch::Tensor kernel =
      torch::randn({4, 3, 3, 3}, pretend::device()).contiguous(torch::MemoryFormat::ChannelsLast);
  auto state = afd::Adam{}.make({kernel});
  const std::vector<torch::Tensor> gradients{torch::randn({4, 3, 3, 3}, pretend::device())};
  CHECK(pretend::counted([&] { state.apply(gradients); }).slow_lists == 0);
}

TEST_CASE("kernels have the strides of channels_last, also those of one place") {
  auto a = network_there();
  afd::ResNet b(afd::ResNetOptions{.depth = 8, .in_channels = 1, .width = 6});
  b->to(pretend::device());
  afd::Distiller distiller{afd::topology::Pair{}, afd::DirectAlignment{},
                           afd::DistillerOptions{.layout = afd::Layout::channels_last}, a, b};
  distiller.step(batch_on(pretend::device()));
  int kernels_of_one_place = 0;
  std::vector<torch::Tensor> all = a->parameters();
  for (const auto& module : distiller.cohort().edges().modules()) {
    for (const auto& parameter : module->parameters()) all.push_back(parameter);
  }
  for (const auto& parameter : all) {
    if (parameter.dim() != 4) continue;
    const std::int64_t channels = parameter.size(1), places = parameter.size(2) * parameter.size(3);
    CHECK(parameter.strides() == torch::IntArrayRef({channels * places, 1, channels * parameter.size(3), channels}));
    kernels_of_one_place += places == 1 ? 1 : 0;
  }
  CHECK(kernels_of_one_place > 0);
}

TEST_CASE("networks on different devices are refused by name, and so are batches on another") {
  auto a = network(), b = network();
  b->to(pretend::device());
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(torch::kCPU)),
                       doctest::Contains("network 1 is on privateuseone:0, but network 0 on cpu"), afd::ConfigError);
  CHECK_FALSE(distiller.is_built());
  a->to(pretend::device());
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(torch::kCPU)),
                       doctest::Contains("inputs are on cpu, but the networks are on privateuseone:0"), afd::DataError);
  CHECK_NOTHROW(distiller.step(batch_on(pretend::device())));
  CHECK_THROWS_AS(distiller.step(batch_on(torch::kCPU)), afd::DataError);
  CHECK_THROWS_AS(distiller.step(batch_on(pretend::device(1))), afd::DataError);

  auto c = network(), d = network();
  c->to(pretend::device(1));
  for (auto& parameter : d->parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.detach().to(pretend::device()));
  }
  afd::Distiller torn{afd::topology::Pair{}, afd::DeepMutualLearning{}, d, c};
  CHECK_THROWS_WITH_AS(torn.build(batch_on(torch::kCPU)), doctest::Contains("network 0 has parameters on"),
                       afd::ConfigError);
}

TEST_CASE("a network that was moved after its optimizers were made is refused, and nothing has changed") {
  auto a = network(), b = network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
  distiller.step(batch_on(torch::kCPU));
  a->to(pretend::device());
  b->to(pretend::device());
  const torch::Tensor before = a->parameters()[0].detach().cpu();
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(pretend::device())),
                       doctest::Contains("network 0 has changed since its optimizers were made"), afd::ConfigError);
  CHECK(torch::equal(a->parameters()[0].detach().cpu(), before));
  a->to(torch::kCPU);
  b->to(torch::kCPU);
  CHECK_NOTHROW(distiller.step(batch_on(torch::kCPU)));
}

TEST_CASE("a loss on the wrong device is told with network and term") {
  auto a = network_there(), b = network_there();
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy{OnHost{}, afd::MutualKL{}}, a, b};
  CHECK_THROWS_WITH_AS(distiller.step(batch_on(pretend::device())),
                       doctest::Contains("network 0, term on_host: a loss must be on the networks' device"),
                       afd::ShapeError);
}

// LibTorch 1.13 runs backwards on the caller's stream for CUDA only.
TEST_CASE("a whole step of PeerThreads stays on the caller's stream" * doctest::skip(TORCH_VERSION_MAJOR < 2)) {
  auto a = network_there(), b = network_there();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 2}}, a, b};
  const afd::Batch batch = batch_on(pretend::device());
  distiller.step(batch);
  const c10::Stream side = pretend::side_stream();
  const pretend::Counts counts = pretend::counted([&] {
    const afd::detail::Parcel so_far(pretend::device());
    const c10::StreamGuard guard(side);
    so_far.open();
    distiller.step(batch);
    distiller.step(batch);
  });
  CHECK(counts.streams.size() == 1);
  CHECK(counts.streams.at(side.id()) > 500);
  CHECK(counts.hazards == 0);
}

TEST_CASE("PeerThreads work on the stream of whoever calls") {
  auto a = network_there(), b = network_there();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.execution = afd::PeerThreads{.threads = 2}}, a, b};
  const afd::Batch batch = batch_on(pretend::device());
  distiller.step(batch);
  const c10::Stream side = pretend::side_stream();
  const torch::NoGradGuard no_grad;
  const pretend::Counts counts = pretend::counted([&] {
    const c10::StreamGuard guard(side);
    distiller.cohort().runner().run([&](auto k) {
      if constexpr (k == 0) static_cast<void>(a->forward(batch.inputs));
      if constexpr (k == 1) static_cast<void>(b->forward(batch.inputs));
    });
  });
  CHECK(counts.streams.at(side.id()) > 50);
  CHECK(counts.streams.size() == 1);
}

TEST_CASE(
    "memory that is full and a device that has failed have errors of their own, and a failed one ends no process") {
  auto a = network_there(), b = network_there();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::Batch batch = batch_on(pretend::device());
  distiller.step(batch);
  const afd::StateDict state = distiller.state();
  {
    const pretend::Failing full(pretend::Fault::out_of_memory, 3, "aten::convolution");
    CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("network 0: memory is full; give smaller batches"),
                         afd::OutOfMemoryError);
  }
  {
    const pretend::Failing full(pretend::Fault::out_of_memory, 3, "aten::convolution_backward");
    CHECK_THROWS_WITH_AS(distiller.step(batch), doctest::Contains("backward: memory is full"), afd::OutOfMemoryError);
  }
  CHECK(distiller.state().to_bytes() == state.to_bytes());  // statistics were put back
  {
    const pretend::Failing broken(pretend::Fault::broken, 5, "aten::convolution");
    CHECK_THROWS_AS(distiller.step(batch), afd::DeviceError);
  }
  // No weight has changed, but if the device comes back, nobody believes that statistics are what they were.
  CHECK_THROWS_WITH_AS(static_cast<void>(distiller.state()), doctest::Contains("load a state from before it"),
                       afd::ConfigError);
  distiller.load_state(state);
  const int operators = static_cast<int>(pretend::counted([&] { distiller.step(batch); }).operator_total());
  distiller.load_state(state);
  for (int after = 0; after < operators; after += operators / 37) {
    CAPTURE(after);
    const pretend::Failing broken(pretend::Fault::broken, after);
    CHECK_THROWS_AS(distiller.step(batch), afd::DeviceError);
  }
  distiller.load_state(state);
  CHECK(distiller.state().to_bytes() == state.to_bytes());
}

TEST_CASE("a trial of layouts and a rehearsal end in an error, too, and not the process") {
  for (const afd::Layout layout : {afd::Layout::measured, afd::Layout::channels_last}) {
    for (int after = 0; after < 1200; after += 101) {
      CAPTURE(after);
      auto a = network_there(), b = network_there();
      const auto strides = a->parameters()[3].strides().vec();
      afd::Distiller distiller{afd::topology::Pair{}, afd::DirectAlignment{}, afd::DistillerOptions{.layout = layout},
                               a, b};
      const afd::Batch batch = batch_on(pretend::device());
      const pretend::Failing broken(pretend::Fault::broken, after);
      CHECK_THROWS_AS(distiller.step(batch), afd::DeviceError);
      if (!distiller.is_built()) CHECK(a->parameters()[3].strides() == torch::IntArrayRef(strides));
    }
  }
}

TEST_CASE("a state is saved there and loaded here, and the other way round") {
  torch::manual_seed(2);
  auto a = network_there(), b = network_there(), c = network(), d = network();
  afd::Distiller there{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  for (int i = 0; i < 3; ++i) there.step(batch_on(pretend::device()));
  const afd::StateDict state = there.state();
  afd::Distiller here{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, c, d};
  here.load_state(state);
  CHECK(here.state().to_bytes() == state.to_bytes());
  here.step(batch_on(torch::kCPU));
  const afd::StateDict next = here.state();
  there.load_state(next);
  CHECK(there.state().to_bytes() == next.to_bytes());
  auto e = network_there(), f = network_there();
  afd::Distiller fresh{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, e, f};
  fresh.load_state(next);
  CHECK(fresh.state().to_bytes() == next.to_bytes());
  const afd::Batch batch = batch_on(pretend::device());
  there.step(batch);
  fresh.step(batch);
  CHECK(fresh.state().to_bytes() == there.state().to_bytes());
}

TEST_CASE("float16 is for an accelerator, and for a distiller that looks at gradients") {
  auto here = network();
  afd::Distiller on_cpu{afd::topology::Single{}, afd::Alone{},
                        afd::DistillerOptions{.precision = afd::Precision::float16}, here};
  CHECK_THROWS_WITH_AS(on_cpu.step(batch_on(torch::kCPU)), doctest::Contains("float16 is for an accelerator"),
                       afd::ConfigError);
  const auto deferring =
      afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}, .precision = afd::Precision::float16};
  CHECK_THROWS_WITH_AS((afd::Distiller{afd::topology::Single{}, afd::Alone{}, deferring, here}),
                       doctest::Contains("choose afd::ThrowNonFinite or afd::SkipNonFinite"), afd::ConfigError);
}

TEST_CASE("losses that are scaled for their gradients train the same, where nothing is computed in half") {
  // This device has no autocast of its own, so that all is in double, and a power of two changes no bit.
  const auto trained = [](afd::Precision precision) {
    return afd_test::trained_on(pretend::device(), afd::AdversarialFeatureDistillation{},
                                afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .precision = precision});
  };
  const auto full = trained(afd::Precision::full), half = trained(afd::Precision::float16);
  REQUIRE(full.size() == half.size());
  for (std::size_t i = 0; i < full.size(); ++i) CHECK(full[i].equal(half[i]));
}

TEST_CASE("a step whose scaled gradients are not finite changes nothing and lowers the scale, which is saved") {
  torch::manual_seed(2);
  auto net = network_there(), other = network_there();
  const afd::DistillerOptions options{.logit = afd::Sgd{.lr = 1e-36}, .precision = afd::Precision::float16};
  const auto make = [&](afd::ResNet& of) {
    return afd::Distiller{afd::topology::Single{}, afd::Strategy<Steep>{}, options, of};
  };
  auto distiller = make(net), second = make(other);
  const afd::Batch batch = batch_on(pretend::device());
  const torch::Tensor before = net->parameters()[0].detach().cpu().clone();
  int skipped = 0;
  while (skipped < 30 && distiller.step(batch).skipped) {
    ++skipped;
    CHECK(net->parameters()[0].cpu().equal(before));
  }
  CHECK(skipped > 0);
  CHECK(skipped < 16);
  CHECK_FALSE(net->parameters()[0].cpu().equal(before));
  CHECK(distiller.skipped_steps() == skipped);

  second.load_state(distiller.state());
  CHECK_FALSE(second.step(batch).skipped);  // with the first scale it would be
  distiller.step(batch);
  CHECK(second.state().to_bytes() == distiller.state().to_bytes());
}

TEST_SUITE_END();
