// SPDX-License-Identifier: MIT
// Pieces of a step and of its surroundings, each beside what it replaces.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <afd/afd.hpp>

namespace {

using torch::Tensor;

struct Weights {
  afd::ResNet network = afd::resnet20();
  std::vector<Tensor> parameters = network->parameters();
  std::vector<Tensor> gradients;
  Weights() {
    for (const Tensor& parameter : parameters) gradients.push_back(torch::randn_like(parameter));
  }
};

template <class Policy>
void ours(benchmark::State& state, const Policy& policy) {
  const Weights weights;
  auto optimizer = policy.make(weights.parameters);
  for (auto _ : state) optimizer.apply(weights.gradients);
}

template <class Optimizer, class Options>
void libtorch(benchmark::State& state, const Options& options) {
  const Weights weights;
  afd::TorchOptimizer<Optimizer, Options> policy{options};
  auto optimizer = policy.make(weights.parameters);
  for (auto _ : state) optimizer.apply(weights.gradients);
}

/// The same update of one tensor with as many elements: what flat storage of all parameters would bring at most.
template <class Policy>
void ours_flat(benchmark::State& state, const Policy& policy) {
  const Weights weights;
  const std::int64_t count = afd::parameter_count(*weights.network);
  auto optimizer = policy.make({torch::randn({count}, torch::requires_grad())});
  const std::vector<Tensor> gradients{torch::randn({count})};
  for (auto _ : state) optimizer.apply(gradients);
}

void sgd_afd_flat(benchmark::State& state) {
  ours_flat(state, afd::Sgd{});
}
void adam_afd_flat(benchmark::State& state) {
  ours_flat(state, afd::Adam{});
}
void sgd_afd(benchmark::State& state) {
  ours(state, afd::Sgd{});
}
void sgd_afd_clipped(benchmark::State& state) {
  ours(state, afd::Sgd{.max_norm = 1.0});
}
/// What ThrowNonFinite looks at before an update, of one of a network's two gradients.
void gradients_are_finite(benchmark::State& state) {
  const Weights weights;
  for (auto _ : state) afd::detail::require_finite_gradients(weights.gradients);
}
void sgd_libtorch(benchmark::State& state) {
  libtorch<torch::optim::SGD>(state, torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-4));
}
/// The same with rules for parameters, of two rates and two decays.
void sgd_afd_rules(benchmark::State& state) {
  const Weights weights;
  std::vector<std::string> names;
  for (const auto& parameter : weights.network->named_parameters()) names.push_back(parameter.key());
  const afd::PerParameter policy{
      afd::Sgd{}, {{.names = "layer*", .rate = 0.1}, {.kind = afd::ParameterKind::vectors, .weight_decay = 0.0}}};
  auto optimizer = afd::detail::make_optimizer(policy, weights.parameters, names);
  for (auto _ : state) optimizer.apply(weights.gradients);
}
/// LibTorch's with four groups for it.
void sgd_libtorch_groups(benchmark::State& state) {
  const Weights weights;
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (const bool is_layer : {false, true}) {
    for (const bool is_vector : {false, true}) {
      std::vector<Tensor> some;
      for (const auto& parameter : weights.network->named_parameters()) {
        if ((parameter.key().find("layer") == 0) == is_layer && (parameter.value().dim() < 2) == is_vector) {
          some.push_back(parameter.value());
        }
      }
      auto options = std::make_unique<torch::optim::SGDOptions>(is_layer ? 0.01 : 0.1);
      options->momentum(0.9).weight_decay(is_vector ? 0 : 1e-4);
      groups.emplace_back(some, std::move(options));
    }
  }
  torch::optim::SGD optimizer(groups, torch::optim::SGDOptions(0.1));
  std::vector<Tensor> parameters = weights.parameters;
  for (std::size_t p = 0; p < parameters.size(); ++p) parameters[p].mutable_grad() = weights.gradients[p];
  for (auto _ : state) optimizer.step();
}
void adam_afd(benchmark::State& state) {
  ours(state, afd::Adam{});
}
void adam_libtorch(benchmark::State& state) {
  libtorch<torch::optim::Adam>(state, torch::optim::AdamOptions(2e-5).weight_decay(0.1));
}

