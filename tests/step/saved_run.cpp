// SPDX-License-Identifier: MIT
#include <afd/step/saved_run.hpp>
//
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include <afd/optim/torch_optimizer.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/ensemble_kl.hpp>
#include <afd/strategy/every.hpp>
#include <afd/strategy/over.hpp>
#include <afd/strategy/recipes.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/cycle.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

namespace {

using afd::CrossEntropy, afd::MutualKL, afd::Strategy;
using afd_test::tiny_network;

std::vector<afd::Batch> some_batches(int count) {
  torch::manual_seed(77);
  std::vector<afd::Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(afd_test::tiny_batch(6));
  return batches;
}

/// All of a state but what LibTorch writes of an optimizer: it names parameters by their addresses there.
afd::Bytes comparable(const afd::StateDict& state) {
  afd::StateDict rest;
  for (const auto& [key, value] : state.values()) {
    if (!key.ends_with("/libtorch")) rest.set(key, value);
  }
  return rest.to_bytes();
}

/// `with(use)` makes a distiller, the same but for its random numbers, and calls use(distiller). A run that is saved
/// after any of its steps and loaded into another distiller must end in the same state as the whole one.
template <class With>
void check_resume_everywhere(const With& with) {
  constexpr int steps = 5;
  const std::vector<afd::Batch> batches = some_batches(steps);
  std::vector<afd::Bytes> files;
  afd::Bytes whole;
  torch::manual_seed(1);
  with([&](auto& distiller) {
    for (const afd::Batch& batch : batches) {
      distiller.step(batch);
      files.push_back(distiller.state().to_bytes());
    }
    whole = comparable(distiller.state());
  });
  CHECK(files[0] != files[1]);
  for (int done = 1; done < steps; ++done) {
    CAPTURE(done);
    torch::manual_seed(static_cast<std::uint64_t>(100 + done));
    with([&](auto& distiller) {
      if (done == 2) distiller.step(batches[4]);  // one that has been used already
      distiller.load_state(afd::StateDict::from_bytes(files[static_cast<std::size_t>(done - 1)], "file"));
      for (int i = done; i < steps; ++i) distiller.step(batches[static_cast<std::size_t>(i)]);
      CHECK(comparable(distiller.state()) == whole);
    });
  }
}

/// A network whose forward takes random numbers.
struct DropoutNetImpl : torch::nn::Module {
  afd::PlainCnn inner = register_module("inner", tiny_network());
  afd::Outputs forward(const torch::Tensor& inputs) {
    return inner->forward(torch::dropout(inputs, 0.3, is_training()));
  }
};
TORCH_MODULE(DropoutNet);

/// An optimizer whose update fails when it is told to.
struct Failing {
  struct State {
    std::vector<torch::Tensor> parameters;
    void apply(std::span<const torch::Tensor> gradients) {
      if (fails_in > 0 && --fails_in == 0) throw std::bad_alloc();
      const torch::NoGradGuard no_grad;
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].sub_(gradients[i]);
    }
    void scale_rate(double /*factor*/) const {}
    template <afd::StateVisitor V>
    void visit_state(std::span<const std::string> /*names*/, V& /*visitor*/) const {}
  };
  [[nodiscard]] State make(std::vector<torch::Tensor> parameters) const { return {std::move(parameters)}; }
  static inline int fails_in = 0;
};

/// A loss that is finite, with a gradient that is not, if it is told to.
struct Cliff {
  static constexpr std::string_view name = "cliff";
  static constexpr afd::Level level = afd::Level::logit;
  double weight = 1.0;
  torch::Tensor loss(const afd::Outputs& outputs, const torch::Tensor& /*targets*/) const {
    const torch::Tensor none = outputs.logits * 0;
    return is_steep ? none.sqrt().sum() : none.sum();
  }
  static inline bool is_steep = false;
};

}  // namespace

TEST_CASE("a pair resumes to the bit from every step, with random numbers in its forward") {
  check_resume_everywhere([](const auto& use) {
    DropoutNet a;
    auto b = tiny_network({4, 5});
    afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
    use(distiller);
  });
}

