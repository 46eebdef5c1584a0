// SPDX-License-Identifier: MIT
#include <afd/step/distiller.hpp>
//
// Terms at several stages of a network, and features of several shapes: against steps written by hand.
#include <string>
#include <vector>

#include <afd/strategy/recipes.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("step");

using afd_test::check_close;
using afd_test::Notes;
using afd_test::reference_gradients;
using afd_test::tiny_batch;
using torch::Tensor;

namespace {

/// Three stages of maps: [w, 8, 8], [2w, 4, 4], [4w, 2, 2].
struct StagesImpl : torch::nn::Module {
  explicit StagesImpl(std::int64_t width) {
    std::int64_t in = 1;
    for (std::int64_t i = 0; i < 3; ++i) {
      const std::int64_t out = width << i;
      stages.push_back(
          register_module("stage" + std::to_string(i),
                          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(i == 0 ? 1 : 2).padding(1))));
      in = out;
    }
    head = register_module("head", torch::nn::Linear(in, afd_test::tiny_classes));
    to(torch::kDouble);
  }
  afd::TappedOutputs<3> forward(const Tensor& images) {
    afd::TappedOutputs<3> out;
    Tensor map = images;
    for (std::size_t i = 0; i < 3; ++i) map = out.taps[i] = torch::tanh(stages[i](map));
    out.logits = head(map.mean({2, 3}));
    return out;
  }
  std::vector<torch::nn::Conv2d> stages;
  torch::nn::Linear head{nullptr};
};
TORCH_MODULE(Stages);

/// The attention map of one stage, flattened and of length 1.
Tensor attention(const Tensor& map) {
  const Tensor rows = map.square().mean(1).flatten(1);
  return rows / rows.norm(2, {1}, true);
}

std::vector<std::string> columns(const auto& entries) {
  std::vector<std::string> all;
  for (const auto& entry : entries) all.push_back(entry.column());
  return all;
}

/// Tokens [N, 16, C], one for each 2x2 patch of an 8x8 image, in place of a map.
struct TokenNetImpl : torch::nn::Module {
  explicit TokenNetImpl(std::int64_t channels) : embed(register_module("embed", torch::nn::Linear(4, channels))) {
    to(torch::kDouble);
  }
  struct Out {
    afd::Tokens features;
  };
  Out forward(const Tensor& images) {
    const Tensor patches = images.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4).flatten(2, 3).squeeze(1);
    return {{embed(patches)}};
  }
  torch::nn::Linear embed;
};
TORCH_MODULE(TokenNet);

}  // namespace

TEST_CASE("attention transfer over three stages is three terms, each with a name and a weight of its own") {
  torch::manual_seed(1);
  Stages a(2), b(3);
  const Notes notes;
  const afd::Strategy strategy{afd::At<0, afd::AttentionTransfer>{{.weight = 10}},
                               afd::At<1, afd::AttentionTransfer>{{.weight = 20}},
                               afd::At<2, afd::AttentionTransfer>{{.weight = 30}}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  using Names = std::vector<std::string>;
  CHECK(columns(report.entries) == Names{"attention_transfer_at_0_0_to_1", "attention_transfer_at_0_1_to_0",
                                         "attention_transfer_at_1_0_to_1", "attention_transfer_at_1_1_to_0",
                                         "attention_transfer_at_2_0_to_1", "attention_transfer_at_2_1_to_0"});
  const auto of_a = a->forward(batch.inputs), of_b = b->forward(batch.inputs);
  Tensor sum = torch::zeros({}, torch::kDouble);
  for (std::size_t i = 0; i < 3; ++i) {
    const Tensor one = (attention(of_b.taps[i]) - attention(of_a.taps[i].detach())).square().mean();
    CHECK(report.value("attention_transfer_at_" + std::to_string(i), 0, 1) ==
          doctest::Approx(one.item<double>()).epsilon(1e-10));
    sum = sum + 10 * static_cast<double>(i + 1) * one;
  }
  check_close(notes.feature[1].gradients, reference_gradients(sum, b->parameters()));
}

TEST_CASE("a hint goes from a middle stage of the teacher to a middle stage of the student, through a convolution") {
  torch::manual_seed(2);
  Stages teacher(4), student(2);
  const Notes notes;
  using Hint = afd::At<afd::Ends{.teacher = 1, .student = 1}, afd::FeatureL2>;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, afd::Named<"hint", Hint>>{},
                           notes.options(), afd::frozen(teacher), student};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  auto& layers = *distiller.cohort().edges().modules().at(0);
  layers.eval();
  std::vector<Tensor> parameters = student->parameters();
  for (const Tensor& parameter : layers.parameters()) parameters.push_back(parameter);
  CHECK(parameters.size() == student->parameters().size() + 3);  // conv.weight, norm.weight, norm.bias
  // Conv 1x1 - BatchNorm (of this batch), written by hand; the teacher's taps have both signs, so that no ReLU follows.
  REQUIRE(teacher->forward(batch.inputs).taps[1].lt(0).any().item<bool>());
  const Tensor weight = layers.named_parameters()["student.layers.conv.weight"];
  const Tensor mapped = torch::conv2d(student->forward(batch.inputs).taps[1], weight);
  const Tensor centred = mapped - mapped.mean({0, 2, 3}, true);
  const Tensor normal = centred / (centred.square().mean({0, 2, 3}, true) + 1e-5).sqrt();
  const Tensor gamma = layers.named_parameters()["student.layers.norm.weight"].view({1, -1, 1, 1});
  const Tensor beta = layers.named_parameters()["student.layers.norm.bias"].view({1, -1, 1, 1});
  const Tensor theirs = teacher->forward(batch.inputs).taps[1].detach();
  const Tensor loss = (normal * gamma + beta - theirs).square().mean();
  CHECK(report.value("hint", 0, 1) == doctest::Approx(loss.item<double>()).epsilon(1e-9));
  check_close(notes.feature[0].gradients, reference_gradients(loss, parameters));
}

