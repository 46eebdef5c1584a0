// SPDX-License-Identifier: MIT
#include <afd/strategy/relational_kd.hpp>
//
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <torch/torch.h>

#include <afd/network/frozen.hpp>
#include <afd/step/distiller.hpp>
#include <afd/strategy/cross_entropy.hpp>
#include <afd/strategy/strategy.hpp>
#include <afd/topology/all_pairs.hpp>
#include <afd/topology/one_way.hpp>

#include "support/doctest.hpp"
#include "support/notes.hpp"
#include "support/tiny.hpp"

TEST_SUITE_BEGIN("strategy");

using afd::RelationalKD;
using afd_test::tiny_batch;
using afd_test::tiny_network;
using torch::Tensor;

static_assert(afd::LossTerm<RelationalKD> && afd::EdgeTerm<RelationalKD> && !afd::TermMakesEdge<RelationalKD>);
static_assert(RelationalKD::level == afd::Level::feature && std::is_same_v<RelationalKD::Reads, afd::Features>);
static_assert(afd::EdgeTermOf<RelationalKD, afd::Relations, afd::Relations, int>);
static_assert(!afd::TermViews<RelationalKD, std::vector<Tensor>>);

namespace {

/// RKD-D + 2 RKD-A of vectors, with LibTorch's operators on lists of pairs and triples.
Tensor written_out(const Tensor& student, const Tensor& teacher) {
  const auto relative = [](const Tensor& e) {
    const Tensor lengths = torch::pdist(e);
    return lengths / lengths.mean();
  };
  const Tensor of_distances = torch::smooth_l1_loss(relative(student), relative(teacher));
  std::vector<Tensor> ours, theirs;
  const auto cosine = [](const Tensor& e, std::int64_t i, std::int64_t j, std::int64_t k) {
    return torch::cosine_similarity(e[i] - e[j], e[k] - e[j], 0);
  };
  for (std::int64_t i = 0; i < student.size(0); ++i)
    for (std::int64_t j = 0; j < student.size(0); ++j)
      for (std::int64_t k = 0; k < i; ++k) {
        if (j == i || j == k) continue;
        ours.push_back(cosine(student, i, j, k));
        theirs.push_back(cosine(teacher, i, j, k));
      }
  return of_distances + 2 * torch::smooth_l1_loss(torch::stack(ours), torch::stack(theirs));
}

Tensor pooled(const Tensor& map) {
  return map.mean({2, 3});
}

}  // namespace

TEST_CASE("samples are related by their features' means over all places, vectors and tokens as well") {
  torch::manual_seed(0);
  const RelationalKD term;
  const Tensor map = torch::randn({5, 3, 2, 4}, torch::kDouble);
  const afd::Relations of_map = term.view(map);
  CHECK(torch::equal(term.view(pooled(map)).distances, of_map.distances));
  CHECK(torch::equal(term.view(pooled(map)).angles, of_map.angles));
  const afd::Tokens tokens{map.flatten(2).transpose(1, 2), 2, 4};
  CHECK(torch::allclose(term.view(tokens).distances, of_map.distances, 1e-12, 1e-12));
  CHECK(torch::allclose(term.view(map.flatten(2)).angles, of_map.angles, 1e-12, 1e-12));
}

TEST_CASE("distances and angles have their factors, and without one of them the angles are not computed") {
  torch::manual_seed(1);
  const Tensor student = torch::randn({5, 3}, torch::kDouble), teacher = torch::randn({5, 6}, torch::kDouble);
  const auto loss = [&](const RelationalKD& term) {
    return term.loss(term.view(student), term.view(teacher)).item<double>();
  };
  const double of_distances = loss({.distance = 1, .angle = 0}), of_angles = loss({.distance = 0, .angle = 1});
  CHECK(of_distances > 0);
  CHECK(of_angles > 0);
  CHECK(loss({.distance = 3, .angle = 5}) == doctest::Approx(3 * of_distances + 5 * of_angles));
  CHECK(loss({}) == doctest::Approx(written_out(student, teacher).item<double>()));
  CHECK(RelationalKD{.angle = 0}.view(student).angles.numel() == 0);
}