TEST_CASE("a cycle of three resumes: discriminators first, logits over all pairs, gradients summed over steps") {
  check_resume_everywhere([](const auto& use) {
    auto a = tiny_network(), b = tiny_network({4, 6}), c = tiny_network({3, 4}, 2);
    afd::Distiller distiller{
        afd::topology::Cycle<3>{},
        Strategy{CrossEntropy{}, afd::Over{afd::topology::AllPairs<3>{}, MutualKL{}},
                 afd::Adversarial<afd::SpectralConvDiscriminator>{}},
        afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.05, .nesterov = true, .max_norm = 1, .accumulate = 2},
                              .feature = afd::AdamW{.lr = 1e-3},
                              .order = afd::DiscriminatorFirst{}},
        a,
        b,
        c};
    use(distiller);
  });
}

TEST_CASE("a frozen teacher, a term in every second step, and an optimizer of LibTorch resume") {
  using Rms = afd::TorchOptimizer<torch::optim::RMSprop, torch::optim::RMSpropOptions>;
  check_resume_everywhere([](const auto& use) {
    auto teacher = tiny_network(), student = tiny_network({4, 7});
    torch::manual_seed(3);  // a teacher is the same in all runs
    for (torch::Tensor& parameter : teacher->parameters()) torch::nn::init::normal_(parameter);
    afd::Distiller distiller{afd::topology::OneWay{},
                             Strategy{CrossEntropy{}, MutualKL{}, afd::Every<2, afd::FeatureL1>{}},
                             afd::DistillerOptions{.logit = Rms{torch::optim::RMSpropOptions(1e-3).momentum(0.9)}},
                             afd::frozen(teacher), student};
    use(distiller);
  });
}

TEST_CASE("all pairs with one optimizer for all losses, an ensemble and skipped steps resume") {
  check_resume_everywhere([](const auto& use) {
    auto a = tiny_network(), b = tiny_network({4, 5}), c = tiny_network();
    afd::Distiller distiller{
        afd::topology::AllPairs<3>{},
        Strategy{CrossEntropy{}, afd::EnsembleKL{}, afd::Adversarial<>{}},
        afd::DistillerOptions{
            .logit = afd::Sgd{.lr = 0.01}, .non_finite = afd::SkipNonFinite{.limit = 3}, .updates = afd::JointUpdate{}},
        a,
        b,
        c};
    use(distiller);
  });
}

TEST_CASE("the counters of skipped steps are part of the state") {
  auto a = tiny_network(), b = tiny_network();
  const auto make = [&] {
    return afd::Distiller{afd::topology::Pair{}, afd::DeepMutualLearning{},
                          afd::DistillerOptions{.non_finite = afd::SkipNonFinite{.limit = 3}}, a, b};
  };
  auto distiller = make();
  afd::Batch batch = afd_test::tiny_batch();
  distiller.step(batch);
  const torch::Tensor weight = a->parameters()[0];
  const torch::Tensor before = weight.detach().clone();
  {
    const torch::NoGradGuard no_grad;
    weight.fill_(std::numeric_limits<double>::quiet_NaN());
  }
  distiller.step(batch);
  distiller.step(batch);
  const afd::StateDict state = distiller.state();
  auto other = make();
  other.load_state(state);
  CHECK(other.skipped_steps() == 2);
  CHECK_THROWS_AS(other.step(batch), afd::NonFiniteError);  // the third in a row
}

TEST_CASE("a measured layout stays what it was") {
  torch::manual_seed(1);
  const auto has_given_memory = [](const torch::nn::Module& module) {
    bool all = true;
    for (const torch::Tensor& parameter : module.parameters()) all = all && parameter.is_contiguous();
    return all;
  };
  const auto with = [](afd::Layout layout, const auto& use) {
    auto a = afd::PlainCnn(afd::PlainCnnOptions{}), b = afd::PlainCnn(afd::PlainCnnOptions{});
    afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, afd::DistillerOptions{.layout = layout},
                             a, b};
    use(distiller);
  };
  const afd::Batch batch{torch::randn({4, 1, 8, 8}), torch::zeros({4}, torch::kInt64)};
  for (const afd::Layout layout : {afd::Layout::channels_last, afd::Layout::as_given}) {
    afd::StateDict state;
    with(layout, [&](auto& distiller) {
      distiller.step(batch);
      state = distiller.state();
    });
    with(afd::Layout::measured, [&](auto& distiller) {
      distiller.load_state(state);
      CHECK(distiller.cohort().channels_last() == (layout == afd::Layout::channels_last));
    });
    const afd::Layout wrong = layout == afd::Layout::as_given ? afd::Layout::channels_last : afd::Layout::as_given;
    with(wrong, [&](auto& distiller) {
      CHECK_THROWS_WITH_AS(distiller.load_state(state), doctest::Contains("memory layout"), afd::ConfigError);
      CHECK_FALSE(distiller.is_built());
      CHECK(has_given_memory(*distiller.template network<0>()));
    });
  }
}