TEST_CASE("the two sides of an edge may be tapped at different stages") {
  torch::manual_seed(3);
  Stages a(2), b(2);
  using Term = afd::At<afd::Ends{.teacher = 2, .student = 1}, afd::AttentionTransfer>;
  const Notes notes;
  afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy<Term>{}, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor own = b->forward(batch.inputs).taps[1], peer = a->forward(batch.inputs).taps[2].detach();
  // Attention is averaged to the smaller map.
  const Tensor pooled = torch::adaptive_avg_pool2d(own.square().mean(1), {2, 2}).flatten(1);
  const Tensor loss = (pooled / pooled.norm(2, {1}, true) - attention(peer)).square().mean();
  CHECK(report.value("attention_transfer_at_2_1", 0, 1) == doctest::Approx(loss.item<double>()).epsilon(1e-10));
  check_close(notes.feature[1].gradients, reference_gradients(1000 * loss, b->parameters()));
}

TEST_CASE("an adversary at each of two stages has layers, a rate and a loss of its own") {
  torch::manual_seed(4);
  Stages a(2), b(2);
  const Notes notes;
  using Linear = afd::Adversarial<afd::LinearDiscriminator>;  // without a BatchNorm, so that it can be run again
  const afd::Strategy strategy{afd::At<1, Linear>{{.weight = 0.5}}, afd::At<2, Linear>{}};
  afd::Distiller distiller{afd::topology::Pair{}, strategy, notes.options(), a, b};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  REQUIRE(notes.discriminator.log->size() == 4);
  REQUIRE(notes.feature.log->size() == 2);

  const auto of_a = a->forward(batch.inputs), of_b = b->forward(batch.inputs);
  const auto game = [&](auto& edge, std::size_t tap) {
    const Tensor real = torch::sigmoid(edge.discriminator->forward(of_a.taps[tap].detach()));
    const Tensor fake = torch::sigmoid(edge.discriminator->forward(of_b.taps[tap]));
    return afd::GameLosses{(1 - fake).square().mean(), (1 - real).square().mean() + fake.square().mean()};
  };
  auto& first = distiller.cohort().layers<0, 0>();
  auto& second = distiller.cohort().layers<1, 0>();
  const afd::GameLosses one = game(first, 1), two = game(second, 2);
  CHECK(report.value("adversarial_at_1", 0, 1) == doctest::Approx(one.generator.item<double>()).epsilon(1e-12));
  CHECK(report.value("adversarial_at_2", 0, 1) == doctest::Approx(two.generator.item<double>()).epsilon(1e-12));
  check_close(notes.feature[1].gradients, reference_gradients(0.5 * one.generator + two.generator, b->parameters()));
  check_close(notes.discriminator[0].gradients,
              reference_gradients(one.discriminator, first.discriminator->parameters()));
  check_close(notes.discriminator[2].gradients,
              reference_gradients(two.discriminator, second.discriminator->parameters()));
  const std::vector<afd::GameHealth> games = distiller.game_health(std::vector<afd::Batch>{batch});
  REQUIRE(games.size() == 4);
  CHECK(games[0].term == "adversarial_at_1");
  CHECK(games[3].term == "adversarial_at_2");
}

