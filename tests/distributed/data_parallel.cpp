// SPDX-License-Identifier: MIT
#include <afd/distributed/data_parallel.hpp>
//
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "support/doctest.hpp"
#include "support/world_of_processes.hpp"

namespace {

using afd_test::Scenario, afd_test::WorldOfProcesses;

struct Net : torch::nn::Module {
  Net(std::int64_t width, bool has_norm)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, width, 3).padding(1)))),
        head(register_module("head", torch::nn::Linear(width, 3))) {
    if (has_norm) norm = register_module("norm", afd::SyncBatchNorm2d(width));
  }
  afd::Outputs forward(const torch::Tensor& inputs) {
    const torch::Tensor made = conv(inputs), map = torch::relu(norm ? norm(made) : made);
    return {map, head(map.mean({2, 3}))};
  }
  torch::nn::Conv2d conv;
  torch::nn::Linear head;
  afd::SyncBatchNorm2d norm{nullptr};
};

void require(bool is_so, const char* what) {
  if (!is_so) throw std::logic_error(what);
}

afd::Batch batch_of(int step, std::int64_t samples) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + step));
  return {torch::randn({samples, 1, 6, 6}, torch::kFloat64), torch::randint(0, 3, {samples}, torch::kInt64)};
}

/// The part of process `rank`.
afd::Batch part_of(const afd::Batch& batch, std::int64_t rank, std::int64_t size) {
  const std::int64_t n = batch.targets.size(0), begin = n * rank / size, end = n * (rank + 1) / size;
  return {batch.inputs.slice(0, begin, end), batch.targets.slice(0, begin, end)};
}

/// Two networks, and a distiller of them.
template <class Strategy, class Options>
struct Run {
  /// Of one width, so that edges have no BatchNorm; or with some everywhere.
  Run(std::uint64_t seed, bool has_norms, const Strategy& strategy, const Options& options, const afd::Batch& first)
      : a(4, has_norms),
        b(has_norms ? 5 : 4, has_norms),
        distiller((torch::manual_seed(seed), a.to(torch::kFloat64), b.to(torch::kFloat64), afd::topology::Pair{}),
                  strategy, options, a, b) {
    distiller.build(first);
  }

  [[nodiscard]] std::vector<torch::nn::Module*> modules() {
    std::vector<torch::nn::Module*> all{&a, &b};
    for (const auto& module : distiller.cohort().edges().modules()) all.push_back(module.get());
    return all;
  }
  /// Of all parameters and buffers.
  [[nodiscard]] std::vector<torch::Tensor> tensors() {
    std::vector<torch::Tensor> all;
    for (torch::nn::Module* module : modules()) {
      for (const torch::Tensor& parameter : module->parameters()) all.push_back(parameter);
      for (const torch::Tensor& buffer : module->buffers()) all.push_back(buffer);
    }
    return all;
  }

  Net a, b;
  afd::Distiller<afd::topology::Pair, Strategy, Options, std::reference_wrapper<Net>, std::reference_wrapper<Net>>
      distiller;
};

double difference(const std::vector<torch::Tensor>& all, const std::vector<torch::Tensor>& others) {
  double worst = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    worst = std::max(worst, (all[i] - others[i]).to(torch::kFloat64).abs().max().item<double>());
  }
  return worst;
}

/// Steps of several processes, each with a part of the batches, and of one with the whole.
template <class Strategy, class Together, class Alone>
void compare(afd::World& world, const char* what, const Strategy& strategy, const Together& together,
             const Alone& alone, bool has_norms = false, std::int64_t labelled = 11) {
  // Only the weights of process 0 count.
  Run<Strategy, Together> ours(static_cast<std::uint64_t>(1 + world.rank()), has_norms, strategy, together,
                               part_of(batch_of(0, 11), world.rank(), world.size()));
  Run<Strategy, Alone> theirs(7, has_norms, strategy, alone, batch_of(0, 11));
  const std::vector<torch::Tensor> all = ours.tensors(), others = theirs.tensors();
  {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < all.size(); ++i) others[i].copy_(all[i]);
  }
  std::vector<torch::Tensor> start;
  for (const torch::Tensor& tensor : all) start.push_back(tensor.detach().clone());
  for (int step = 0; step < 7; ++step) {
    const afd::Batch batch = batch_of(step, step == 3 ? 7 : 11);                      // parts of unequal sizes
    if (labelled < 11) batch.targets.slice(0, step == 5 ? 0 : labelled).fill_(-100);  // once there is none
    const auto parts = ours.distiller.step(part_of(batch, world.rank(), world.size())).values();
    const auto whole = theirs.distiller.step(batch).values();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (std::abs(parts[i] - whole[i]) < 1e-9 || (std::isnan(parts[i]) && std::isnan(whole[i]))) continue;
      throw std::logic_error(afd::detail::concat(what, ": loss ", i, " of step ", step, " is ", parts[i],
                                                 ", and of the whole ", whole[i]));
    }
  }
  ours.distiller.finish_accumulation();
  theirs.distiller.finish_accumulation();
  const double worst = difference(all, others), way = difference(all, start);
  std::cout << what << ": difference " << worst << " after a way of " << way << std::endl;
  if (!(worst < 1e-10 && way > 1e-3)) throw std::logic_error(afd::detail::concat(what, ": weights differ"));
}