TEST_CASE("a step that failed amid its updates is not saved; a state that is loaded mends it") {
  torch::manual_seed(1);
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, afd::DistillerOptions{.logit = Failing{}},
                           a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  distiller.step(batch);
  const afd::StateDict state = distiller.state();
  Failing::fails_in = 2;
  CHECK_THROWS_AS(distiller.step(batch), afd::OutOfMemoryError);
  const auto is_refused = [](auto& torn) {
    CHECK_THROWS_WITH_AS(static_cast<void>(torn.state()), doctest::Contains("some of its changes"), afd::ConfigError);
  };
  is_refused(distiller);
  distiller.step(batch);  // does not make it whole
  is_refused(distiller);
  distiller.load_state(state);
  CHECK(distiller.state().to_bytes() == state.to_bytes());

  // A discriminator that has moved, in a step that failed before any network did.
  auto c = tiny_network(), d = tiny_network();
  afd::Distiller game{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                      afd::DistillerOptions{.discriminator = Failing{}, .order = afd::DiscriminatorFirst{}}, c, d};
  game.step(batch);
  static_cast<void>(game.state());
  Failing::fails_in = 2;
  CHECK_THROWS_AS(game.step(batch), afd::OutOfMemoryError);
  is_refused(game);

  // Without a look at labels nothing puts running statistics back.
  auto e = tiny_network(), f = tiny_network();
  afd::Distiller unchecked{afd::topology::Pair{}, afd::DeepMutualLearning{},
                           afd::DistillerOptions{.non_finite = afd::UncheckedLosses{}}, e, f};
  unchecked.step(batch);
  static_cast<void>(unchecked.state());
  CHECK_THROWS(unchecked.step({batch.inputs, torch::full_like(batch.targets, 99)}));
  is_refused(unchecked);
}