TEST_CASE("a token student learns from a map teacher where their places agree") {
  torch::manual_seed(5);
  auto teacher = afd_test::tiny_network({3, 5});  // maps [5, 4, 4]
  TokenNet student(5);                            // tokens [16, 5]
  const Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::FeatureL1>{}, notes.options(),
                           afd::frozen(teacher), student};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  const Tensor places = teacher->forward(batch.inputs).features.detach().flatten(2).transpose(1, 2);  // [N, 16, 5]
  const Tensor loss = (student->forward(batch.inputs).features.values - places).abs().mean();
  CHECK(report.value("feature_l1", 0, 1) == doctest::Approx(loss.item<double>()).epsilon(1e-12));
  check_close(notes.feature[0].gradients, reference_gradients(loss, student->parameters()));
  // And with layers and an adversary between them.
  TokenNet other(7);
  afd::Distiller game{afd::topology::OneWay{}, afd::Strategy<afd::Adversarial<>>{}, afd::frozen(teacher), other};
  CHECK(std::isfinite(game.step(batch).discriminator_value("adversarial", 0, 1)));
}

TEST_CASE("tokens and maps whose places do not agree are refused with the way out") {
  auto teacher = afd_test::tiny_network({3, 5}, 2);  // maps [5, 2, 2]
  struct ClassTokenImpl : TokenNetImpl {
    ClassTokenImpl() : TokenNetImpl(5) {}
    Out forward(const Tensor& images) {
      const Tensor tokens = TokenNetImpl::forward(images).features.values;
      return {{torch::cat({tokens.mean(1, true), tokens}, 1)}};
    }
  };
  ClassTokenImpl student;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::FeatureL1>{}, afd::frozen(teacher), student};
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("edge 0 -> 1, term feature_l1"),
                       afd::ShapeError);
  CHECK_THROWS_WITH_AS(distiller.step(tiny_batch()), doctest::Contains("x.slice(1, 1)"), afd::ShapeError);
}

TEST_CASE("sequences, volumes and vectors have transfers and discriminators, too") {
  struct ShapedImpl : torch::nn::Module {
    ShapedImpl(std::vector<std::int64_t> shape, std::int64_t channels) : sizes(std::move(shape)) {
      std::int64_t places = 1;
      for (const std::int64_t side : sizes) places *= side;
      layer = register_module("layer", torch::nn::Linear(64, channels * places));
      sizes.insert(sizes.begin(), {-1, channels});
      to(torch::kDouble);
    }
    struct Out {
      Tensor features;
    };
    Out forward(const Tensor& images) { return {torch::tanh(layer(images.flatten(1))).view(sizes)}; }
    std::vector<std::int64_t> sizes;
    torch::nn::Linear layer{nullptr};
  };
  torch::manual_seed(6);
  const auto learns = [](const std::vector<std::int64_t>& shape, const auto& adversary) {
    CAPTURE(shape.size());
    ShapedImpl a(shape, 3), b(shape, 5);
    const afd::Strategy strategy{adversary, afd::FeatureL2{}};
    afd::Distiller distiller{afd::topology::Pair{}, strategy, afd::DistillerOptions{.feature = afd::Adam{.lr = 1e-2}},
                             a, b};
    const afd::Batch batch = tiny_batch();
    const double first = distiller.step(batch).value("feature_l2", 0, 1);
    for (int i = 0; i < 60; ++i) distiller.step(batch);
    CHECK(distiller.step(batch).value("feature_l2", 0, 1) < 0.8 * first);
  };
  learns({}, afd::Adversarial<>{});
  learns({6}, afd::Adversarial<>{});
  learns({2, 4, 3}, afd::Adversarial<afd::VolumeConvDiscriminator>{});
  CHECK_THROWS_WITH_AS(learns({2, 4, 3}, afd::Adversarial<>{}), doctest::Contains("afd::VolumeConvDiscriminator"),
                       afd::ShapeError);
}

TEST_SUITE_END();
