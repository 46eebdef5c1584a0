// SPDX-License-Identifier: MIT
#include <afd/loss/relations.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "support/finite_difference.hpp"

#include "support/doctest.hpp"

TEST_SUITE_BEGIN("loss");

namespace {

using doctest::Approx;
using torch::Tensor;
using Rows = std::vector<std::vector<double>>;

Rows rows_of(const Tensor& embeddings) {
  Rows rows;
  for (std::int64_t i = 0; i < embeddings.size(0); ++i) {
    const Tensor row = embeddings[i].contiguous();
    rows.emplace_back(row.data_ptr<double>(), row.data_ptr<double>() + row.numel());
  }
  return rows;
}

double length(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return std::sqrt(sum);
}

/// The cosine at `at`.
double cosine(const std::vector<double>& a, const std::vector<double>& at, const std::vector<double>& b) {
  double product = 0;
  for (std::size_t c = 0; c < at.size(); ++c) product += (a[c] - at[c]) * (b[c] - at[c]);
  return product / (length(a, at) * length(b, at));
}

double huber(double x) {
  return std::abs(x) <= 1 ? x * x / 2 : std::abs(x) - 0.5;
}

double mean_length(const Rows& rows) {
  double sum = 0;
  int pairs = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < i; ++j, ++pairs) sum += length(rows[i], rows[j]);
  return sum / pairs;
}

double expected_distance(const Rows& student, const Rows& teacher) {
  const double s = mean_length(student), t = mean_length(teacher);
  double sum = 0;
  int pairs = 0;
  for (std::size_t i = 0; i < student.size(); ++i)
    for (std::size_t j = 0; j < i; ++j, ++pairs) {
      sum += huber(length(student[i], student[j]) / s - length(teacher[i], teacher[j]) / t);
    }
  return sum / pairs;
}

double expected_angle(const Rows& student, const Rows& teacher) {
  double sum = 0;
  int triples = 0;
  for (std::size_t i = 0; i < student.size(); ++i)
    for (std::size_t j = 0; j < student.size(); ++j)
      for (std::size_t k = 0; k < i; ++k) {
        if (j == i || j == k) continue;
        sum += huber(cosine(student[i], student[j], student[k]) - cosine(teacher[i], teacher[j], teacher[k]));
        ++triples;
      }
  return sum / triples;
}

double distance(const Tensor& student, const Tensor& teacher) {
  return afd::loss::relational_distance(afd::loss::relations(student), afd::loss::relations(teacher)).item<double>();
}
double angle(const Tensor& student, const Tensor& teacher) {
  return afd::loss::relational_angle(afd::loss::relations(student), afd::loss::relations(teacher)).item<double>();
}

}  // namespace

TEST_CASE("both parts are means over distinct samples, for any two numbers of channels") {
  torch::manual_seed(0);
  const Tensor student = torch::randn({6, 3}, torch::kDouble), teacher = torch::randn({6, 7}, torch::kDouble) * 5;
  CHECK(distance(student, teacher) == Approx(expected_distance(rows_of(student), rows_of(teacher))).epsilon(1e-12));
  CHECK(angle(student, teacher) == Approx(expected_angle(rows_of(student), rows_of(teacher))).epsilon(1e-12));
}

TEST_CASE("a difference beyond 1 costs as much as it is, less a half") {
  // Four samples, two of which lie far off: their distance is many means of the others.
  const Tensor even = torch::tensor({{0.0}, {1.0}, {2.0}, {3.0}}, torch::kDouble);
  const Tensor far = torch::tensor({{0.0}, {0.001}, {0.002}, {9.0}}, torch::kDouble);
  bool beyond = false;
  const Rows a = rows_of(even), b = rows_of(far);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      beyond = beyond || std::abs(length(a[i], a[j]) / mean_length(a) - length(b[i], b[j]) / mean_length(b)) > 1;
    }
  CHECK(beyond);
  CHECK(distance(even, far) == Approx(expected_distance(a, b)).epsilon(1e-12));
}

TEST_CASE("a triangle's relations are its sides over their mean, and its angles") {
  const Tensor triangle = torch::tensor({{0.0, 0.0}, {3.0, 0.0}, {0.0, 4.0}}, torch::kDouble);  // sides 3, 4, 5
  const afd::Relations relations = afd::loss::relations(triangle);
  const Tensor sides = torch::tensor({{0.0, 0.75, 1.0}, {0.75, 0.0, 1.25}, {1.0, 1.25, 0.0}}, torch::kDouble);
  CHECK(torch::allclose(relations.distances, sides));
  Tensor angles = torch::zeros({3, 3, 3}, torch::kDouble);
  angles[1][0][2] = 0.6;
  angles[1][2][0] = 0.6;
  angles[2][0][1] = 0.8;
  angles[2][1][0] = 0.8;
  CHECK(torch::allclose(relations.angles, angles, 1e-12, 1e-12));  // the right one at sample 0 has cosine 0
  CHECK(afd::loss::relations(triangle, /*with_angles=*/false).angles.numel() == 0);
}