auto cifar_like_loader() {
  const std::int64_t count = 10'000;
  afd::TensorDataset dataset{torch::randint(256, {count, 3, 32, 32}, torch::kUInt8),
                             torch::randint(10, {count}, torch::kInt64)};
  const auto normalize = afd::channel_statistics(dataset);
  return afd::BatchLoader(std::move(dataset), {.batch_size = 128},
                          afd::Compose{afd::PadCrop{}, afd::HorizontalFlip{}, normalize});
}

/// Images per second of CIFAR-sized batches of 128: padded, cropped, flipped and normalised.
void loader(benchmark::State& state) {
  auto source = cifar_like_loader();
  std::int64_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(source.batch(next++ % 70));
  state.SetItemsProcessed(state.iterations() * 128);
}

void mutual_kl_pair(benchmark::State& state) {
  const Tensor a = torch::randn({128, 100}), b = torch::randn({128, 100});
  const afd::MutualKL term;
  for (auto _ : state) {
    const Tensor va = term.view(a), vb = term.view(b);
    benchmark::DoNotOptimize(term.loss(va, vb));
    benchmark::DoNotOptimize(term.loss(vb, va));
  }
}

/// The whole game of one edge, forward only, on maps of a ResNet.
void discriminator_forward(benchmark::State& state) {
  const afd::Adversarial<> term;
  auto edge = term.make_edge({64, {8, 8}}, {64, {8, 8}});
  const Tensor real = torch::randn({128, 64, 8, 8}), fake = torch::randn({128, 64, 8, 8});
  for (auto _ : state) benchmark::DoNotOptimize(term.losses(edge, real, fake));
}

/// Both gradients of a 3x3 convolution of `channels` maps of `side`, for two cotangents: what a step does, one after
/// the other; and the least that a backward of its own for both could do: cotangents side by side in the batch for the
/// inputs, in the channels for the weights.
struct TwoCotangents {
  static constexpr std::int64_t samples = 32;
  Tensor inputs, weight, twice_weight, one, other, in_batch, in_channels, twice_inputs;

  explicit TwoCotangents(const benchmark::State& state) {
    const std::int64_t channels = state.range(0), side = state.range(1);
    const auto make = [](at::IntArrayRef sizes) {
      return torch::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast);
    };
    inputs = make({samples, channels, side, side});
    weight = make({channels, channels, 3, 3});
    twice_weight = make({2 * channels, channels, 3, 3});
    one = torch::randn_like(inputs);
    other = torch::randn_like(inputs);
    in_batch = torch::cat({one, other}, 0);
    in_channels = torch::cat({one, other}, 1).contiguous(at::MemoryFormat::ChannelsLast);
    twice_inputs = torch::cat({inputs, inputs}, 0);
  }

  static void backward(const Tensor& cotangent, const Tensor& inputs, const Tensor& weight, bool of_inputs,
                       bool of_weight) {
    benchmark::DoNotOptimize(at::convolution_backward(cotangent, inputs, weight, {}, {1, 1}, {1, 1}, {1, 1}, false,
                                                      {0, 0}, 1, {of_inputs, of_weight, false}));
  }
};

void two_backwards(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const TwoCotangents c(state);
  for (auto _ : state) {
    c.backward(c.one, c.inputs, c.weight, true, true);
    c.backward(c.other, c.inputs, c.weight, true, true);
  }
}
void stacked_backward(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const TwoCotangents c(state);
  for (auto _ : state) {
    c.backward(c.in_batch, c.twice_inputs, c.weight, true, false);
    c.backward(c.in_channels, c.inputs, c.twice_weight, false, true);
  }
}

/// Losses and both gradients of an edge whose discriminator looks at each sample alone, so that real and fake may pass
/// together: in two forwards, as a step does, or in one.
template <bool Together>
void game(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  auto judge = afd::MlpDiscriminator{}.make({64, {8, 8}});
  const std::vector<Tensor> parameters = judge->parameters();
  const Tensor real = torch::randn({n, 64, 8, 8}), fake = torch::randn({n, 64, 8, 8}, torch::requires_grad());
  const afd::LeastSquares gan;
  for (auto _ : state) {
    Tensor real_scores, fake_scores;
    if constexpr (Together) {
      const Tensor scores = judge->forward(torch::cat({real, fake}));
      real_scores = scores.narrow(0, 0, n);
      fake_scores = scores.narrow(0, n, n);
    } else {
      real_scores = judge->forward(real);
      fake_scores = judge->forward(fake);
    }
    benchmark::DoNotOptimize(
        torch::autograd::grad({gan.discriminator(real_scores, fake_scores)}, parameters, {}, true));
    benchmark::DoNotOptimize(torch::autograd::grad({gan.generator(fake_scores)}, {fake}));
  }
}
void game_in_two_forwards(benchmark::State& state) {
  game<false>(state);
}
void game_in_one_forward(benchmark::State& state) {
  game<true>(state);
}

