// SPDX-License-Identifier: MIT
#include <afd/distributed/peer_parallel.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <torch/torch.h>

#include <afd/afd.hpp>

#include "support/doctest.hpp"
#include "support/world_of_processes.hpp"

namespace {

using afd_test::Scenario, afd_test::WorldOfProcesses;

struct Net : torch::nn::Module {
  explicit Net(std::int64_t width)
      : conv(register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, width, 3).padding(1)))),
        norm(register_module("norm", torch::nn::BatchNorm2d(width))),
        head(register_module("head", torch::nn::Linear(width, 3))) {}
  afd::Outputs forward(const torch::Tensor& inputs) {
    const torch::Tensor map = torch::relu(norm(conv(inputs)));
    return {map, head(map.mean({2, 3}))};
  }
  torch::nn::Conv2d conv;
  torch::nn::BatchNorm2d norm;
  torch::nn::Linear head;
};

void require(bool is_so, const std::string& what) {
  if (!is_so) throw std::logic_error(what);
}

afd::Batch batch_of(int step, std::int64_t samples = 8) {
  torch::manual_seed(static_cast<std::uint64_t>(100 + step));
  return {torch::randn({samples, 1, 6, 6}), torch::randint(0, 3, {samples}, torch::kInt64)};
}

/// Three networks, and a distiller of them.
template <class Topology, class Strategy, class Options>
struct Run {
  Run(std::uint64_t seed, const Topology& topology, const Strategy& strategy, const Options& options)
      : a(4), b(5), c(3), distiller((torch::manual_seed(seed), topology), strategy, options, a, b, c) {
    distiller.build(batch_of(0));
  }

  Net a{4}, b{5}, c{3};
  using Ref = std::reference_wrapper<Net>;
  afd::Distiller<Topology, Strategy, Options, Ref, Ref, Ref> distiller;
};

/// Where the first states differ, random numbers aside; empty if they do not.
std::string difference(const afd::StateDict& ours, const afd::StateDict& theirs) {
  for (const auto& [key, value] : theirs.values()) {
    if (key.starts_with("random numbers")) continue;
    if (!ours.contains(key)) return key + " is missing";
    const bool same = std::visit(
        [&](const auto& each) {
          using Value = std::remove_cvref_t<decltype(each)>;
          const auto* other = std::get_if<Value>(&ours.values().at(key));
          if (other == nullptr) return false;
          if constexpr (std::is_same_v<Value, torch::Tensor>)
            return torch::equal(*other, each);
          else
            return *other == each;
        },
        value);
    if (!same) return key;
  }
  return ours.values().size() == theirs.values().size() ? "" : "there is more";
}

bool is_same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// Steps of several processes, and of one.
template <class Topology, class Strategy, class Together, class Alone>
void compare(afd::World& world, const std::string& what, const Topology& topology, const Strategy& strategy,
             const Together& together, const Alone& alone) {
  // Only the weights of process 0 count.
  Run<Topology, Strategy, Together> ours(static_cast<std::uint64_t>(1 + world.rank()), topology, strategy, together);
  Run<Topology, Strategy, Alone> theirs(7, topology, strategy, alone);
  const auto tensors_of = [](auto& run) {
    std::vector<torch::Tensor> all;
    const auto add = [&](const torch::nn::Module& module) {
      for (const torch::Tensor& tensor : module.parameters()) all.push_back(tensor);
      for (const torch::Tensor& tensor : module.buffers()) all.push_back(tensor);
    };
    add(run.a), add(run.b), add(run.c);
    for (const auto& module : run.distiller.cohort().edges().modules()) add(*module);
    return all;
  };
  const std::vector<torch::Tensor> all = tensors_of(ours), others = tensors_of(theirs);
  ours.distiller.step(batch_of(50));  // all meet, and begin with the same weights
  theirs.distiller.load_state(ours.distiller.state());
  require(difference(ours.distiller.state(), theirs.distiller.state()).empty(), what + ": they do not begin alike");
  for (int step = 0; step < 5; ++step) {
    const afd::Batch batch = batch_of(step, step == 2 ? 5 : step == 3 ? 11 : 8);
    const auto here = ours.distiller.step(batch).values();
    const auto there = theirs.distiller.step(batch).values();
    for (std::size_t i = 0; i < here.size(); ++i) {
      require(is_same(here[i], there[i]), afd::detail::concat(what, ": loss ", i, " of step ", step, " is ", here[i],
                                                              ", and in one process ", there[i]));
    }
  }
  const std::vector<afd::Batch> images{batch_of(90), batch_of(91)};
  const auto scores = ours.distiller.evaluate(images), same = theirs.distiller.evaluate(images);
  for (std::size_t k = 0; k < 3; ++k)
    require(scores.networks[k].loss == same.networks[k].loss, what + ": scores differ");
  const std::string where = difference(ours.distiller.state(), theirs.distiller.state());
  require(where.empty(), what + ": states differ: " + where);
}