TEST_CASE("scale, shift and rotation do not matter") {
  torch::manual_seed(1);
  const Tensor embeddings = torch::randn({5, 2}, torch::kDouble);
  const Tensor turned = torch::stack({embeddings.select(1, 1), -embeddings.select(1, 0)}, 1) * 7 + 100;
  CHECK(distance(embeddings, turned) < 1e-20);
  CHECK(angle(embeddings, turned) < 1e-20);
}

TEST_CASE("gradients of relations match finite differences and reach both sides") {
  torch::manual_seed(2);
  const auto loss = [](const std::vector<Tensor>& e) {
    const afd::Relations student = afd::loss::relations(e[0]), teacher = afd::loss::relations(e[1]);
    return afd::loss::relational_distance(student, teacher) + 2 * afd::loss::relational_angle(student, teacher);
  };
  CHECK(afd_test::max_gradient_error(
            loss, {torch::randn({5, 3}, torch::kDouble), torch::randn({5, 4}, torch::kDouble)}) < 1e-7);
}

TEST_CASE("samples that coincide have no direction, and gradients stay finite") {
  torch::manual_seed(3);
  const Tensor teacher = torch::randn({5, 4}, torch::kDouble);
  const afd::Relations theirs = afd::loss::relations(teacher);
  Tensor student = torch::randn({5, 3}, torch::kDouble);
  student[3] = student[1];
  const afd::Relations ours = afd::loss::relations(student);
  CHECK(ours.distances[1][3].item<double>() == 0);
  CHECK(ours.angles[1][3].abs().max().item<double>() == 0);
  CHECK(ours.angles[3].select(1, 1).abs().max().item<double>() == 0);
  CHECK(ours.angles[0][1][3].item<double>() == Approx(1.0));

  // Distances have a kink there, whose two slopes have the mean 0 that autograd gives.
  const auto of_distances = [&](const std::vector<Tensor>& e) {
    return afd::loss::relational_distance(afd::loss::relations(e[0], false), theirs);
  };
  CHECK(afd_test::max_gradient_error(of_distances, {student.clone()}) < 1e-7);

  const auto finite = [&](const Tensor& embeddings) {
    const Tensor leaf = embeddings.clone().requires_grad_();
    const afd::Relations relations = afd::loss::relations(leaf);
    const Tensor loss =
        afd::loss::relational_distance(relations, theirs) + afd::loss::relational_angle(relations, theirs);
    return loss.isfinite().item<bool>() && torch::autograd::grad({loss}, {leaf})[0].isfinite().all().item<bool>();
  };
  CHECK(finite(student));
  CHECK(finite(torch::ones({5, 3}, torch::kDouble)));  // all in one point
  CHECK(finite(student * 1e-149));                     // lengths near the least that are not 0
  CHECK(finite(student * 1e-160));                     // whose squares hardly are numbers
}

TEST_CASE("close samples far from the origin keep their distances in single precision") {
  const Tensor offsets = torch::tensor({{0.0, 0.0}, {3.0, 0.0}, {0.0, 4.0}}, torch::kFloat32) / 64;
  const afd::Relations relations = afd::loss::relations(offsets + 1024), near = afd::loss::relations(offsets);
  CHECK(torch::allclose(relations.distances, near.distances));
  CHECK(torch::allclose(relations.angles, near.angles));
}

TEST_CASE("a sample that is not finite is seen in the loss") {
  Tensor student = torch::randn({4, 2}, torch::kDouble);
  student[2][1] = std::nan("");
  const Tensor teacher = torch::randn({4, 2}, torch::kDouble);
  CHECK(std::isnan(distance(student, teacher)));
  CHECK(std::isnan(angle(student, teacher)));
}

TEST_CASE("too few samples, other ranks and other batches are refused in words") {
  const auto relations = [](torch::IntArrayRef sizes, bool with_angles) {
    return afd::loss::relations(torch::zeros(sizes), with_angles);
  };
  CHECK_THROWS_WITH_AS(static_cast<void>(relations({1, 3}, false)),
                       doctest::Contains("distances need 2 samples in a batch, but it has 1"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(relations({2, 3}, true)), doctest::Contains("min_batch = 3"), afd::ShapeError);
  CHECK_NOTHROW(static_cast<void>(relations({2, 3}, false)));
  CHECK_THROWS_WITH_AS(static_cast<void>(relations({4, 3, 2}, true)), doctest::Contains("[N, C]"), afd::ShapeError);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::relations(Tensor())), doctest::Contains("undefined"),
                       afd::ShapeError);
  const afd::Relations of_three = relations({3, 2}, false), of_four = relations({4, 2}, false);
  CHECK_THROWS_WITH_AS(static_cast<void>(afd::loss::relational_distance(of_three, of_four)),
                       doctest::Contains("the same samples"), afd::ShapeError);
  CHECK_THROWS_AS(static_cast<void>(afd::loss::relational_angle(of_three, of_three)), afd::DataError);
}

TEST_SUITE_END();