TEST_CASE("with losses that are looked at later, weights that are not finite are not saved, and a state mends them") {
  torch::manual_seed(1);
  afd_test::Probe a, b;
  afd::Distiller distiller{afd::topology::Pair{}, Strategy{CrossEntropy{}, Cliff{}},
                           afd::DistillerOptions{.non_finite = afd::DeferNonFinite{}}, a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  Cliff::is_steep = false;
  distiller.step(batch);
  const afd::StateDict state = distiller.state();
  const auto mend = [&] {
    distiller.load_state(state);
    CHECK(distiller.state().to_bytes() == state.to_bytes());
  };
  Cliff::is_steep = true;
  distiller.step(batch);  // its losses are finite, its gradients are not
  Cliff::is_steep = false;
  CHECK_THROWS_WITH_AS(static_cast<void>(distiller.state()), doctest::Contains("network 0/conv.weight is not finite"),
                       afd::NonFiniteError);
  mend();
  distiller.step({batch.inputs * std::numeric_limits<double>::quiet_NaN(), batch.targets});
  CHECK_THROWS_WITH_AS(static_cast<void>(distiller.state()), doctest::Contains("loss cross_entropy was not finite"),
                       afd::NonFiniteError);
  mend();

  // Gradients that are summed up are not in a weight yet.
  afd_test::Probe c, d;
  afd::Distiller summing{afd::topology::Pair{}, Strategy{CrossEntropy{}, Cliff{}},
                         afd::DistillerOptions{.logit = afd::Sgd{.accumulate = 4}, .non_finite = afd::DeferNonFinite{}},
                         c, d};
  summing.step(batch);
  static_cast<void>(summing.state());
  Cliff::is_steep = true;
  summing.step(batch);
  Cliff::is_steep = false;
  CHECK(c->head->weight.isfinite().all().item<bool>());
  CHECK_THROWS_WITH_AS(static_cast<void>(summing.state()), doctest::Contains("logit optimizer 0/"),
                       afd::NonFiniteError);
}

TEST_CASE("factors of rates are a part of the state") {
  torch::manual_seed(1);
  auto a = tiny_network(), b = tiny_network(), c = tiny_network(), d = tiny_network();
  afd::Distiller slow{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  const afd::Batch batch = afd_test::tiny_batch();
  slow.step(batch);
  slow.scale_rates({.logit = 0.1, .feature = 0.2, .discriminator = 0.3});
  afd::Distiller other{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, c, d};
  other.load_state(slow.state());
  slow.step(batch);
  other.step(batch);
  CHECK(other.state().to_bytes() == slow.state().to_bytes());
}

TEST_CASE("a network that has a parameter under two names trains it once a step, and is saved and loaded") {
  struct Tied : torch::nn::Module {
    explicit Tied(bool is_tied) : inner(register_module("inner", afd_test::Probe())) {
      if (is_tied) register_parameter("again", inner->head->weight);
    }
    afd::Outputs forward(const torch::Tensor& inputs) { return inner->forward(inputs); }
    afd_test::Probe inner;
  };
  const auto make = [](std::uint64_t seed, bool is_tied) {
    torch::manual_seed(seed);
    return std::make_shared<Tied>(is_tied);
  };
  const afd::Batch batch = some_batches(1).front();
  const auto train = [&](bool is_tied) {
    auto a = make(3, is_tied), b = make(4, is_tied);
    afd::Distiller distiller{afd::topology::Pair{}, afd::DeepMutualLearning{}, a, b};
    distiller.step(batch);
    const afd::StateDict state = distiller.state();
    auto c = make(5, is_tied), d = make(6, is_tied);
    afd::Distiller other{afd::topology::Pair{}, afd::DeepMutualLearning{}, c, d};
    other.load_state(state);
    distiller.step(batch);
    other.step(batch);
    CHECK(other.state().to_bytes() == distiller.state().to_bytes());
    return a->inner->head->weight.detach().clone();
  };
  CHECK(train(true).equal(train(false)));
}

TEST_CASE("the state of another recipe or of other shapes is refused, and nothing has changed") {
  torch::manual_seed(1);
  auto a = tiny_network(), b = tiny_network();
  afd::Distiller distiller{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, a, b};
  distiller.step(afd_test::tiny_batch());
  const afd::StateDict state = distiller.state();

  auto c = tiny_network(), d = tiny_network(), wide = tiny_network({3, 9});
  const auto before_c = afd_test::state_of(*c);
  const torch::Tensor random = afd::detail::cpu_generator().get_state();
  const auto refused = [&](auto& other, const char* message, auto error) {
    using Error = decltype(error);
    CHECK_THROWS_WITH_AS(other.load_state(state), doctest::Contains(message), Error);
    CHECK_FALSE(other.is_built());
    CHECK(afd_test::same_state(*c, before_c));
    CHECK(afd::detail::cpu_generator().get_state().equal(random));
  };
  const afd::ConfigError config("");
  afd::Distiller warmer{afd::topology::Pair{},
                        Strategy{CrossEntropy{}, MutualKL{.temperature = 4}, afd::Adversarial<>{}}, c, d};
  refused(warmer, "term mutual_kl.temperature: 3 in the file, 4 here", config);
  afd::Distiller one_way{afd::topology::OneWay{}, afd::AdversarialFeatureDistillation{}, c, d};
  refused(one_way, "term mutual_kl edges: 0 -> 1, 1 -> 0 in the file, 0 -> 1 here", config);
  afd::Distiller dml{afd::topology::Pair{}, afd::DeepMutualLearning{}, c, d};
  refused(dml, "nothing here", config);
  afd::Distiller slow{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{},
                      afd::DistillerOptions{.logit = afd::Sgd{.lr = 0.01}}, c, d};
  refused(slow, "logit optimizer.lr: 0.1 in the file, 0.01 here", config);

  afd::Distiller other_shape{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, c, wide};
  refused(other_shape, "network 1/", afd::FormatError(""));
  CHECK_THROWS_AS(other_shape.load_state(afd::StateDict()), afd::ConfigError);
  afd::Distiller fresh{afd::topology::Pair{}, afd::AdversarialFeatureDistillation{}, c, d};
  CHECK_THROWS_AS(static_cast<void>(fresh.state()), afd::ConfigError);
}

TEST_SUITE_END();