using Game = afd::Adversarial<afd::SpectralConvDiscriminator>;

const Scenario equals_one_process("peers equal one process", [] {
  afd::World world;
  const afd::PeerParallel peers{world};
  const afd::Strategy method{afd::CrossEntropy{}, afd::MutualKL{}, Game{}};
  const afd::topology::Cycle<3> cycle;
  const afd::topology::AllPairs<3> all_pairs;
  using Alone = afd::DistillerOptions<>;
  compare(world, "a cycle", cycle, method, afd::DistillerOptions{.exchange = peers}, Alone{});
  compare(world, "all pairs", all_pairs, method, afd::DistillerOptions{.exchange = peers}, Alone{});
  compare(world, "discriminators first", cycle, method,
          afd::DistillerOptions{.order = afd::DiscriminatorFirst{}, .exchange = peers},
          afd::DistillerOptions{.order = afd::DiscriminatorFirst{}});
  compare(world, "logits first", cycle, method, afd::DistillerOptions{.updates = afd::LogitFirst{}, .exchange = peers},
          afd::DistillerOptions{.updates = afd::LogitFirst{}});
  compare(world, "on threads", all_pairs, method,
          afd::DistillerOptions{.execution = afd::PeerThreads{1}, .exchange = peers},
          afd::DistillerOptions{.execution = afd::PeerThreads{1}});
  compare(world, "terms that rest, and a group", all_pairs,
          afd::Strategy{afd::CrossEntropy{}, afd::EnsembleKL{}, afd::Every<2, Game>{}},
          afd::DistillerOptions{.logit = afd::Adam{.lr = 1e-2}, .exchange = peers},
          afd::DistillerOptions{.logit = afd::Adam{.lr = 1e-2}});
  compare(world, "apart", cycle, afd::Strategy{afd::CrossEntropy{}}, afd::DistillerOptions{.exchange = peers}, Alone{});
});

/// Network 1 is spoilt where it is trained; the others see it.
const Scenario not_finite("peers not finite", [] {
  afd::World world;
  const afd::Strategy strategy{afd::CrossEntropy{}, afd::MutualKL{}};
  const auto spoil = [&](auto& run) {
    const torch::NoGradGuard no_grad;
    if (run.distiller.cohort().is_here(1)) run.b.head->bias.fill_(std::numeric_limits<float>::infinity());
  };
  {
    const afd::DistillerOptions options{.exchange = afd::PeerParallel{world}};
    Run<afd::topology::Cycle<3>, afd::Strategy<afd::CrossEntropy, afd::MutualKL>,
        std::remove_const_t<decltype(options)>>
        run(1, {}, strategy, options);
    run.distiller.step(batch_of(0));
    spoil(run);
    const torch::Tensor before = run.a.head->weight.detach().clone();
    std::string said;
    try {
      run.distiller.step(batch_of(1));
    } catch (const afd::NonFiniteError& error) {
      said = error.what();
    }
    require(!said.empty(), "nobody has said that a loss is not finite");
    require(torch::equal(run.a.head->weight, before), "a weight has changed");
    const auto words = world.gather(said);
    for (const std::string& word : words) require(word == said, "they say: " + word + ", and: " + said);
  }
  const afd::DistillerOptions options{.non_finite = afd::SkipNonFinite{}, .exchange = afd::PeerParallel{world}};
  Run<afd::topology::Cycle<3>, afd::Strategy<afd::CrossEntropy, afd::MutualKL>, std::remove_const_t<decltype(options)>>
      run(1, {}, strategy, options);
  run.distiller.step(batch_of(0));
  spoil(run);
  require(run.distiller.step(batch_of(1)).skipped, "the step is not skipped");
  require(run.distiller.skipped_steps() == 1, "it is not counted");
});