const Scenario equals_one_process("equals one process", [] {
  afd::World world;
  const afd::DataParallel parallel{world}, small_buckets{world, {.bucket_bytes = 64}};
  const afd::Sgd sgd{.lr = 0.1}, gathers{.lr = 0.1, .max_norm = 0.5, .accumulate = 3};
  const afd::Adam adam{.lr = 1e-2}, adam_gathers{.lr = 1e-2, .accumulate = 2};
  using Game = afd::Adversarial<afd::SpectralConvDiscriminator>;
  const afd::Strategy method{afd::CrossEntropy{}, afd::MutualKL{}, Game{}};
  const afd::Strategy now_and_then{afd::CrossEntropy{}, afd::Every<2, Game>{}};
  compare(world, "as it is", method, afd::DistillerOptions{.exchange = parallel}, afd::DistillerOptions<>{});
  compare(world, "gathering", method,
          afd::DistillerOptions{
              .logit = gathers, .feature = adam_gathers, .discriminator = adam, .exchange = small_buckets},
          afd::DistillerOptions{.logit = gathers, .feature = adam_gathers, .discriminator = adam});
  compare(world, "discriminators first", method,
          afd::DistillerOptions{
              .logit = sgd, .feature = adam, .order = afd::DiscriminatorFirst{}, .exchange = small_buckets},
          afd::DistillerOptions{.logit = sgd, .feature = adam, .order = afd::DiscriminatorFirst{}});
  compare(world, "logit first", method,
          afd::DistillerOptions{.logit = sgd, .feature = adam, .updates = afd::LogitFirst{}, .exchange = parallel},
          afd::DistillerOptions{.logit = sgd, .feature = adam, .updates = afd::LogitFirst{}});
  compare(world, "now and then, on threads", now_and_then,
          afd::DistillerOptions{
              .logit = sgd, .feature = adam, .execution = afd::PeerThreads{.threads = 2}, .exchange = small_buckets},
          afd::DistillerOptions{.logit = sgd, .feature = adam});
  const afd::Strategy few_labels{
      afd::CrossEntropy{.label_smoothing = 0.1, .class_weights = {1, 2, 3}, .partly_labelled = true}, afd::MutualKL{},
      afd::DecoupledKL{}};
  compare(world, "few labels", few_labels, afd::DistillerOptions{.logit = sgd, .exchange = parallel},
          afd::DistillerOptions{.logit = sgd}, /*has_norms=*/false, /*labelled=*/3);
  compare(world, "with norms of the whole batch", afd::AdversarialFeatureDistillation{},
          afd::DistillerOptions{.exchange = afd::DataParallel{world, {.norms = afd::Norms::synchronised}}},
          afd::DistillerOptions<>{}, /*has_norms=*/true);
});

/// A step of networks with norms; what becomes of running statistics.
const Scenario norms("norms", [] {
  afd::World world;
  const auto run = [&](const afd::DataParallelOptions& how, const auto& execution) {
    const afd::DistillerOptions options{.execution = execution, .exchange = afd::DataParallel{world, how}};
    const afd::Batch part = part_of(batch_of(0, 10), world.rank(), world.size());
    Run<afd::DeepMutualLearning, std::remove_const_t<decltype(options)>> one(1, true, {}, options, part);
    one.distiller.step(part);
    return one.a.norm->running_mean.clone();
  };
  const torch::Tensor apart = run({.norms = afd::Norms::apart}, afd::Sequential{}),
                      averaged = run({.norms = afd::Norms::averaged}, afd::Sequential{}),
                      synchronised = run({.norms = afd::Norms::synchronised}, afd::Sequential{});
  torch::Tensor mean = apart.clone();
  world.all_reduce(mean);
  mean /= world.size();
  require(!torch::allclose(apart, mean), "they are apart");
  require(torch::allclose(averaged, mean, 1e-12), "they are averaged");
  require(torch::allclose(synchronised, mean, 1e-12), "they are those of all");
  try {
    run({.norms = afd::Norms::synchronised}, afd::PeerThreads{.threads = 2});
    require(false, "threads are refused");
  } catch (const afd::ConfigError& error) {
    std::cout << error.what() << std::endl;
  }
});

