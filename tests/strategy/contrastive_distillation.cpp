// SPDX-License-Identifier: MIT
#include <afd/strategy/contrastive_distillation.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/data/bytes.hpp>
#include <afd/network/frozen.hpp>
#include <afd/state/state_dict.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/one_way.hpp>
#include <afd/topology/pair.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::ContrastiveDistillation;
using afd_test::same_state;
using afd_test::state_of;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

static_assert(afd::EdgeTerm<ContrastiveDistillation> && afd::TermMakesEdge<ContrastiveDistillation>);
static_assert(!afd::AdversarialTerm<ContrastiveDistillation>);
static_assert(ContrastiveDistillation::level == afd::Level::feature);
static_assert(std::is_same_v<afd::TermReads<ContrastiveDistillation>, afd::Features>);
static_assert(afd::EdgeTermOf<ContrastiveDistillation, Tensor, Tensor, int>);

namespace {

/// A loss that is what a variable says.
struct Planted {
  static constexpr std::string_view name = "planted";
  static constexpr afd::Level level = afd::Level::logit;
  const double* value;
  double weight = 1.0;
  Tensor loss(const afd::Outputs& outputs, const Tensor&) const { return outputs.logits.mean() * 0 + *value; }
};

using Row = std::vector<double>;

/// What one side of the edge's layers makes of a map's means over its places, in plain numbers.
std::vector<Row> projected(const torch::nn::Module& layers, const std::string& side, const Tensor& map) {
  const Tensor means = map.detach().mean({2, 3}), weight = layers.named_parameters()[side + ".weight"].detach(),
               bias = layers.named_parameters()[side + ".bias"].detach();
  std::vector<Row> rows;
  for (std::int64_t n = 0; n < means.size(0); ++n) {
    Row row;
    double square = 0;
    for (std::int64_t d = 0; d < weight.size(0); ++d) {
      double sum = bias[d].item<double>();
      for (std::int64_t c = 0; c < weight.size(1); ++c) sum += weight[d][c].item<double>() * means[n][c].item<double>();
      row.push_back(sum);
      square += sum * sum;
    }
    for (double& number : row) number /= std::sqrt(square);
    rows.push_back(row);
  }
  return rows;
}

/// The loss, written out: key n belongs to row n.
double contrast(const std::vector<Row>& rows, const std::vector<Row>& keys, double temperature) {
  double loss = 0;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    double all = 0, own = 0;
    for (std::size_t m = 0; m < keys.size(); ++m) {
      double product = 0;
      for (std::size_t d = 0; d < keys[m].size(); ++d) product += rows[n][d] * keys[m][d];
      all += std::exp(product / temperature);
      if (m == n) own = std::exp(product / temperature);
    }
    loss -= std::log(own / all);
  }
  return loss / static_cast<double>(rows.size());
}

bool same_rows(const Tensor& tensor, const std::vector<Row>& rows) {
  if (tensor.size(0) != static_cast<std::int64_t>(rows.size())) return false;
  for (std::size_t n = 0; n < rows.size(); ++n)
    for (std::size_t d = 0; d < rows[n].size(); ++d) {
      const double number = tensor[static_cast<std::int64_t>(n)][static_cast<std::int64_t>(d)].item<double>();
      if (std::abs(number - rows[n][d]) > 1e-12) return false;
    }
  return true;
}

const ContrastiveDistillation small{.dimension = 4, .memory = 10, .temperature = 0.2};

}  // namespace

TEST_CASE("an edge's layers have the options' sizes, whatever the features' places") {
  const auto edge = ContrastiveDistillation{.dimension = 7, .memory = 9}.make_edge({3, {4, 4}}, {5, {}});
  CHECK(edge.transfer->named_parameters()["student.weight"].sizes() == torch::IntArrayRef({7, 3}));
  CHECK(edge.transfer->named_parameters()["teacher.weight"].sizes() == torch::IntArrayRef({7, 5}));
  CHECK(edge.transfer->named_buffers()["memory"].sizes() == torch::IntArrayRef({9, 7}));
}

TEST_CASE("features are averaged over their places, tokens as maps") {
  const ContrastiveDistillation term;
  const Tensor map = torch::randn({2, 3, 2, 4}, torch::kDouble);
  CHECK(term.view(map).allclose(map.mean({2, 3})));
  CHECK(term.view(afd::Tokens{map.flatten(2).transpose(1, 2), 2, 4}).allclose(map.mean({2, 3})));
  const Tensor vectors = torch::randn({2, 3});
  CHECK(term.view(vectors).is_same(vectors));
}

