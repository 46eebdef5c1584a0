// SPDX-License-Identifier: MIT
#include <afd/discriminator/discriminator.hpp>

#include <memory>

#include <torch/nn.h>
#include <torch/types.h>

#include "discriminator/conformance.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("discriminator");

namespace {

using torch::Tensor;

// Someone else's discriminator, in a plain shared_ptr and with a hyper-parameter that has no default.
struct SumScore : torch::nn::Module {
  double scale;
  explicit SumScore(double s) : scale(s) {}
  Tensor forward(const Tensor& features) { return features.flatten(1).sum(1) * scale; }
};
struct SumDiscriminator {
  double scale;
  explicit SumDiscriminator(double s) : scale(s) {}
  [[nodiscard]] std::shared_ptr<SumScore> make(const afd::FeatureShape&) const {
    return std::make_shared<SumScore>(scale);
  }
};
static_assert(afd::Discriminator<SumDiscriminator>);

struct WithoutMake {};
static_assert(!afd::DiscriminatorMakesModule<WithoutMake> && !afd::DiscriminatorScoresFeatures<WithoutMake>);

struct Handleless {
  [[nodiscard]] std::unique_ptr<SumScore> make(const afd::FeatureShape&) const {
    return std::make_unique<SumScore>(1.0);
  }
};
static_assert(!afd::DiscriminatorMakesModule<Handleless>, "a module that cannot be shared cannot be registered");

struct NotAModule {
  struct Scorer {
    Tensor forward(const Tensor& features) { return features; }
  };
  [[nodiscard]] std::shared_ptr<Scorer> make(const afd::FeatureShape&) const { return std::make_shared<Scorer>(); }
};
static_assert(!afd::DiscriminatorMakesModule<NotAModule> && afd::DiscriminatorScoresFeatures<NotAModule>);

struct ScoresNothing {
  struct Silent : torch::nn::Module {
    void forward(const Tensor&) {}
  };
  [[nodiscard]] std::shared_ptr<Silent> make(const afd::FeatureShape&) const { return std::make_shared<Silent>(); }
};
static_assert(afd::DiscriminatorMakesModule<ScoresNothing> && !afd::DiscriminatorScoresFeatures<ScoresNothing>);

}  // namespace

TEST_CASE("LinearDiscriminator conforms") {
  afd_test::check_discriminator(afd::LinearDiscriminator{});
}

TEST_CASE("LinearDiscriminator scores the pooled map linearly") {
  torch::manual_seed(1);
  auto module = afd::LinearDiscriminator{}.make({3, {2, 4}});
  const Tensor map = torch::randn({5, 3, 2, 4});
  const auto parameters = module->named_parameters();
  const Tensor expected = torch::mv(map.sum(3).sum(2) / 8, parameters["score.weight"][0]) + parameters["score.bias"];
  const Tensor scores = module->forward(map);
  CHECK(scores.sizes() == torch::IntArrayRef({5}));
  CHECK(torch::allclose(scores, expected, 1e-5, 1e-6));
}

TEST_CASE("LinearDiscriminator scores vectors as they are, and the mean over any places") {
  torch::manual_seed(1);
  auto of_vectors = afd::LinearDiscriminator{}.make({3, {}});
  torch::manual_seed(1);
  auto of_volumes = afd::LinearDiscriminator{}.make({3, {2, 1, 4}});
  const Tensor volumes = torch::randn({5, 3, 2, 1, 4});
  const Tensor means = volumes.flatten(2).sum(2) / 8;
  const auto parameters = of_vectors->named_parameters();
  const Tensor expected = torch::mv(means, parameters["score.weight"][0]) + parameters["score.bias"];
  CHECK(torch::allclose(of_vectors->forward(means), expected, 1e-5, 1e-6));
  CHECK(torch::allclose(of_volumes->forward(volumes), expected, 1e-5, 1e-6));
}

TEST_SUITE_END();