/// One process has numbers that overflow: what all do about it.
const Scenario not_finite("not finite", [] {
  afd::World world;
  const auto run = [&](const auto& policy, std::int64_t accumulate, int bad_step) {
    const afd::DistillerOptions options{
        .logit = afd::Sgd{.accumulate = accumulate}, .non_finite = policy, .exchange = afd::DataParallel{world}};
    const auto part = [&](int step) { return part_of(batch_of(step, 10), world.rank(), world.size()); };
    Run<afd::DeepMutualLearning, std::remove_const_t<decltype(options)>> one(1, false, {}, options, part(0));
    for (int step = 0; step < 4; ++step) {
      afd::Batch batch = part(step);
      if (world.rank() == 1 && step == bad_step) batch.inputs.fill_(1e308);
      const auto report = one.distiller.step(batch);
      require(report.skipped == (step == bad_step), "all skip the same step");
    }
    require(one.distiller.skipped_steps() == 1, "one step is skipped");
    double sum = 0;
    for (const torch::Tensor& tensor : one.tensors()) sum += tensor.to(torch::kFloat64).sum().item<double>();
    const auto words = world.gather(std::to_string(sum));
    require(words[0] == words[1] && std::isfinite(sum), "all have the same weights");
  };
  run(afd::SkipNonFinite{}, 1, 1);
  for (const int bad_step : {0, 2}) run(afd::SkipNonFinite{}, 3, bad_step);
  try {
    run(afd::ThrowNonFinite{}, 2, 2);
    require(false, "it is an error");
  } catch (const afd::NonFiniteError& error) {
    std::cout << error.what() << std::endl;
  }
  world.barrier();  // all are still there
});

/// What is wrong in one process only ends all of them.
const Scenario bad_label("bad label", [] {
  afd::World world({.timeout = std::chrono::seconds(20), .grace = std::chrono::seconds(2)});
  const afd::DistillerOptions options{.exchange = afd::DataParallel{world}};
  afd::Batch part = part_of(batch_of(0, 10), world.rank(), world.size());
  Run<afd::DeepMutualLearning, std::remove_const_t<decltype(options)>> one(1, false, {}, options, part);
  if (world.rank() == 1) part.targets[0] = 17;
  one.distiller.step(part);
});

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("several processes with parts of a batch take the steps of one with the whole") {
  for (const int size : {2, 3}) {
    WorldOfProcesses world(size, "equals one process");
    for (int rank = 0; rank < size; ++rank) {
      const auto process = world.end_of(rank);
      INFO(process.output);
      CHECK(process.code == 0);
    }
  }
}

TEST_CASE("running statistics are averaged, stay apart, or are those of the whole batch") {
  WorldOfProcesses world(2, "norms");
  for (const int rank : {0, 1}) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
    CHECK(process.output.find("choose afd::Sequential") != std::string::npos);
  }
}

TEST_CASE("a step that is not finite in one process is skipped by all, or an error of all that names the process") {
  WorldOfProcesses world(2, "not finite");
  for (const int rank : {0, 1}) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
    CHECK(process.output.find("it was so in process 1") != std::string::npos);
  }
}

TEST_CASE("an error of one process is told to the others, which do not wait") {
  WorldOfProcesses world(2, "bad label");
  const auto first = world.end_of(0), second = world.end_of(1);
  INFO(first.output);
  INFO(second.output);
  CHECK(first.code == 1);
  CHECK(second.code == 1);
  CHECK(second.output.find("label 17 is out of range") != std::string::npos);
  CHECK(first.output.find("process 1 says: ") != std::string::npos);
  CHECK(first.output.find("label 17 is out of range") != std::string::npos);
  CHECK(first.seconds < 15);
}

TEST_SUITE_END();