TEST_CASE("losses and memory of two steps are those that are computed by hand") {
  torch::manual_seed(0);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  const afd_test::Notes notes;  // nothing moves but the memory
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, small}, notes.options(), teacher,
                           student};
  const afd::Batch first = tiny_batch(), second = tiny_batch();
  distiller.build(first);
  const torch::nn::Module& layers = *distiller.cohort().edges().modules().at(0);
  const Tensor memory = layers.named_buffers()["memory"], count = layers.named_buffers()["count"];
  CHECK(memory.abs().max().item<double>() == 0);  // a look at the first batch leaves no trace
  CHECK(count.item<std::int64_t>() == 0);

  const double loss_of_first = distiller.step(first).value("contrastive", 0, 1);
  const auto rows = projected(layers, "student", student->forward(first.inputs).features);
  const auto keys = projected(layers, "teacher", teacher->forward(first.inputs).features);
  CHECK(loss_of_first == doctest::Approx(contrast(rows, keys, 0.2)).epsilon(1e-10));
  CHECK(count.item<std::int64_t>() == 6);
  CHECK(same_rows(memory.slice(0, 0, 6), keys));

  const double loss_of_second = distiller.step(second).value("contrastive", 0, 1);
  const auto rows_2 = projected(layers, "student", student->forward(second.inputs).features);
  auto keys_2 = projected(layers, "teacher", teacher->forward(second.inputs).features);
  const std::vector<Row> of_second = keys_2;
  keys_2.insert(keys_2.end(), keys.begin(), keys.end());
  CHECK(loss_of_second == doctest::Approx(contrast(rows_2, keys_2, 0.2)).epsilon(1e-10));
  CHECK(count.item<std::int64_t>() == 12);
  // Room for ten: the two oldest of the first batch have gone.
  const std::vector<Row> expected{of_second[4], of_second[5], keys[2],      keys[3],      keys[4],
                                  keys[5],      of_second[0], of_second[1], of_second[2], of_second[3]};
  CHECK(same_rows(memory, expected));
}

TEST_CASE("its gradient reaches the student's extractor and both projections; no head, no teacher, no memory") {
  torch::manual_seed(1);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  const afd_test::Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, small}, notes.options(), teacher,
                           student};
  distiller.step(tiny_batch());
  torch::nn::Module& layers = *distiller.cohort().edges().modules().at(0);
  const Tensor memory = layers.named_buffers()["memory"].clone(), count = layers.named_buffers()["count"].clone();
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);  // with a memory that is not empty and that changes before the backward

  REQUIRE(notes.feature.log->size() == 1);
  std::vector<Tensor> inputs = student->parameters();
  for (const Tensor& parameter : layers.parameters()) inputs.push_back(parameter);
  const auto& seen = notes.feature[0];
  REQUIRE(seen.parameters.size() == inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(seen.parameters[i].is_same(inputs[i]));

  const auto unit = [&](const std::string& side, const Tensor& map) {
    const Tensor row = torch::linear(map.mean({2, 3}), layers.named_parameters()[side + ".weight"],
                                     layers.named_parameters()[side + ".bias"]);
    return row / row.square().sum(1, true).sqrt();
  };
  const Tensor keys = torch::cat({unit("teacher", teacher->forward(batch.inputs).features.detach()),
                                  memory.slice(0, 0, count.item<std::int64_t>())});
  const Tensor scores = unit("student", student->forward(batch.inputs).features).matmul(keys.t()) / 0.2;
  const Tensor loss = (scores.exp().sum(1).log() - scores.diagonal()).mean();
  const auto expected = afd_test::reference_gradients(loss, inputs);
  afd_test::check_close(seen.gradients, expected);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool is_head = inputs[i].is_same(student->named_parameters()["head.weight"]) ||
                         inputs[i].is_same(student->named_parameters()["head.bias"]);
    REQUIRE(seen.gradients[i].defined() != is_head);
    if (!is_head) CHECK(seen.gradients[i].abs().max().item<double>() > 0);
  }
  for (const Tensor& parameter : teacher->parameters()) CHECK_FALSE(parameter.grad().defined());
  CHECK_FALSE(layers.named_buffers()["memory"].requires_grad());
}

TEST_CASE("a student that is taught by contrast alone finds the teacher's view of a sample among others") {
  torch::manual_seed(3);
  auto teacher = tiny_network({8, 8}), student = tiny_network({8, 8});
  afd::Distiller distiller{
      afd::topology::OneWay{}, afd::Strategy{ContrastiveDistillation{.dimension = 8, .memory = 48, .temperature = 0.1}},
      afd::DistillerOptions{.feature = afd::Adam{.lr = 1e-2, .weight_decay = 0}}, afd::frozen(teacher), student};
  // Samples differ by the brightness of their quarters.
  const auto samples = [](std::int64_t count) {
    afd::Batch batch = tiny_batch(count);
    batch.inputs = 0.1 * batch.inputs +
                   torch::randn({count, 1, 2, 2}, torch::kDouble).repeat_interleave(4, 2).repeat_interleave(4, 3);
    return batch;
  };
  const afd::Batch unseen = samples(16);
  const auto found = [&] {  // how many of them are nearest to their own
    const torch::NoGradGuard no_grad;
    auto& layers = *distiller.cohort().layers<0, 0>().transfer;
    student->eval();
    const auto means = [&](auto& net) { return net->forward(unseen.inputs).features.mean({2, 3}); };
    const Tensor nearest = layers.student(means(student)).matmul(layers.teacher(means(teacher)).t()).argmax(1);
    return nearest.eq(torch::arange(16)).sum().template item<std::int64_t>();
  };
  distiller.step(samples(16));
  const std::int64_t before = found();
  for (int i = 0; i < 400; ++i) distiller.step(samples(16));
  const std::int64_t after = found();
  CAPTURE(before);
  CHECK(before <= 4);
  CHECK(after >= 7);
}