const Scenario all_stop("peers stop", [] {
  afd::World world;
  const afd::DistillerOptions options{.exchange = afd::PeerParallel{world}};
  Run<afd::topology::Cycle<3>, afd::Strategy<afd::CrossEntropy>, std::remove_const_t<decltype(options)>> run(
      1, {}, afd::Strategy{afd::CrossEntropy{}}, options);
  run.distiller.step(batch_of(0));
  require(run.distiller.agreed_stop() == 0, "nobody wants to stop");
  if (world.rank() == 1) run.distiller.want_to_stop(2);
  run.distiller.step(batch_of(1));
  require(run.distiller.agreed_stop() == 2, "one wants to stop");
});

/// What is wrong is refused by all; the messages are printed.
const Scenario refused("peers refused", [] {
  afd::World world;
  const auto say = [&](const afd::Sgd& sgd, const std::vector<std::size_t>& places) {
    const afd::DistillerOptions options{.logit = sgd, .exchange = afd::PeerParallel{world, {.places = places}}};
    try {
      Run<afd::topology::Cycle<3>, afd::Strategy<afd::CrossEntropy>, std::remove_const_t<decltype(options)>> run(
          1, {}, afd::Strategy{afd::CrossEntropy{}}, options);
      throw std::logic_error("nothing was refused");
    } catch (const afd::ConfigError& error) {
      std::cout << error.what() << std::endl;
    }
  };
  say({}, {0, 1});
  say({}, {0, 1, 2});
  say({}, {0, 0, 0});
});
const Scenario refuses_to_gather("peers refuse to gather", [] {
  afd::World world;
  const afd::DistillerOptions options{.logit = afd::Sgd{.accumulate = 2}, .exchange = afd::PeerParallel{world}};
  Run<afd::topology::Cycle<3>, afd::Strategy<afd::CrossEntropy>, std::remove_const_t<decltype(options)>> run(
      1, {}, afd::Strategy{afd::CrossEntropy{}}, options);
});

void passes(int processes, const char* scenario) {
  WorldOfProcesses world(processes, scenario);
  for (int rank = 0; rank < processes; ++rank) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
  }
}

}  // namespace

TEST_SUITE_BEGIN("distributed");

TEST_CASE("networks in several processes take the steps of one process, to the bit") {
  passes(2, "peers equal one process");
  passes(3, "peers equal one process");
}

TEST_CASE("what is not finite in one network is so for the networks in all processes") {
  passes(2, "peers not finite");
  passes(3, "peers not finite");
}

TEST_CASE("networks in several processes stop together") {
  passes(2, "peers stop");
}

TEST_CASE("places that cannot be, and what does not work with networks in several processes, are refused") {
  WorldOfProcesses world(2, "peers refused");
  for (const int rank : {0, 1}) {
    const auto process = world.end_of(rank);
    INFO(process.output);
    CHECK(process.code == 0);
    for (const char* text :
         {"has places for 2 networks, but there are 3", "places network 2 in process 2, but the last",
          "has no network for process 1: there are 2 processes and 3 networks"}) {
      CHECK(process.output.find(text) != std::string::npos);
    }
  }
  WorldOfProcesses gathering(2, "peers refuse to gather");
  for (const int rank : {0, 1}) CHECK(gathering.end_of(rank).output.find("take .accumulate out") != std::string::npos);
}

TEST_SUITE_END();