TEST_CASE("its gradient reaches the student's extractor; no head and no teacher") {
  torch::manual_seed(2);
  auto teacher = tiny_network({4, 6}), student = tiny_network({3, 5}, 2);  // other channels and other sides
  const afd_test::Notes notes;
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, RelationalKD>{}, notes.options(),
                           teacher, student};
  const afd::Batch batch = tiny_batch();
  const auto report = distiller.step(batch);
  REQUIRE(notes.feature.log->size() == 1);  // the teacher has no feature loss
  const Tensor ours = pooled(student->forward(batch.inputs).features);
  const Tensor theirs = pooled(teacher->forward(batch.inputs).features).detach();
  const Tensor loss = written_out(ours, theirs);
  CHECK(report.value("relational_kd", 0, 1) == doctest::Approx(loss.item<double>()));
  const auto expected = afd_test::reference_gradients(25 * loss, student->parameters());
  afd_test::check_close(notes.feature[0].gradients, expected);
  for (const auto& item : student->named_parameters()) {
    const bool is_head = item.key().starts_with("head");
    for (std::size_t i = 0; i < notes.feature[0].parameters.size(); ++i) {
      if (notes.feature[0].parameters[i].is_same(item.value())) {
        CHECK(notes.feature[0].gradients[i].defined() != is_head);
      }
    }
  }
  for (const Tensor& parameter : teacher->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("it is averaged over a student's edges, and a network's relations serve all of them") {
  torch::manual_seed(3);
  auto a = tiny_network(), b = tiny_network({4, 6}), c = tiny_network({2, 7});
  const afd_test::Notes notes;
  afd::Distiller distiller{
      afd::topology::AllPairs<3>{}, afd::Strategy<RelationalKD>{RelationalKD{.weight = 1}}, notes.options(), a, b, c};
  const afd::Batch batch = tiny_batch();
  distiller.step(batch);
  const auto seen = [&](auto& network) { return pooled(network->forward(batch.inputs).features); };
  const Tensor loss = (written_out(seen(a), seen(b).detach()) + written_out(seen(a), seen(c).detach())) / 2;
  afd_test::check_close(notes.feature[0].gradients, afd_test::reference_gradients(loss, a->parameters()));
}

TEST_CASE("a frozen teacher is imitated") {
  torch::manual_seed(4);
  auto teacher = tiny_network({4, 6}), student = tiny_network();
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<RelationalKD>{},
                           afd::DistillerOptions{.feature = afd::AdamW{.lr = 1e-2}}, afd::frozen(teacher), student};
  const afd::Batch batch = tiny_batch(8);
  const double first = distiller.step(batch).value("relational_kd", 0, 1);
  for (int i = 0; i < 60; ++i) distiller.step(batch);
  CHECK(distiller.step(batch).value("relational_kd", 0, 1) < 0.5 * first);
}

TEST_CASE("a batch of too few samples is refused with its place, at the first batch and later, and changes nothing") {
  torch::manual_seed(5);
  afd_test::Probe a, b;
  const auto make = [&](const RelationalKD& term) {
    return afd::Distiller{afd::topology::OneWay{}, afd::Strategy{afd::CrossEntropy{}, term}, a, b};
  };
  auto with_angles = make({}), without = make({.angle = 0});
  CHECK_THROWS_WITH_AS(with_angles.step(tiny_batch(2)),
                       doctest::Contains("network 0, term relational_kd: relations of samples: angles need 3"),
                       afd::ShapeError);
  CHECK_FALSE(with_angles.is_built());
  CHECK_NOTHROW(without.step(tiny_batch(2)));
  CHECK_NOTHROW(with_angles.step(tiny_batch(3)));
  const auto state_a = afd_test::state_of(*a), state_b = afd_test::state_of(*b);
  CHECK_THROWS_WITH_AS(with_angles.step(tiny_batch(2)), doctest::Contains("min_batch = 3"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(without.step(tiny_batch(1)), doctest::Contains("distances need 2"), afd::ShapeError);
  CHECK(afd_test::same_state(*a, state_a));
  CHECK(afd_test::same_state(*b, state_b));
}

TEST_CASE("a batch with a sample twice trains") {
  torch::manual_seed(6);
  auto a = tiny_network(), b = tiny_network({4, 6});
  afd::Distiller distiller{afd::topology::OneWay{}, afd::Strategy<afd::CrossEntropy, RelationalKD>{}, a, b};
  afd::Batch batch = tiny_batch(5);
  batch.inputs[4].copy_(batch.inputs[0]);
  for (int i = 0; i < 3; ++i) CHECK(std::isfinite(distiller.step(batch).value("relational_kd", 0, 1)));
  batch.inputs.copy_(batch.inputs.slice(0, 0, 1).expand_as(batch.inputs).clone());  // one sample, five times
  CHECK(std::isfinite(distiller.step(batch).value("relational_kd", 0, 1)));
}

TEST_CASE("factors that cannot be are refused before anything is trained") {
  const Tensor features = torch::randn({4, 3});
  const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
  for (const RelationalKD& wrong :
       {RelationalKD{.distance = -1}, RelationalKD{.angle = -1}, RelationalKD{.distance = 0, .angle = 0},
        RelationalKD{.distance = nan}, RelationalKD{.angle = nan}, RelationalKD{.angle = infinite}}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(wrong.view(features)), doctest::Contains("factors of distances and angles"),
                         afd::ConfigError);
  }
  CHECK_THROWS_AS(static_cast<void>(RelationalKD{}.view(torch::zeros({4}))), afd::ShapeError);
}

TEST_SUITE_END();