/// Steps of two ResNet-8 with a policy for what is not finite.
template <class NonFinite>
void step(benchmark::State& state) {
  torch::manual_seed(0);
  auto a = afd::resnet8(), b = afd::resnet8();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                           afd::DistillerOptions{.non_finite = NonFinite{}}, a, b};
  const afd::Batch batch{torch::randn({state.range(0), 3, 32, 32}),
                         torch::arange(state.range(0), torch::kInt64).remainder(10)};
  for (auto _ : state) distiller.step(batch);
}
void step_checked(benchmark::State& state) {
  step<afd::ThrowNonFinite>(state);
}
void step_unchecked(benchmark::State& state) {
  step<afd::UncheckedLosses>(state);
}

/// An epoch of ten batches in which a ResNet-8 learns from a frozen ResNet-32: which is run, or whose outputs are read
/// from a file.
template <bool IsCached>
void taught_epoch(benchmark::State& state) {
  torch::manual_seed(0);
  auto teacher = afd::resnet32(), student = afd::resnet8();
  const afd::TensorDataset data{torch::randn({640, 3, 32, 32}), torch::arange(640, torch::kInt64).remainder(10)};
  afd::BatchLoader loader{data, {.batch_size = 64}, afd::Compose{afd::PadCrop{}, afd::HorizontalFlip{}}};
  const auto train = [&](auto& source, auto& distiller) {
    for (auto _ : state) {
      source.start_epoch(0);
      for (auto&& batch : source) distiller.step(batch);
    }
  };
  if constexpr (IsCached) {
    std::string folder = (std::filesystem::temp_directory_path() / "afd_pieces_XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no folder for temporary files");
    {
      auto source =
          afd::with_cached<0, 2>(loader, afd::TeacherCache{std::filesystem::path(folder) / "outputs", teacher});
      source.fill(1);
      afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::Cached{}, student};
      train(source, distiller);
    }
    std::filesystem::remove_all(folder);
  } else {
    afd::Distiller distiller{afd::topology::OneWay{}, afd::KnowledgeDistillation{}, afd::frozen(teacher), student};
    train(loader, distiller);
  }
}
void epoch_taught(benchmark::State& state) {
  taught_epoch<false>(state);
}
void epoch_taught_from_file(benchmark::State& state) {
  taught_epoch<true>(state);
}

BENCHMARK(epoch_taught)->Unit(benchmark::kMillisecond);
BENCHMARK(epoch_taught_from_file)->Unit(benchmark::kMillisecond);
BENCHMARK(gradients_are_finite)->Unit(benchmark::kMicrosecond);
BENCHMARK(step_checked)->Arg(8)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK(step_unchecked)->Arg(8)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_libtorch)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_afd)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_afd_flat)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_afd_rules)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_libtorch_groups)->Unit(benchmark::kMicrosecond);
BENCHMARK(sgd_afd_clipped)->Unit(benchmark::kMicrosecond);
BENCHMARK(adam_libtorch)->Unit(benchmark::kMicrosecond);
BENCHMARK(adam_afd)->Unit(benchmark::kMicrosecond);
BENCHMARK(adam_afd_flat)->Unit(benchmark::kMicrosecond);
BENCHMARK(loader)->Unit(benchmark::kMillisecond);
BENCHMARK(mutual_kl_pair)->Unit(benchmark::kMicrosecond);
BENCHMARK(discriminator_forward)->Unit(benchmark::kMicrosecond);

BENCHMARK(two_backwards)->Args({16, 32})->Args({32, 16})->Args({64, 8})->Unit(benchmark::kMicrosecond);
BENCHMARK(stacked_backward)->Args({16, 32})->Args({32, 16})->Args({64, 8})->Unit(benchmark::kMicrosecond);
BENCHMARK(game_in_two_forwards)->Arg(8)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);
BENCHMARK(game_in_one_forward)->Arg(8)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) {
  torch::set_num_threads(1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