TEST_CASE("in eval mode the memory is read and not written") {
  torch::manual_seed(2);
  auto edge = small.make_edge({3, {}}, {5, {}});
  const Tensor student = torch::randn({4, 3}), teacher = torch::randn({4, 5});
  CHECK(edge.transfer->is_training());
  static_cast<void>(small.loss(edge, student, teacher));
  edge.transfer->eval();
  const auto before = state_of(*edge.transfer);
  const Tensor loss = small.loss(edge, student, teacher);
  CHECK(same_state(*edge.transfer, before));
  CHECK(torch::equal(small.loss(edge, student, teacher), loss));
  const Tensor keys = edge.transfer->teacher(teacher);  // which the memory holds as well
  CHECK(loss.item<double>() ==
        doctest::Approx(
            afd::loss::info_nce(edge.transfer->student(student), torch::cat({keys, keys}), 0.2).item<double>()));
}

TEST_CASE("a step that is refused or skipped puts the memory back") {
  torch::manual_seed(3);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  double planted = 0;
  const auto check = [&](auto policy, bool throws) {
    afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, small, Planted{&planted}},
                             afd::DistillerOptions{.non_finite = policy}, teacher, student};
    planted = 0;
    distiller.step(tiny_batch());
    const torch::nn::Module& layers = *distiller.cohort().edges().modules().at(0);
    const auto before = state_of(layers);
    planted = std::nan("");
    if (throws) {
      CHECK_THROWS_AS(distiller.step(tiny_batch()), afd::NonFiniteError);
    } else {
      CHECK(distiller.step(tiny_batch()).skipped);
    }
    CHECK(same_state(layers, before));
    planted = 0;
    distiller.step(tiny_batch());
    CHECK(layers.named_buffers()["count"].item<std::int64_t>() == 12);
  };
  check(afd::ThrowNonFinite{}, true);
  check(afd::SkipNonFinite{}, false);
}

TEST_CASE("a batch that cannot be used leaves the memory alone") {
  torch::manual_seed(4);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, small}, teacher, student};
  distiller.step(tiny_batch());
  const torch::nn::Module& layers = *distiller.cohort().edges().modules().at(0);
  const auto before = state_of(layers);
  const afd::Batch batch = tiny_batch();
  CHECK_THROWS_AS(distiller.step(afd::Batch{batch.inputs, batch.targets + 9}), afd::DataError);
  CHECK(same_state(layers, before));
}

TEST_CASE("a run that is saved and loaded has the same next losses, memory included") {
  torch::manual_seed(5);
  const std::vector<afd::Batch> batches{tiny_batch(), tiny_batch(), tiny_batch(), tiny_batch()};
  const auto with = [&](std::uint64_t seed, const auto& use) {
    torch::manual_seed(seed);
    auto a = tiny_network(), b = tiny_network({4, 6});
    afd::Distiller distiller{afd::topology::Pair{}, afd::Strategy{afd::CrossEntropy{}, small}, a, b};
    use(distiller);
  };
  afd::Bytes file;
  std::vector<double> expected, found;
  with(1, [&](auto& distiller) {
    for (std::size_t i = 0; i < 2; ++i) distiller.step(batches[i]);
    file = distiller.state().to_bytes();
    for (std::size_t i = 2; i < 4; ++i) {
      const auto report = distiller.step(batches[i]);
      expected.insert(expected.end(), {report.value("contrastive", 0, 1), report.value("contrastive", 1, 0)});
    }
  });
  with(2, [&](auto& distiller) {
    distiller.load_state(afd::StateDict::from_bytes(file, "file"));
    CHECK(distiller.cohort().edges().modules().at(1)->named_buffers()["count"].template item<std::int64_t>() == 12);
    for (std::size_t i = 2; i < 4; ++i) {
      const auto report = distiller.step(batches[i]);
      found.insert(found.end(), {report.value("contrastive", 0, 1), report.value("contrastive", 1, 0)});
    }
  });
  CHECK(found == expected);
}

TEST_CASE("options that cannot be are refused with their place, before anything is trained") {
  afd_test::Probe a, b;
  const auto build = [&](const ContrastiveDistillation& term) {
    afd::Distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, term}, a, b}.build(tiny_batch());
  };
  CHECK_THROWS_WITH_AS(
      build({.dimension = 0}),
      doctest::Contains("edge 0 -> 1, term contrastive: ContrastiveDistillation: dimension and memory"),
      afd::ConfigError);
  CHECK_THROWS_AS(build({.memory = 0}), afd::ConfigError);
  CHECK_THROWS_WITH_AS(build({.temperature = -1}), doctest::Contains("temperature"), afd::ConfigError);
  CHECK_THROWS_AS(static_cast<void>(small.make_edge({0, {}}, {3, {}})), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(small.view(torch::zeros({4}))), afd::ShapeError);
}

TEST_SUITE_END();
